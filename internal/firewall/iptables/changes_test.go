package iptables

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/test/kernel"
)

// runs are the programs that a firewall ran.
type runs struct {
	all      []string
	restores []string
}

// count has the firewall's programs counted from now on.
func count(f *Firewall) *runs {
	counted := &runs{}
	for _, family := range f.families {
		family.run = func(ctx context.Context, input, program string, arguments ...string) (string, error) {
			counted.all = append(counted.all, program)
			if input != "" {
				counted.restores = append(counted.restores, program+"\n"+input)
			}
			return run(ctx, input, program, arguments...)
		}
	}
	return counted
}

// TestManyPortsAreOneRun wants an endpoint's ports to be one run of a program, and
// none for a family that has no part in the change.
func TestManyPortsAreOneRun(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		must(t, f.SetNetwork(t.Context(), plain))
		endpoint := firewall.Endpoint{ID: "web"}
		for port := range uint16(200) {
			endpoint.Ports = append(endpoint.Ports, hostport.Mapping{
				Protocol:  hostport.TCP,
				Host:      netip.AddrPortFrom(netip.IPv4Unspecified(), 8000+port),
				Container: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), 1000+port),
			})
		}
		counted := count(f)
		must(t, f.SetEndpoint(t.Context(), "a1", endpoint))
		if rules := strings.Count(h.saved(t), "-j DNAT"); rules != 200 {
			t.Errorf("%d ports are forwarded, want 200", rules)
		}
		must(t, f.RemoveEndpoint(t.Context(), "a1", "web"))
		if want := []string{h[0] + "-restore", h[0] + "-restore"}; strings.Join(counted.all, " ") != strings.Join(want, " ") {
			t.Errorf("to add and to remove the ports, these ran: %s; want %s", counted.all, want)
		}
	})
}

// TestFailedChangeIsMended wants what a change left that failed between two tables
// to be mended by the next one.
func TestFailedChangeIsMended(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), everything()))
		want := h.saved(t)
		failure := errors.New("killed")
		for _, family := range f.families {
			family.run = func(ctx context.Context, input, program string, arguments ...string) (string, error) {
				first, _, _ := strings.Cut(input, "COMMIT\n")
				_, err := run(ctx, first+"COMMIT\n", program, arguments...)
				return "", errors.Join(failure, err)
			}
		}
		if err := f.RemoveEndpoint(t.Context(), trusting.ID, web.ID); !errors.Is(err, failure) {
			t.Fatalf("RemoveEndpoint returned %v, want the failure", err)
		}
		if half := h.saved(t); half == want {
			t.Fatal("the change failed before it changed anything")
		}
		count(f)
		must(t, f.SetNetwork(t.Context(), internal))
		wantSaved(t, h, want, "after the next change")
	})
}

// TestRefusedLineIsQuoted wants the error to show which line the program refused.
func TestRefusedLineIsQuoted(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		wrong := plain
		wrong.Bridge = "a-name-that-is-too-long"
		err := f.SetNetwork(t.Context(), wrong)
		if err == nil || !strings.Contains(err.Error(), h[0]+"-restore") || !strings.Contains(err.Error(), "a-name-that-is-too-long") {
			t.Errorf("error %v, want one with the program and the line", err)
		}
	})
}

func TestEndpointNeedsItsNetwork(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		if err := h.open(t, "mybridge").SetEndpoint(t.Context(), "a1", web); err == nil || !strings.Contains(err.Error(), "a1") {
			t.Errorf("an endpoint of an unknown network: error %v, want one that names the network", err)
		}
	})
}

// TestHeldLockIsSaid has another program hold the lock. Only the legacy variant
// has one.
func TestHeldLockIsSaid(t *testing.T) {
	kernel.Namespace(t)
	f := host{"iptables-legacy", "ip6tables-legacy"}.open(t, "mybridge")
	f.families = f.families[:1] // to wait once
	lock, err := os.Create(filepath.Join(t.TempDir(), "xtables.lock"))
	must(t, err)
	t.Cleanup(func() { _ = lock.Close() })
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	t.Setenv("XTABLES_LOCKFILE", lock.Name())

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.SetNetwork(ctx, plain); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a deadline before the lock's: error %v, want that it passed", err)
	}
	if err := f.SetNetwork(t.Context(), internal); err == nil || !strings.Contains(err.Error(), "xtables lock") {
		t.Errorf("error %v, want one that speaks of the lock", err)
	}
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_UN))
	must(t, f.SetNetwork(t.Context(), internal))
}

// TestWithoutIPv6 wants a host without ip6tables to have IPv4, and to refuse what
// it cannot do.
func TestWithoutIPv6(t *testing.T) {
	kernel.Namespace(t)
	programs := t.TempDir()
	for _, name := range []string{"iptables", "iptables-save", "iptables-restore"} {
		path, err := exec.LookPath(name)
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(programs, name)))
	}
	h := host{"iptables", "ip6tables"}
	before := h.saved(t)
	path := os.Getenv("PATH")
	t.Setenv("PATH", programs)
	f, err := Open("mybridge")
	must(t, err)
	if err := f.SetNetwork(t.Context(), plain); err == nil || !strings.Contains(err.Error(), "2001:db8::/64") {
		t.Errorf("a network with an IPv6 subnet: error %v, want one that names it", err)
	}
	must(t, f.SetNetwork(t.Context(), internal))
	t.Setenv("PATH", path)
	if saved := h.saved(t); saved == before || strings.Contains(saved, "ip6tables") {
		t.Errorf("the rules are\n%swant those of the IPv4 network", saved)
	}
}

// TestFollowsTheEngine wants the rules to go where the engine's are.
func TestFollowsTheEngine(t *testing.T) {
	for _, variant := range []string{"iptables-nft", "iptables-legacy"} {
		for _, chain := range []string{"DOCKER-USER", "DOCKER"} {
			t.Run(variant+" "+chain, func(t *testing.T) {
				kernel.Namespace(t)
				kernel.Run(t, variant, "-N", chain)
				f, err := Open("mybridge")
				must(t, err)
				must(t, f.SetNetwork(t.Context(), internal))
				if saved := kernel.Run(t, variant+"-save"); !strings.Contains(saved, "MYBRIDGE-FORWARD") {
					t.Errorf("%s-save does not list our rules:\n%s", variant, saved)
				}
			})
		}
	}
}
