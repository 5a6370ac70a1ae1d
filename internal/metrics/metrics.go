// Package metrics tells of the plugin in the form that Prometheus reads. It asks the
// parts for their numbers when it is asked itself, and only counts calls as they
// happen. It is the only package that knows the Prometheus library, and it touches
// nothing.
package metrics

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/ipam"
)

// Where a handler answers.
const (
	// Path is where the metrics are.
	Path = "/metrics"
	// HealthPath answers 200 for as long as the plugin answers calls.
	HealthPath = "/healthz"
)

// patience is how long a part may take to tell its numbers: a network tells nothing
// while a call is at work on it.
const patience = 5 * time.Second

// Networks is the driver's part.
type Networks interface {
	Records(ctx context.Context) ([]driver.Network, []driver.Endpoint, error)
	// Backlog is how many deletions are not finished yet.
	Backlog() int
}

// Links is the kernel's part.
type Links interface {
	Traffic(ctx context.Context) ([]link.Traffic, error)
}

// Rules is the packet filter's part.
type Rules interface {
	Transactions() firewall.Transactions
}

// Ports is the part of the held host ports.
type Ports interface {
	Count() map[hostport.Protocol]int
}

// Addresses is the address manager's part.
type Addresses interface {
	Pools() []ipam.PoolView
}

// Repairs is the repairer's part.
type Repairs interface {
	// Counts is how many findings were mended since the start, by health's parts.
	Counts() map[string]int
}

// Parts are asked for their numbers at each request.
type Parts struct {
	Version   string
	Networks  Networks
	Links     Links
	Rules     Rules
	Ports     Ports
	Addresses Addresses
	Repairs   Repairs
}

// NewHandler returns a handler that tells the calls' numbers and those of the parts. A
// part that fails is logged and left out.
func NewHandler(parts Parts, calls *Calls, log logrus.FieldLogger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		calls.count, calls.duration,
		version(parts.Version),
		rulesCollector{parts.Rules},
		portsCollector{parts.Ports},
		repairsCollector{parts.Repairs},
		networksCollector{parts.Networks},
		addressesCollector{parts.Addresses},
		trafficCollector{parts.Links},
	)
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:      errorLog{log},
		ErrorHandling: promhttp.ContinueOnError,
		// More at a time cost memory and tell nothing new.
		MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET "+HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // who hung up is told nothing more
	})
	return mux
}

// errorLog is what the library complains to.
type errorLog struct{ logrus.FieldLogger }

// Println logs what could not be told.
func (l errorLog) Println(complaint ...any) {
	l.WithField("complaint", strings.TrimSpace(fmt.Sprintln(complaint...))).Warn("some metrics could not be told")
}

// describe returns the description of a metric of the plugin's own.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("mybridge_"+name, help, labels, nil)
}

// gauge is a number that goes up and down.
func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// counter is a number that only goes up.
func counter(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, labels...)
}

// version is a metric whose label says which version runs.
func version(version string) prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "mybridge_build_info",
		Help:        "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	return info
}
