package link

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mybridge/test/kernel"
)

// TestListsWhileLinksComeAndGo wants each list to be whole although others' links
// come and go the whole time: the kernel then breaks lists off, and says so.
func TestListsWhileLinksComeAndGo(t *testing.T) {
	const bridges = 150 // a list takes several messages
	m := open(t)
	var commands strings.Builder
	for i := range bridges {
		fmt.Fprintf(&commands, "link add b%d type bridge\nlink set b%d up alias \"%snetwork=n%d\"\n", i, i, m.aliasPrefix(), i)
		fmt.Fprintf(&commands, "address add 10.0.%d.1/24 dev b%d\n", i, i)
	}
	machine := kernel.ThisMachine(t, "host")
	machine.Feed(t, commands.String(), "ip", "-batch", "-")
	comeAndGo(t, machine, "link add gone0 type veth peer name gone1\nlink delete gone0\n")
	comeAndGo(t, machine, "address add 203.0.113.1/24 dev b0\naddress delete 203.0.113.1/24 dev b0\n")

	for range 50 {
		owned, _, err := m.Owned(t.Context())
		must(t, err)
		if len(owned) != bridges {
			t.Fatalf("%d bridges are found, want %d", len(owned), bridges)
		}
		used, err := m.UsedPrefixes(t.Context())
		must(t, err)
		if used.Size() < bridges {
			t.Fatalf("%d subnets are found, want those of %d bridges", used.Size(), bridges)
		}
		problems, err := m.Problems(t.Context(), []Bridge{{Name: "b149", Network: "n149"}}, nil)
		must(t, err)
		if len(problems) > 0 {
			t.Fatalf("there is wrong: %v", problems)
		}
	}
}

// comeAndGo repeats the commands of ip until the test ends.
func comeAndGo(t *testing.T, m *kernel.Machine, commands string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			command := m.Command(ctx, "ip", "-batch", "-")
			command.Stdin = strings.NewReader(strings.Repeat(commands, 100))
			if output, err := command.CombinedOutput(); err != nil && ctx.Err() == nil {
				done <- fmt.Errorf("%w: %s", err, output)
				return
			}
		}
		done <- nil
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("links did not come and go: %v", err)
		}
	})
}
