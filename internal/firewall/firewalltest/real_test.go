package firewalltest_test

import (
	"testing"

	. "mybridge/internal/firewall/firewalltest"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/firewall/nftables"
)

func TestNft(t *testing.T)   { Run(t, open) }
func TestSpoof(t *testing.T) { RunAntispoof(t, open) }
func TestSpoofOnly(t *testing.T) {
	RunAntispoof(t, func(t *testing.T) Firewall {
		f, err := nftables.Open("mybridge", nftables.Options{AntispoofOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	})
}
func TestIpt(t *testing.T) {
	Run(t, func(t *testing.T) Firewall {
		f, err := iptables.Open("mybridge")
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

func open(t *testing.T) Firewall {
	a, err := iptables.OpenAccepts("mybridge")
	if err != nil {
		t.Fatal(err)
	}
	f, err := nftables.Open("mybridge", nftables.Options{Accepts: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
