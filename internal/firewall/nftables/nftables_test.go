package nftables

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// foreignTable is somebody else's table, with names like ours in it.
const foreignTable = `table inet others {
	set networks { type ifname; elements = { "eth9" }; }
	chain forward { type filter hook forward priority 0; iifname @networks counter; }
}`

// TestTwiceIsOnce wants each call a second time to touch nothing, and each removal
// to leave what was there before.
func TestTwiceIsOnce(t *testing.T) {
	kernel.Namespace(t)
	kernel.Run(t, "nft", foreignTable)
	f := openFirewall(t)
	setNetwork := func(n firewall.Network) func() error { return func() error { return f.SetNetwork(t.Context(), n) } }
	removeNetwork := func(n firewall.Network) func() error {
		return func() error { return f.RemoveNetwork(t.Context(), n.ID) }
	}
	setEngine := func(bridges ...link.Name) func() error {
		return func() error { return f.SetEngineBridges(t.Context(), bridges) }
	}
	steps := []struct {
		name    string
		do, end func() error
		before  string
	}{
		{name: "closed", do: setNetwork(closed), end: removeNetwork(closed)},
		{name: "special", do: setNetwork(special), end: removeNetwork(special)},
		{name: "bare", do: setNetwork(bare), end: removeNetwork(bare)},
		{name: "plain", do: setNetwork(plain), end: removeNetwork(plain)},
		{
			name: "web", do: func() error { return f.SetEndpoint(t.Context(), plain.ID, web) },
			end: func() error { return f.RemoveEndpoint(t.Context(), plain.ID, web.ID) },
		},
		{name: "engine", do: setEngine("docker0"), end: setEngine()},
	}
	for i, step := range steps {
		steps[i].before = listed(t)
		must(t, step.do())
		once := listed(t)
		if once == steps[i].before {
			t.Errorf("setting %s changed nothing", step.name)
		}
		must(t, step.do())
		wantEqual(t, "setting "+step.name+" twice:", listed(t), once)
	}
	for _, step := range slices.Backward(steps) {
		for range 2 {
			must(t, step.end())
			must(t, f.Sweep(t.Context())) // of which nothing is to be seen but at the end
			wantEqual(t, "without "+step.name, listed(t), step.before)
		}
	}
}

// TestSteps wants rules that came one by one to be those of a restore.
func TestSteps(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.SetEngineBridges(t.Context(), whole.EngineBridges))
	other := plain
	other.Masquerade, other.Antispoof, other.Bridge = false, false, "mb-other"
	must(t, f.SetNetwork(t.Context(), other))
	must(t, f.SetEndpoint(t.Context(), plain.ID, web))
	moved := mail
	moved.Link, moved.Ports = "mbv-moved", nil
	must(t, f.SetEndpoint(t.Context(), plain.ID, moved))
	must(t, f.SetNetwork(t.Context(), plain))
	must(t, f.SetEndpoint(t.Context(), plain.ID, mail))
	for _, n := range []firewall.Network{special, closed, bare} {
		must(t, f.SetNetwork(t.Context(), n))
	}
	got := ruleset(t)
	must(t, f.Restore(t.Context(), whole))
	wantEqual(t, "step by step", got, ruleset(t))
}

// TestPorts wants a change of one endpoint's ports to leave the other's alone.
func TestPorts(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.SetNetwork(t.Context(), plain))
	must(t, f.SetEndpoint(t.Context(), plain.ID, mail))
	must(t, f.SetEndpoint(t.Context(), plain.ID, web))
	changed := web
	changed.Ports = []hostport.Mapping{
		mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:81"), // the same host port, to another
		mapping(hostport.SCTP, "0.0.0.0:99", "192.0.2.2:99"),
	}
	must(t, f.SetEndpoint(t.Context(), plain.ID, changed))
	all := ruleset(t)
	for _, want := range []string{"tcp . 2525 : 192.0.2.3 . 25", "tcp . 8080 : 192.0.2.2 . 81", "sctp . 99 : 192.0.2.2 . 99", "192.0.2.2 . sctp . 99", "192.0.2.3 . tcp . 25"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	for _, gone := range []string{"2001:db8:1::2 . 80", "192.0.2.2 . 80", "udp . 5353"} {
		if strings.Contains(all, gone) {
			t.Errorf("%q is still in\n%s", gone, all)
		}
	}
}

// TestSharedElements wants what two networks have to stay until both are gone.
func TestSharedElements(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	twin := closed
	twin.ID, twin.Bridge, twin.BridgeMAC, twin.Subnets = "eeeeeeeeeeee", "mb-twin", plain.BridgeMAC, nil
	must(t, f.SetNetwork(t.Context(), plain))
	must(t, f.SetNetwork(t.Context(), twin))
	must(t, f.RemoveNetwork(t.Context(), plain.ID))
	if held := setOf(t, "bridge", "held_mac"); !strings.Contains(held, plain.BridgeMAC.String()) {
		t.Errorf("the other network's MAC address is gone: %s", held)
	}
	must(t, f.SetNetwork(t.Context(), bare))
	must(t, f.RemoveNetwork(t.Context(), twin.ID))
	if left := ruleset(t); strings.Contains(left, plain.BridgeMAC.String()) {
		t.Errorf("nobody has the MAC address any more, yet there is\n%s", left)
	}
}

func TestUnknownNetwork(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	if err := f.SetEndpoint(t.Context(), plain.ID, web); err == nil || !strings.Contains(err.Error(), "aaaaaaaaaaaa has no rules") {
		t.Errorf("an endpoint of a network that was never set: %v", err)
	}
	must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
	must(t, f.RemoveNetwork(t.Context(), plain.ID))
	wantEqual(t, "without a network", ruleset(t), "")
}

func TestInstancesKeepApart(t *testing.T) {
	kernel.Namespace(t)
	first, second := openFirewall(t), openAs(t, "second", Options{})
	must(t, first.SetNetwork(t.Context(), plain))
	one := ruleset(t)
	must(t, second.SetNetwork(t.Context(), special))
	both := ruleset(t)
	if !strings.Contains(both, "table inet mybridge-second {") {
		t.Errorf("the second instance has no table in\n%s", both)
	}
	must(t, first.RemoveNetwork(t.Context(), plain.ID))
	must(t, first.SetNetwork(t.Context(), plain))
	must(t, second.Restore(t.Context(), firewall.State{}))
	wantEqual(t, "without the second instance", ruleset(t), one)
}

// TestAntispoofOnly wants no rules but against spoofing, and those that an earlier
// process left away.
func TestAntispoofOnly(t *testing.T) {
	kernel.Namespace(t)
	must(t, openFirewall(t).Restore(t.Context(), whole))
	bridgeTable := kernel.Run(t, "nft", "list", "table", "bridge", "mybridge")
	must(t, openAs(t, "mybridge", Options{AntispoofOnly: true}).Restore(t.Context(), whole))
	wantEqual(t, "with antispoof only", ruleset(t), bridgeTable)
}

// TestConcurrent wants calls at the same moment to be as good as one by one.
func TestConcurrent(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.SetNetwork(t.Context(), plain))
	var endpoints []firewall.Endpoint
	var group errgroup.Group
	for i := range uint16(20) {
		e := firewall.Endpoint{ID: fmt.Sprint(i), Link: link.Name(fmt.Sprint("mbv", i)), MAC: mail.MAC, Ports: []hostport.Mapping{
			mapping(hostport.TCP, fmt.Sprintf("0.0.0.0:%d", 9000+i), fmt.Sprintf("192.0.2.9:%d", 1+i)),
		}}
		endpoints = append(endpoints, e)
		group.Go(func() error { return f.SetEndpoint(t.Context(), plain.ID, e) })
	}
	must(t, group.Wait())
	got := ruleset(t)
	must(t, f.Restore(t.Context(), firewall.State{Networks: []firewall.NetworkState{{Network: plain, Endpoints: endpoints}}}))
	wantEqual(t, "set at the same moment", got, ruleset(t))
}

// TestManyAtOnce wants a restore of many networks and ports to be possible.
func TestManyAtOnce(t *testing.T) {
	kernel.Namespace(t)
	var state firewall.State
	for i := range 3000 {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		n := firewall.Network{
			ID: fmt.Sprintf("%012x", i), Bridge: link.Name(fmt.Sprintf("mb-%d", i)), BridgeMAC: link.MAC{2, 1, 0, 0, byte(i >> 8), byte(i)},
			Masquerade: true, Antispoof: true, Subnets: []firewall.Subnet{{Prefix: prefix, Gateway: prefix.Addr().Next(), Mode: firewall.NAT}},
		}
		state.Networks = append(state.Networks, firewall.NetworkState{Network: n})
		if i >= 1000 {
			continue
		}
		address := prefix.Addr().Next().Next()
		state.Networks[i].Endpoints = []firewall.Endpoint{{
			ID: "e", Link: link.Name(fmt.Sprintf("mbv%d", i)), MAC: link.MAC{2, 2, 0, 0, byte(i >> 8), byte(i)}, Addresses: []netip.Addr{address},
			Ports: []hostport.Mapping{{
				Protocol: hostport.TCP, Host: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(20000+i)), Container: netip.AddrPortFrom(address, 80),
			}},
		}}
	}
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), state))
	all := ruleset(t)
	for want, count := range map[string]int{" jump leaving-": 3000, "chain leaving-": 3000, " . 80": 2000} {
		if got := strings.Count(all, want); got != count {
			t.Errorf("%q is listed %d times, want %d", want, got, count)
		}
	}
	crowd := web
	crowd.Ports = nil
	for port := range uint16(1000) {
		crowd.Ports = append(crowd.Ports, mapping(hostport.UDP, fmt.Sprintf("0.0.0.0:%d", 3000+port), fmt.Sprintf("10.0.0.9:%d", 1+port)))
	}
	must(t, f.SetEndpoint(t.Context(), state.Networks[0].ID, crowd))
	if got := strings.Count(ruleset(t), ": 10.0.0.9 . "); got != 1000 {
		t.Errorf("%d of 1000 ports are listed", got)
	}
	must(t, f.Restore(t.Context(), firewall.State{}))
	wantEqual(t, "in the end", ruleset(t), "")
}
