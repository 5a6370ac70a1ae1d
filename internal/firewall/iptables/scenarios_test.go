package iptables

import (
	"testing"

	"mybridge/internal/firewall/firewalltest"
)

func TestWhoReachesWhom(t *testing.T) {
	firewalltest.Run(t, func(t *testing.T) firewalltest.Firewall {
		f, err := Open("mybridge")
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}
