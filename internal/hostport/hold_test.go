package hostport

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHeldPortIsTakenUntilReleased(t *testing.T) {
	for _, protocol := range []Protocol{TCP, UDP} {
		for _, host := range []netip.Addr{any4, any6, loopback4, loopback6} {
			t.Run(fmt.Sprint(protocol, host), func(t *testing.T) {
				h := open(t)
				at := hold(t, h, protocol, nowhere, host)
				wantTaken(t, protocol, at)
				h.Release("another")
				wantTaken(t, protocol, at)
				h.Release("owner")
				wantFree(t, protocol, at)
				h.Release("owner")
			})
		}
	}
}

func TestHeldPortConflictsWithEachAddressOfItsFamily(t *testing.T) {
	for _, protocol := range []Protocol{TCP, UDP} {
		h := open(t)
		port := hold(t, h, protocol, nowhere, loopback4).Port()
		wantTaken(t, protocol, netip.AddrPortFrom(any4, port))
		wantFree(t, protocol, netip.AddrPortFrom(loopback6, port))
		wantFree(t, protocol, netip.MustParseAddrPort(fmt.Sprintf("127.0.0.9:%d", port)))
	}
}

func TestMappingsFollowRequestsAndTargets(t *testing.T) {
	h := open(t)
	port := freePorts(t, 2)
	other := netip.MustParseAddrPort("[fd00::2]:53")
	mappings, err := h.Hold("owner", []Request{
		{Protocol: UDP, First: port + 1, Last: port + 1, Targets: []Target{{any6, other}, {any4, nowhere}}},
		{Protocol: TCP, First: port, Last: port, Targets: []Target{{netip.Addr{}, other}, {loopback4, nowhere}}},
	})
	must(t, err)
	want := []Mapping{
		{UDP, netip.AddrPortFrom(any6, port+1), other},
		{UDP, netip.AddrPortFrom(any4, port+1), nowhere},
		{TCP, netip.AddrPort{}, other},
		{TCP, netip.AddrPortFrom(loopback4, port), nowhere},
	}
	if fmt.Sprint(mappings) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", mappings, want)
	}
}

func TestHoldIsAllOrNothing(t *testing.T) {
	h := open(t)
	port := freePorts(t, 3)
	release, err := occupy(TCP, netip.AddrPortFrom(loopback6, port+1))
	must(t, err)
	defer release()
	earlier := hold(t, h, TCP, nowhere, any4)

	_, err = h.Hold("owner", []Request{
		request(UDP, nowhere, port, port, any4),
		request(TCP, nowhere, port+1, port+1, loopback4, loopback6),
	})
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	wantFree(t, UDP, netip.AddrPortFrom(any4, port))
	wantFree(t, TCP, netip.AddrPortFrom(loopback4, port+1))
	wantTaken(t, TCP, earlier)
}

func TestRangeGivesLowestPortFreeOnAllTargets(t *testing.T) {
	for _, protocol := range []Protocol{TCP, UDP} {
		h := open(t)
		port := freePorts(t, 4)
		release, err := occupy(protocol, netip.AddrPortFrom(loopback6, port+1))
		must(t, err)
		defer release()
		asked := []Request{request(protocol, nowhere, port, port+3, any4, any6)}
		for _, want := range []uint16{port, port + 2, port + 3} {
			mappings, err := h.Hold("owner", asked)
			must(t, err)
			for _, m := range mappings {
				if m.Host.Port() != want {
					t.Errorf("got %s, want port %d", m, want)
				}
			}
		}
		_, err = h.Hold("late", asked)
		want := fmt.Sprintf("no free port in %d-%d/%s on 0.0.0.0, [::]: port 0.0.0.0:%d/%s is in use by owner",
			port, port+3, protocol, port+3, protocol)
		if !errors.Is(err, ErrInUse) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestEphemeralPortIsTheSameOnAllTargets(t *testing.T) {
	h := open(t)
	for _, protocol := range Protocols() {
		mappings, err := h.Hold("owner", []Request{request(protocol, nowhere, 0, 0, any4, any6)})
		must(t, err)
		if len(mappings) != 2 || mappings[0].Host.Port() == 0 || mappings[0].Host.Port() != mappings[1].Host.Port() {
			t.Errorf("got %v, want one port twice", mappings)
		}
	}
}

func TestErrorSaysWhatIsInTheWay(t *testing.T) {
	h := open(t)
	port := freePorts(t, 2)
	release, err := occupy(TCP, netip.AddrPortFrom(any4, port))
	must(t, err)
	defer release()
	_, err = h.Hold("web", []Request{request(UDP, nowhere, port+1, port+1, any6)})
	must(t, err)

	tests := []struct {
		request Request
		text    string
		causes  []error
	}{
		{request(TCP, nowhere, port, port, any4), fmt.Sprintf("port 0.0.0.0:%d/tcp is in use: address already in use", port),
			[]error{ErrInUse, unix.EADDRINUSE}},
		{request(UDP, nowhere, port+1, port+1, loopback6), fmt.Sprintf("port [::1]:%d/udp is in use by web", port+1),
			[]error{ErrInUse}},
		{request(TCP, nowhere, port+1, port+1, netip.MustParseAddr("203.0.113.9")),
			"host address 203.0.113.9 is not an address of this host: cannot assign requested address", []error{unix.EADDRNOTAVAIL}},
		{request(UDP, nowhere, port, port+1, netip.MustParseAddr("2001:db8::9")),
			"host address 2001:db8::9 is not an address of this host: cannot assign requested address", []error{unix.EADDRNOTAVAIL}},
	}
	for _, test := range tests {
		_, err := h.Hold("owner", []Request{test.request})
		if err == nil || err.Error() != test.text {
			t.Errorf("got %v, want %s", err, test.text)
		}
		for _, cause := range test.causes {
			if !errors.Is(err, cause) {
				t.Errorf("%v is not %v", err, cause)
			}
		}
	}
}

func TestResumeHoldsWhatItCan(t *testing.T) {
	h := open(t)
	port := freePorts(t, 3)
	release, err := occupy(TCP, netip.AddrPortFrom(any4, port+1))
	must(t, err)
	defer release()
	mappings := []Mapping{
		{TCP, netip.AddrPortFrom(any4, port), nowhere},
		{TCP, netip.AddrPortFrom(any4, port+1), nowhere},
		{TCP, netip.AddrPort{}, nowhere},
		{UDP, netip.AddrPortFrom(any6, port+2), nowhere},
	}
	err = h.Resume("owner", mappings)
	want := fmt.Sprintf("mapping %s: port 0.0.0.0:%d/tcp is in use: address already in use", mappings[1], port+1)
	if !errors.Is(err, ErrInUse) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	wantTaken(t, TCP, mappings[0].Host)
	wantTaken(t, UDP, mappings[3].Host)
	h.Release("owner")
	must(t, h.Resume("owner", []Mapping{mappings[0], mappings[3]}))
}

// TestOwnersAtTheSameTimeGetDifferentPorts has owners compete for fewer ports
// than there are owners.
func TestOwnersAtTheSameTimeGetDifferentPorts(t *testing.T) {
	h := open(t)
	port := freePorts(t, 8)
	var (
		mu     sync.Mutex
		having = map[netip.AddrPort]string{}
		owners sync.WaitGroup
	)
	for i := range 16 {
		owner := fmt.Sprint("owner ", i)
		owners.Go(func() {
			for range 30 {
				mappings, err := h.Hold(owner, []Request{request(TCP, nowhere, port, port+7, any4, any6)})
				if err != nil && !errors.Is(err, ErrInUse) {
					t.Error(err)
				}
				mu.Lock()
				for _, m := range mappings {
					if other, ok := having[m.Host]; ok {
						t.Errorf("%s went to %s and %s", m.Host, owner, other)
					}
					having[m.Host] = owner
				}
				mu.Unlock()
				mu.Lock()
				for _, m := range mappings {
					delete(having, m.Host)
				}
				mu.Unlock()
				h.Release(owner)
			}
		})
	}
	owners.Wait()
	for i := range uint16(8) {
		wantFree(t, TCP, netip.AddrPortFrom(any6, port+i))
	}
}
