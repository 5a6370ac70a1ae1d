package link

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"mybridge/test/kernel"
)

// TestIsolatedPorts wants containers behind isolated ports to reach the bridge,
// and each other only where one of the two ports is not isolated.
func TestIsolatedPorts(t *testing.T) {
	for _, test := range []struct{ first, second, reaches bool }{
		{false, false, true},
		{true, false, true},
		{false, true, true},
		{true, true, false},
	} {
		t.Run(fmt.Sprintf("%v and %v", test.first, test.second), func(t *testing.T) {
			m := open(t)
			must(t, m.EnsureBridge(t.Context(), testBridge()))
			probe := filepath.Join(t.TempDir(), "probe")
			kernel.Run(t, "go", "build", "-o", probe, "mybridge/test/probe")
			first := addContainer(t, m, 2, test.first)
			addContainer(t, m, 3, test.second)
			for address, want := range map[string]bool{
				"192.0.2.1": true, "2001:db8::1": true, "192.0.2.3": test.reaches, "2001:db8::3": test.reaches,
			} {
				timeout := map[bool]string{true: "10s", false: "500ms"}[want]
				output, err := first.Command(t.Context(), probe, "ping", "-timeout", timeout, address).CombinedOutput()
				// The probe ends with 1 where nobody answers.
				if exit, failed := errors.AsType[*exec.ExitError](err); err != nil && (!failed || exit.ExitCode() != 1) {
					t.Fatalf("running the probe: %v\n%s", err, output)
				}
				if got := err == nil; got != want {
					t.Errorf("%s answers: %v, want %v\n%s", address, got, want, output)
				}
			}
		})
	}
}

// addContainer connects a machine by a veth pair as the engine does.
func addContainer(t *testing.T, m *Manager, number int, isolated bool) *kernel.Machine {
	t.Helper()
	v := testVeth()
	v.Name, v.Peer = Name(fmt.Sprintf("mbv%d", number)), Name(fmt.Sprintf("mbp%d", number))
	v.Endpoint = fmt.Sprintf("e%d", number)
	v.Isolated = isolated
	must(t, m.EnsureVeth(t.Context(), v))
	container := kernel.NewMachine(t, v.Endpoint)
	kernel.Run(t, "ip", "link", "set", string(v.Peer), "netns", container.Pid())
	container.Configure(t,
		fmt.Sprintf("address add 192.0.2.%d/24 dev %s", number, v.Peer),
		fmt.Sprintf("address add 2001:db8::%d/64 dev %s nodad", number, v.Peer),
		fmt.Sprintf("link set %s up", v.Peer))
	return container
}
