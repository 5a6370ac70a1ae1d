package metrics

import "github.com/prometheus/client_golang/prometheus"

var (
	poolsDesc         = describe("pools", "Address pools, by whether they give addresses that are not asked for by name; one in doubt does not.", "state")
	poolAddressesDesc = describe("pool_addresses", "Addresses of a pool, by state; free ones are counted up to 2^53.", "pool", "state")
)

// addressesCollector counts pools and their addresses.
type addressesCollector struct{ addresses Addresses }

// Describe tells which metrics these are.
func (c addressesCollector) Describe(to chan<- *prometheus.Desc) {
	to <- poolsDesc
	to <- poolAddressesDesc
}

// Collect asks for the numbers. Subnets of reservations that lie in no pool are left
// out.
func (c addressesCollector) Collect(to chan<- prometheus.Metric) {
	open, doubtful := 0, 0
	for _, pool := range c.addresses.Pools() {
		if pool.ID == "" {
			continue
		}
		if pool.Doubt == "" {
			open++
		} else {
			doubtful++
		}
		// A subnet is in several pools where address spaces differ.
		name := string(pool.ID)
		to <- gauge(poolAddressesDesc, float64(pool.Used), name, "used")
		to <- gauge(poolAddressesDesc, float64(pool.Free), name, "free")
		to <- gauge(poolAddressesDesc, float64(pool.Resting), name, "resting")
		to <- gauge(poolAddressesDesc, float64(pool.Reserved), name, "reserved")
	}
	to <- gauge(poolsDesc, float64(open), "open")
	to <- gauge(poolsDesc, float64(doubtful), "doubtful")
}
