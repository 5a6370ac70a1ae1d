package hostport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// withoutSCTP returns a holder on a kernel that has no SCTP sockets.
func withoutSCTP(t *testing.T) *Holder {
	h := open(t)
	h.openSCTP = func(int) (int, error) { return -1, unix.EPROTONOSUPPORT }
	return h
}

func TestSCTPWithoutSockets(t *testing.T) {
	h := withoutSCTP(t)
	_, err := h.Hold("first", []Request{request(SCTP, nowhere, 3868, 3868, any4, loopback6)})
	must(t, err)
	for _, host := range []netip.Addr{any4, loopback4, loopback6, any6} {
		_, err := h.Hold("second", []Request{request(SCTP, nowhere, 3868, 3868, host)})
		if want := fmt.Sprintf("port %s/sctp is in use by first", netip.AddrPortFrom(host, 3868)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	mappings, err := h.Hold("second", []Request{request(SCTP, nowhere, 3868, 3870, any4)})
	must(t, err)
	if got := mappings[0].Host.Port(); got != 3869 {
		t.Errorf("got port %d, want 3869", got)
	}
	h.Release("first")
	_, err = h.Hold("third", []Request{request(SCTP, nowhere, 3868, 3868, any4, any6)})
	must(t, err)
}

// TestSCTPEphemeralPortIsFreeOnAllTargets has a port taken that only the second
// target cannot have.
func TestSCTPEphemeralPortIsFreeOnAllTargets(t *testing.T) {
	h := withoutSCTP(t)
	first := hold(t, h, SCTP, nowhere, any6).Port()
	mappings, err := h.Hold("owner", []Request{request(SCTP, nowhere, 0, 0, any4, any6)})
	must(t, err)
	if got := mappings[0].Host.Port(); got == first || got != mappings[1].Host.Port() {
		t.Errorf("port %d is taken, got %v", first, mappings)
	}
}

// TestSCTPSocketsAreUsedLikeTCPs opens TCP sockets in the place of SCTP's, so that
// the way is tested where the kernel has no SCTP.
func TestSCTPSocketsAreUsedLikeTCPs(t *testing.T) {
	for _, way := range []struct{ host, container netip.Addr }{
		{loopback4, loopback4}, {any4, loopback4}, {loopback6, loopback6}, {loopback6, loopback4}, {loopback4, loopback6}, {any6, loopback6},
	} {
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			h := open(t)
			var opened atomic.Int64
			h.openSCTP = func(domain int) (int, error) {
				opened.Add(1)
				return unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			}
			container := serve(t, way.container, func(conn *net.TCPConn) {
				conn.Write([]byte("?"))
				question, _ := io.ReadAll(conn)
				conn.Write(question)
			})
			other := map[bool]netip.Addr{true: any6, false: any4}[way.host.Is4()]
			mappings, err := h.Hold("owner", []Request{request(SCTP, container, 0, 0, way.host, other)})
			must(t, err)
			at := mappings[0].Host
			wantTaken(t, TCP, at)
			client := dial(t, at)
			_, err = client.Write(large)
			must(t, err)
			must(t, client.CloseWrite())
			if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, append([]byte("?"), large...)) {
				t.Errorf("got %d bytes (%v), want %d", len(got), err, 1+len(large))
			}
			// This one is closed by the release, and then keeps the port a while.
			_, err = io.ReadFull(dial(t, at), make([]byte, 1))
			must(t, err)
			h.Release("owner")
			must(t, h.Resume("owner", mappings))
			if n := opened.Load(); n < 6 {
				t.Errorf("%d SCTP sockets were opened, want 4 listeners and 2 to the container", n)
			}
		})
	}
}

// TestHoldMatchesModel compares with a table of who has what, without a kernel
// that others use too.
func TestHoldMatchesModel(t *testing.T) {
	hosts := []netip.Addr{any4, loopback4, netip.MustParseAddr("192.0.2.1"), any6, loopback6}
	type claim struct {
		owner string
		at    netip.AddrPort
	}
	rapid.Check(t, func(r *rapid.T) {
		h := withoutSCTP(t)
		var model []claim
		free := func(host netip.Addr, port uint16) bool {
			return !slices.ContainsFunc(model, func(c claim) bool {
				other := c.at.Addr()
				return c.at.Port() == port && other.Is4() == host.Is4() &&
					(other == host || other.IsUnspecified() || host.IsUnspecified())
			})
		}
		r.Repeat(map[string]func(*rapid.T){
			"hold": func(r *rapid.T) {
				owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "owner")
				first := rapid.Uint16Range(1, 6).Draw(r, "first")
				last := rapid.Uint16Range(first, 6).Draw(r, "last")
				targets := rapid.SliceOfNDistinct(rapid.SampledFrom(hosts), 1, 2, func(a netip.Addr) bool { return a.Is4() }).Draw(r, "targets")
				var want []claim
				for port := first; port <= last && want == nil; port++ {
					if slices.ContainsFunc(targets, func(host netip.Addr) bool { return !free(host, port) }) {
						continue
					}
					for _, host := range targets {
						want = append(want, claim{owner, netip.AddrPortFrom(host, port)})
					}
				}
				mappings, err := h.Hold(owner, []Request{request(SCTP, nowhere, first, last, targets...)})
				var got []claim
				for _, m := range mappings {
					got = append(got, claim{owner, m.Host})
				}
				if !slices.Equal(got, want) || errors.Is(err, ErrInUse) != (want == nil) {
					r.Fatalf("got %v (%v), want %v", got, err, want)
				}
				model = append(model, want...)
			},
			"release": func(r *rapid.T) {
				owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "owner")
				h.Release(owner)
				model = slices.DeleteFunc(model, func(c claim) bool { return c.owner == owner })
			},
		})
	})
}
