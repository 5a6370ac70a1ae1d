package nftables

import (
	"testing"

	"mybridge/test/kernel"
)

// TestGeneration wants each transaction of somebody else to be known by it.
func TestGeneration(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	generation := func() uint32 {
		t.Helper()
		number, err := f.connection.generation()
		must(t, err)
		return number
	}
	before := generation()
	if again := generation(); again != before {
		t.Errorf("nobody changed anything, and the generation went from %d to %d", before, again)
	}
	for _, program := range []string{"iptables-nft", "ip6tables-nft"} {
		kernel.Run(t, program, "-N", "SOMEBODY")
		after := generation()
		if after == before {
			t.Errorf("%s changed something, and the generation is still %d", program, before)
		}
		before = after
	}
}
