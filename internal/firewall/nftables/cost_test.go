package nftables

import (
	"fmt"
	"net/netip"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// TestCostOfEndpointIsFlat guards what an endpoint costs before the kernel is told: as
// much in a network of a thousand as in one of ten, and no more than today. Allocations
// are counted, as times are not the same twice.
func TestCostOfEndpointIsFlat(t *testing.T) {
	few, many := allocationsOfEndpoint(10), allocationsOfEndpoint(1000)
	t.Logf("allocations of an endpoint with 20 ports: %.0f beside 10, %.0f beside 1,000", few, many)
	if many > 1.05*few {
		t.Errorf("an endpoint allocates %.0f times beside 10 others, %.0f times beside 1,000", few, many)
	}
	const most = 150
	if few > most {
		t.Errorf("an endpoint with 20 ports allocates %.0f times, once it was less than %d", few, most)
	}
}

func allocationsOfEndpoint(beside int) float64 {
	m := newMemory()
	n := newNetwork(plain, nil)
	m.replace(nil, n)
	for i := range beside {
		e := costly(i)
		m.setEndpoint(n, e.ID, &endpoint{e, endpointElements(n.Network, e)})
	}
	e := costly(beside)
	return testing.AllocsPerRun(100, func() {
		m.setEndpoint(n, e.ID, &endpoint{e, endpointElements(n.Network, e)})
		m.setEndpoint(n, e.ID, nil)
	})
}

// costly is an endpoint with 20 published ports.
func costly(number int) firewall.Endpoint {
	address := netip.AddrFrom4([4]byte{192, 0, byte(number / 250), byte(2 + number%250)})
	e := firewall.Endpoint{
		ID: fmt.Sprint("endpoint", number), Link: link.Name(fmt.Sprint("mbv", number)),
		MAC: link.MAC{2, 0, 0, 0, byte(number / 256), byte(number)}, Addresses: []netip.Addr{address},
	}
	for i := range 20 {
		e.Ports = append(e.Ports, hostport.Mapping{
			Protocol:  hostport.TCP,
			Host:      netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(20*number+i)),
			Container: netip.AddrPortFrom(address, uint16(1000+i)),
		})
	}
	return e
}
