package metrics

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"

	"mybridge/internal/health"
	"mybridge/internal/hostport"
)

var (
	rulesDesc   = describe("rule_transactions_total", "Changes of the rules: transactions of nf_tables and runs of iptables-restore.", "result")
	portsDesc   = describe("ports_held", "Host ports that are held for containers.", "protocol")
	repairsDesc = describe("repairs_total", "Things that somebody else broke, and that were repaired.", "part")
)

// rulesCollector counts the changes of the rules.
type rulesCollector struct{ rules Rules }

// Describe tells which metric this is.
func (c rulesCollector) Describe(to chan<- *prometheus.Desc) { to <- rulesDesc }

// Collect asks for the numbers.
func (c rulesCollector) Collect(to chan<- prometheus.Metric) {
	transactions := c.rules.Transactions()
	to <- counter(rulesDesc, float64(transactions.Done), resultOK)
	to <- counter(rulesDesc, float64(transactions.Failed), resultError)
}

// portsCollector counts held ports.
type portsCollector struct{ ports Ports }

// Describe tells which metric this is.
func (c portsCollector) Describe(to chan<- *prometheus.Desc) { to <- portsDesc }

// Collect asks for the numbers.
func (c portsCollector) Collect(to chan<- prometheus.Metric) {
	count := c.ports.Count()
	for _, protocol := range hostport.Protocols() {
		to <- gauge(portsDesc, float64(count[protocol]), protocol.String())
	}
}

// repairsCollector counts repairs.
type repairsCollector struct{ repairs Repairs }

// Describe tells which metric this is.
func (c repairsCollector) Describe(to chan<- *prometheus.Desc) { to <- repairsDesc }

// Collect asks for the numbers. What is never broken is told as 0: a counter that begins
// at 1 is no increase to Prometheus.
func (c repairsCollector) Collect(to chan<- prometheus.Metric) {
	counts := map[string]int{health.Links: 0, health.Rules: 0, health.Ports: 0, health.Host: 0}
	maps.Copy(counts, c.repairs.Counts())
	for part, count := range counts {
		to <- counter(repairsDesc, float64(count), part)
	}
}
