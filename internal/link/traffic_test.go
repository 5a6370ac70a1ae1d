package link

import (
	"testing"
	"time"

	"mybridge/test/kernel"
)

// TestTraffic wants what a container sends and receives told as its own, and nobody
// else's link.
func TestTraffic(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	veth := testVeth()
	must(t, m.EnsureVeth(t.Context(), veth))
	kernel.Run(t, "ip", "link", "add", "foreign", "type", "veth", "peer", "name", "foreign1")
	container := kernel.NewMachine(t, "container")
	kernel.Run(t, "ip", "link", "set", string(veth.Peer), "netns", container.Pid())
	container.Configure(t, "address add 192.0.2.2/24 dev "+string(veth.Peer), "link set "+string(veth.Peer)+" up")
	container.Run(t, "bash", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do head -c 1000 /dev/zero > /dev/udp/192.0.2.1/9 || true; done")
	var got Traffic
	// A port that has just come up may lose the first question for an address.
	for began := time.Now(); got.Sent.Packets < 10 && time.Since(began) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		all, err := m.Traffic(t.Context())
		must(t, err)
		if len(all) != 1 {
			t.Fatalf("got the traffic of %d links, want that of one: %+v", len(all), all)
		}
		got = all[0]
	}
	if got.Network != veth.Network || got.Endpoint != veth.Endpoint {
		t.Errorf("got %+v, want it of endpoint %s of network %s", got, veth.Endpoint, veth.Network)
	}
	// What is received is ARP and at most a complaint that the port is closed.
	if got.Sent.Packets < 10 || got.Sent.Bytes < 10000 || got.Received.Packets == 0 || got.Received.Bytes > got.Sent.Bytes*9/10 {
		t.Errorf("got %+v, want some 10 packets of 1,000 bytes sent", got)
	}
}
