package orphan

import (
	"fmt"
	"net/netip"
	"time"

	"mybridge/driver"
	"mybridge/internal/health"
	"mybridge/ipam"
)

// subject is what a suspect is about: a network; an endpoint of it; a pool; or a
// lease in it. What was given again meanwhile is another subject.
type subject struct {
	network  driver.NetworkID
	endpoint driver.EndpointID
	pool     ipam.PoolID
	address  netip.Addr
	since    time.Time
}

// suspect is something of ours that the engine does not know.
type suspect struct {
	subject
	// text is the subject as a person finds it.
	text string
	// doubt says why it may be in use all the same, empty where it is an orphan.
	doubt string
	// subnets are the pools that go with the network; addresses are the leases
	// that go with the endpoint, by their pools.
	subnets   []netip.Prefix
	addresses map[netip.Addr]netip.Prefix
}

func newNetwork(n driver.Network) suspect {
	s := suspect{subject: subject{network: n.ID}, text: fmt.Sprintf("network %s (bridge %s)", n.ID.Short(), n.Bridge)}
	for _, subnet := range []driver.Subnet{n.IPv4, n.IPv6} {
		if subnet.Managed {
			s.subnets = append(s.subnets, subnet.Pool)
		}
	}
	return s
}

func newEndpoint(n driver.Network, e driver.Endpoint) suspect {
	s := suspect{
		subject:   subject{network: n.ID, endpoint: e.ID},
		text:      fmt.Sprintf("endpoint %s of network %s", e.ID.Short(), n.ID.Short()),
		addresses: map[netip.Addr]netip.Prefix{},
	}
	for _, subnet := range []driver.Subnet{n.IPv4, n.IPv6} {
		for _, address := range []netip.Prefix{e.IPv4, e.IPv6} {
			if subnet.Managed && subnet.Pool.Contains(address.Addr()) {
				s.addresses[address.Addr()] = subnet.Pool
			}
		}
	}
	return s
}

func newUnused(u ipam.Unused) suspect {
	s := suspect{subject: subject{pool: u.Pool, address: u.Address, since: u.Since.Round(0)}}
	switch {
	case !u.Address.IsValid():
		s.text = fmt.Sprintf("pool %s", u.Subnet)
	case u.Name != "":
		s.text = fmt.Sprintf("address %s of pool %s (%s)", u.Address, u.Subnet, u.Name)
	default:
		s.text = fmt.Sprintf("address %s of pool %s", u.Address, u.Subnet)
	}
	return s
}

// isYoung reports whether it was given so shortly ago that a creation may be under
// way. Networks and endpoints do not tell.
func (s suspect) isYoung(now time.Time) bool {
	return !s.since.IsZero() && now.Sub(s.since) < grace
}

// finding puts a suspect into words, and says when the plugin removes it by itself.
func (s suspect) finding(when string) health.Finding {
	f := health.Finding{Part: health.Engine, Subject: s.text, Problem: "is not known to the engine"}
	switch {
	case s.endpoint != "":
		f.Meaning = "its container was removed while the plugin was down: its address and its ports are given to nobody"
		f.Fix = "remove its link and its rules, and release its address"
	case s.network != "":
		f.Meaning = "it was removed while the plugin was down: no other network gets its subnets"
		f.Fix = "remove its bridge and its rules, and release its subnets"
	case s.address.IsValid():
		f.Part, f.Problem = health.Addresses, "is leased, and neither an endpoint nor the engine has it"
		f.Meaning = "it was released while the plugin was down: it is given to nobody"
		f.Fix = "release it"
	default:
		f.Part, f.Problem = health.Addresses, "is not that of any network"
		f.Meaning = "its network was removed while the plugin was down: no other network gets it"
		f.Fix = "release it"
	}
	if s.doubt != "" {
		f.Meaning, f.Fix = "it is left as it is: "+s.doubt, ""
		return f
	}
	f.Fix += when
	return f
}
