package nftables

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// asking tells when the kernel is asked: then its deadline is.
type asking struct {
	context.Context
	asked func()
}

func (a asking) Deadline() (time.Time, bool) {
	a.asked()
	return a.Context.Deadline()
}

// TestCallsDoNotWaitForLooks wants the tables compared without the lock of changes, and
// with it only where something seems wrong.
func TestCallsDoNotWaitForLooks(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	locked := func(look func(context.Context) ([]health.Finding, error), want int) (asked []bool) {
		t.Helper()
		findings, err := look(asking{t.Context(), func() {
			free := f.one.TryAcquire(1)
			if free {
				f.one.Release(1)
			}
			asked = append(asked, !free)
		}})
		must(t, err)
		if len(findings) != want {
			t.Errorf("found %v, want %d findings", findings, want)
		}
		return asked
	}
	for name, look := range map[string]func(context.Context) ([]health.Finding, error){"check": f.Check, "mend": f.Mend} {
		if asked := locked(look, 0); !slices.Equal(asked, []bool{false}) {
			t.Errorf("%s of what is right: looked with the lock: %v, want once without", name, asked)
		}
	}
	kernel.Run(t, "nft", "flush", "chain", "inet", "mybridge", "forward")
	if asked := locked(f.Check, 1); !slices.Equal(asked, []bool{false, true}) {
		t.Errorf("check of what is wrong: looked with the lock: %v, want without first", asked)
	}
	if asked := locked(f.Mend, 1); !slices.Equal(asked[:2], []bool{false, true}) {
		t.Errorf("mend of what is wrong: looked with the lock: %v, want without first", asked)
	}
	locked(f.Check, 0)
}

// TestChangedDuringALook wants a change of ours that comes in the midst of a look to be
// no finding.
func TestChangedDuringALook(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	e := firewall.Endpoint{ID: "another", Link: "mbv-another", MAC: link.MAC{2, 0, 0, 0, 0, 9}}
	changes := 0
	findings, err := f.Check(asking{t.Context(), func() {
		if !f.one.TryAcquire(1) {
			return
		}
		f.one.Release(1)
		changes++
		e.Addresses = []netip.Addr{addr(fmt.Sprintf("192.0.2.%d", 10+changes))}
		must(t, f.SetEndpoint(t.Context(), plain.ID, e))
	}})
	must(t, err)
	if len(findings) > 0 || changes < 2 {
		t.Errorf("found %v after %d changes amid looks, want none after several", findings, changes)
	}
}
