package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"mybridge/driver"
)

var (
	networksDesc  = describe("networks", "Networks, by how far their making or unmaking is.", "phase")
	endpointsDesc = describe("endpoints", "Endpoints, by how far their making or unmaking is.", "phase")
	backlogDesc   = describe("deletions_unfinished", "Deletions that were answered and whose links are not gone yet.")
)

// networksCollector counts what the driver has.
type networksCollector struct{ networks Networks }

// Describe tells which metrics these are.
func (c networksCollector) Describe(to chan<- *prometheus.Desc) {
	to <- networksDesc
	to <- endpointsDesc
	to <- backlogDesc
}

// Collect asks for the numbers.
func (c networksCollector) Collect(to chan<- prometheus.Metric) {
	to <- gauge(backlogDesc, float64(c.networks.Backlog()))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	records, endpointRecords, err := c.networks.Records(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(networksDesc, err)
		return
	}
	phases := []driver.Phase{driver.Creating, driver.Ready, driver.Deleting}
	networks, endpoints := map[driver.Phase]int{}, map[driver.Phase]int{}
	for _, n := range records {
		networks[n.Phase]++
	}
	for _, e := range endpointRecords {
		endpoints[e.Phase]++
	}
	for _, phase := range phases {
		to <- gauge(networksDesc, float64(networks[phase]), string(phase))
		to <- gauge(endpointsDesc, float64(endpoints[phase]), string(phase))
	}
}
