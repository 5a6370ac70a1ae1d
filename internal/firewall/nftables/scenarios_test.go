package nftables_test

import (
	"testing"

	"mybridge/internal/firewall/firewalltest"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/firewall/nftables"
)

// TestScenarios wants packets to go where package firewall says, beside an engine
// whose iptables drop what nobody accepts.
func TestScenarios(t *testing.T) {
	firewalltest.Run(t, openBesideEngine)
}

func TestAntispoofScenarios(t *testing.T) {
	firewalltest.RunAntispoof(t, openBesideEngine)
}

func TestAntispoofOnlyScenarios(t *testing.T) {
	firewalltest.RunAntispoof(t, func(t *testing.T) firewalltest.Firewall {
		return open(t, nftables.Options{AntispoofOnly: true})
	})
}

func openBesideEngine(t *testing.T) firewalltest.Firewall {
	accepts, err := iptables.OpenAccepts("mybridge")
	if err != nil {
		t.Fatal(err)
	}
	return open(t, nftables.Options{Accepts: accepts})
}

func open(t *testing.T, options nftables.Options) firewalltest.Firewall {
	f, err := nftables.Open("mybridge", options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // the namespace ends with the test, whatever is open
	return f
}
