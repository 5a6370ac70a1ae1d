package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"mybridge/driver"
	"mybridge/internal/link"
)

// trafficLabels are those of each endpoint's metrics.
var trafficLabels = []string{"network", "endpoint"}

// trafficMetrics are each endpoint's, as its container sees them.
var trafficMetrics = []struct {
	desc  *prometheus.Desc
	value func(link.Traffic) uint64
}{
	{
		describe("endpoint_receive_bytes_total", "Bytes that an endpoint's container received.", trafficLabels...),
		func(t link.Traffic) uint64 { return t.Received.Bytes },
	},
	{
		describe("endpoint_transmit_bytes_total", "Bytes that an endpoint's container sent.", trafficLabels...),
		func(t link.Traffic) uint64 { return t.Sent.Bytes },
	},
	{
		describe("endpoint_receive_drop_total", "Packets to an endpoint's container that its link dropped.", trafficLabels...),
		func(t link.Traffic) uint64 { return t.Received.Dropped },
	},
	{
		describe("endpoint_transmit_drop_total", "Packets from an endpoint's container that its link dropped.", trafficLabels...),
		func(t link.Traffic) uint64 { return t.Sent.Dropped },
	},
}

// trafficCollector tells what passed the links.
type trafficCollector struct{ links Links }

// Describe tells which metrics these are.
func (c trafficCollector) Describe(to chan<- *prometheus.Desc) {
	for _, metric := range trafficMetrics {
		to <- metric.desc
	}
}

// Collect asks the kernel once for all links.
func (c trafficCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all, err := c.links.Traffic(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(trafficMetrics[0].desc, err)
		return
	}
	for _, traffic := range all {
		network, endpoint := driver.NetworkID(traffic.Network).Short(), driver.EndpointID(traffic.Endpoint).Short()
		for _, metric := range trafficMetrics {
			to <- counter(metric.desc, float64(metric.value(traffic)), network, endpoint)
		}
	}
}
