package driver

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/internal/link"
)

// foreignBridge is a world with a bridge that somebody else made, and makes again.
type foreignBridge struct {
	*world
	mac  link.MAC
	gone bool
}

func (f *foreignBridge) RaiseBridge(context.Context, link.Name) (link.MAC, error) {
	if f.gone {
		return link.MAC{}, errors.New("bridge is gone")
	}
	return f.mac, f.effect()
}

func (f *foreignBridge) Problems(ctx context.Context, bridges []link.Bridge, veths []link.Veth) (map[link.Name]string, error) {
	problems, err := f.world.Problems(ctx, bridges, veths)
	for _, b := range bridges {
		switch {
		case f.gone:
			problems[b.Name] = link.Gone
			for _, v := range veths {
				problems[v.Name] = "is no port of bridge " + string(b.Name)
			}
		case b.MAC != f.mac:
			problems[b.Name] = link.OtherMAC
		}
	}
	return problems, err
}

func (f *foreignBridge) open(t *testing.T) *Driver {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	d, err := Open(t.Context(), Config{State: f, Links: f, Firewall: f, Ports: f, Log: log})
	must(t, err)
	return d
}

// onForeignBridge is a network with an endpoint on such a bridge.
func onForeignBridge(t *testing.T) (*foreignBridge, *Driver) {
	t.Helper()
	f := &foreignBridge{world: newWorld(), mac: link.MAC{2, 1}}
	f.bridges["lan0"] = ""
	d := f.open(t)
	c := config("n1", "10.1.0.0/24")
	c.BridgeName = "lan0"
	must(t, d.CreateNetwork(t.Context(), c))
	_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
	must(t, err)
	_, err = d.Join(t.Context(), "n1", "e1", "sandbox")
	must(t, err)
	return f, d
}

func (f *foreignBridge) wantMAC(t *testing.T, when string, want link.MAC) {
	t.Helper()
	if rules, kept := f.rules["n1"].BridgeMAC, f.networks["n1"].BridgeMAC; rules != want || kept != want {
		t.Errorf("%s the rules are for MAC %s and kept is %s, want %s", when, rules, kept, want)
	}
}

// TestForeignBridgeMadeAgain wants the rules and the record to follow its MAC, also
// where following failed at first.
func TestForeignBridgeMadeAgain(t *testing.T) {
	const finding = "bridge lan0 of network n1 has another MAC"
	again := link.MAC{2, 9}
	for name, effects := range map[string]int{"at once": -1, "raising failed": 0, "forwarding failed": 1, "rules failed": 2, "record failed": 3} {
		t.Run(name, func(t *testing.T) {
			f, d := onForeignBridge(t)
			f.wantMAC(t, "at first", f.mac)
			f.mac = again
			wantFound(t, d.Check, finding)
			if f.effects = effects; effects >= 0 {
				if _, err := d.Mend(t.Context()); err == nil {
					t.Error("a repair that failed succeeded")
				}
				f.mend()
			}
			wantFound(t, d.Mend, finding)
			wantFound(t, d.Check, "")
			f.wantMAC(t, "after the repair", again)
		})
	}
	t.Run("while the plugin was down", func(t *testing.T) {
		f, _ := onForeignBridge(t)
		f.mac = again
		wantFound(t, f.open(t).Check, "")
		f.wantMAC(t, "after the start", again)
	})
}

// TestForeignBridgeGone wants a bridge that is not ours to make told as what only a
// person can mend, and its links to wait for it.
func TestForeignBridgeGone(t *testing.T) {
	f, d := onForeignBridge(t)
	f.gone = true
	for range 2 {
		findings, err := d.Mend(t.Context())
		must(t, err)
		if got := found(findings); !slices.Equal(got, []string{"bridge lan0 of network n1 is gone"}) || findings[0].Fix != "" {
			t.Errorf("found %+v, want the bridge alone, without a fix", findings)
		}
	}
	f.gone, f.mac = false, link.MAC{2, 9}
	f.broken[f.endpoints["n1e1"].Link] = "is no port of bridge lan0"
	must(t, ignored(d.Mend(t.Context())))
	wantFound(t, d.Check, "")
	f.wantMAC(t, "after it was made again", f.mac)
}
