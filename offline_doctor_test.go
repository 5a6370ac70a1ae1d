package main

import (
	"encoding/json"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/doctor"
	"mybridge/internal/health"
	"mybridge/internal/link"
	"mybridge/internal/store"
	"mybridge/ipam"
	"mybridge/test/daemon"
	"mybridge/test/kernel"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// TestStoppedDoctorLeasesNothingThatGoes wants an address leased again that an endpoint
// has, and none whose endpoint a crash left half deleted: the next start deletes it.
func TestStoppedDoctorLeasesNothingThatGoes(t *testing.T) {
	kernel.Namespace(t)
	directory := t.TempDir()
	state, err := store.Open(directory)
	must(t, err)
	subnet := driver.Subnet{Pool: netip.MustParsePrefix("10.1.0.0/24"), Gateway: netip.MustParsePrefix("10.1.0.1/24"), Managed: true}
	n := driver.Network{
		NetworkConfig: driver.NetworkConfig{ID: "n1", IPv4: subnet}, Bridge: "mb-n1", OwnsBridge: true,
		BridgeMAC: link.MAC{2, 0, 0, 0, 0, 1}, Phase: driver.Ready,
	}
	must(t, state.PutNetwork(t.Context(), n))
	pool := ipam.Pool{ID: ipam.NewPoolID("MybridgeLocal", subnet.Pool), Subnet: subnet.Pool, Range: subnet.Pool, Since: time.Now()}
	must(t, state.AddPool(t.Context(), pool))
	log := logrus.New()
	links, err := link.Open("mybridge", log)
	must(t, err)
	t.Cleanup(links.Close)
	must(t, links.EnsureBridge(t.Context(), link.Bridge{Name: n.Bridge, Network: "n1", MAC: n.BridgeMAC}))
	for id, phase := range map[driver.EndpointID]driver.Phase{"2": driver.Ready, "3": driver.Deleting} {
		e := driver.Endpoint{
			EndpointConfig: driver.EndpointConfig{Network: "n1", ID: id, IPv4: netip.MustParsePrefix("10.1.0." + string(id) + "/24")},
			ChosenMAC:      link.MAC{2, 0, 0, 0, 1, id[0]}, Link: link.Name("mbv" + id), Peer: link.Name("mbp" + id), Phase: phase,
		}
		must(t, state.PutEndpoint(t.Context(), e))
		must(t, links.EnsureVeth(t.Context(), link.Veth{
			Name: e.Link, Peer: e.Peer, Bridge: n.Bridge, Network: "n1", Endpoint: string(id), Addresses: []netip.Prefix{e.IPv4}, MAC: e.ChosenMAC,
		}))
	}
	must(t, state.Close())
	for _, f := range examineAsCommand(t, directory, "--fix") {
		if f.Part == health.Addresses && f.Subject == "address 10.1.0.3 of pool 10.1.0.0/24" {
			t.Errorf("found is what goes at the next start: %s", f)
		}
	}
	state, err = store.Open(directory)
	must(t, err)
	defer func() { must(t, state.Close()) }()
	kept, err := state.Load(t.Context())
	must(t, err)
	leased := map[netip.Addr]bool{}
	for _, lease := range kept.Leases {
		leased[lease.Address] = true
	}
	if !leased[netip.MustParseAddr("10.1.0.2")] || leased[netip.MustParseAddr("10.1.0.3")] {
		t.Errorf("leased are %v, want 10.1.0.2 and not 10.1.0.3", leased)
	}
}

// TestStoppedDoctorTellsNewEngineBridges wants a bridge that the engine made while the
// plugin did not run told as that, and not as damage of the rules.
func TestStoppedDoctorTellsNewEngineBridges(t *testing.T) {
	for _, backend := range []string{"nftables", "iptables"} {
		t.Run(backend, func(t *testing.T) {
			kernel.Namespace(t)
			directory := t.TempDir()
			state, err := store.Open(directory)
			must(t, err)
			must(t, state.PutNetwork(t.Context(), driver.Network{
				NetworkConfig: driver.NetworkConfig{ID: "n1", IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.1.0.0/24")}},
				Bridge:        "mb-n1", OwnsBridge: true, BridgeMAC: link.MAC{2, 0, 0, 0, 0, 1}, Phase: driver.Ready,
			}))
			kernel.Run(t, "ip", "link", "add", "docker0", "type", "bridge")
			must(t, state.KeepRun(t.Context(), store.Run{Firewall: backend, EngineBridges: []link.Name{"docker0"}}))
			must(t, state.Close())
			examine := func(flag string, want ...string) {
				t.Helper()
				var open []string
				for _, f := range examineAsCommand(t, directory, flag) {
					if !f.Fixed {
						open = append(open, f.String())
					}
				}
				if want = append(want, "the plugin does not run"); !slices.Equal(open, want) {
					t.Errorf("found %q, want %q", open, want)
				}
			}
			examine("--fix")
			kernel.Run(t, "ip", "link", "add", "br-0123456789ab", "type", "bridge")
			examine("--fix=false", "bridge br-0123456789ab of the engine came while the plugin did not run")
			examine("--fix")
			examine("--fix=false")
		})
	}
}

// examineAsCommand runs mybridge doctor on the state in the directory.
func examineAsCommand(t *testing.T, directory, flag string) []doctor.Finding {
	t.Helper()
	command := exec.Command(daemon.Binary(t), "doctor", "--json", "--state-dir", directory, "--admin-socket", filepath.Join(directory, "none.sock"), flag)
	output, err := command.Output()
	// That the plugin does not run is always found.
	if command.ProcessState.ExitCode() != 1 {
		t.Fatalf("mybridge doctor ended with %v: %s", err, output)
	}
	var findings []doctor.Finding
	must(t, json.Unmarshal(output, &findings))
	return findings
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
