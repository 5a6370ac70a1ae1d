package link

import "context"

// Traffic is what passed an endpoint's link since it was made, as its container sees
// it.
type Traffic struct {
	// Network and Endpoint are the engine's IDs.
	Network, Endpoint string
	// Received went to the container, Sent came from it.
	Received, Sent Volume
}

// Volume is one direction's. Dropped packets are among neither Bytes nor Packets.
type Volume struct {
	Bytes, Packets, Dropped uint64
}

// Traffic returns that of all links of this instance's endpoints, in any order.
func (m *Manager) Traffic(_ context.Context) ([]Traffic, error) {
	links, err := m.listLinks(withStatistics, isVeth)
	if err != nil {
		return nil, err
	}
	var all []Traffic
	for _, l := range links {
		attributes := l.Attrs()
		veth, ours := m.parseVethAlias(attributes.Alias)
		statistics := attributes.Statistics
		if !ours || statistics == nil {
			continue
		}
		// The link is the bridge's end: what it sends, the container receives.
		all = append(all, Traffic{
			Network:  veth.Network,
			Endpoint: veth.Endpoint,
			Received: Volume{Bytes: statistics.TxBytes, Packets: statistics.TxPackets, Dropped: statistics.TxDropped},
			Sent:     Volume{Bytes: statistics.RxBytes, Packets: statistics.RxPackets, Dropped: statistics.RxDropped},
		})
	}
	return all, nil
}
