package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mybridge/driver"
	"mybridge/internal/link"
)

// networkDetails is what 'network inspect --json' prints.
type networkDetails struct {
	networkView
	// Settings are as the network was asked for.
	Settings     driver.NetworkConfig `json:"settings"`
	OwnsBridge   bool                 `json:"ownsBridge"`
	BridgeMAC    link.MAC             `json:"bridgeMAC"`
	EndpointList []endpointView       `json:"endpointList"`
}

func newNetworkInspect(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	command := &cobra.Command{
		Use:   "inspect NETWORK",
		Short: "Show a network with its settings and endpoints",
		Long: `Show a network as the plugin has it: its settings, its subnets, and its endpoints with
their containers. NETWORK is its name, for which the engine is asked, its bridge, or
the beginning of its ID. Where no plugin runs, it is shown as its state holds it, and
the exit code is 1.`,
		Example: "  mybridge network inspect shop\n  mybridge network inspect mb-0a1b2c3d4e5f --json | jq .settings",
		Args:    asUsed,
	}
	addInventoryFlags(command, &target, &engineSocket)
	addViewFlags(command, func(command *cobra.Command, args []string, asJSON bool) error {
		i, err := takeInventory(command, program, target, engineSocket)
		if err != nil {
			return err
		}
		details, err := i.findNetwork(args[0])
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(command, details)
		} else {
			err = printDetails(command, details)
		}
		if err != nil {
			return err
		}
		return i.notRunning()
	})
	return command
}

// findNetwork returns the network with that name or bridge, or else the one whose ID
// begins so.
func (i inventory) findNetwork(wanted string) (networkDetails, error) {
	var found []networkView
	for _, n := range i.networks {
		if n.Name == wanted || string(n.Bridge) == wanted {
			found = []networkView{n}
			break
		}
		if strings.HasPrefix(string(n.ID), wanted) {
			found = append(found, n)
		}
	}
	switch {
	case len(found) > 1:
		return networkDetails{}, fmt.Errorf("network %q: the IDs of %d networks begin so", wanted, len(found))
	case len(found) == 1:
		return i.details(found[0]), nil
	case i.names.notAsked != nil:
		return networkDetails{}, fmt.Errorf("network %q: no bridge or ID is this, and names are not known: %w", wanted, i.names.notAsked)
	case i.NotRunning != "":
		return networkDetails{}, fmt.Errorf("network %q: the state has none with this name, bridge or ID (%s)", wanted, i.NotRunning)
	}
	return networkDetails{}, fmt.Errorf("network %q: the plugin has none with this name, bridge or ID ('mybridge network ls' lists them)", wanted)
}

func (i inventory) details(n networkView) networkDetails {
	details := networkDetails{networkView: n, EndpointList: []endpointView{}}
	index := slices.IndexFunc(i.Networks, func(record driver.Network) bool { return record.ID == n.ID })
	record := i.Networks[index]
	details.Settings, details.OwnsBridge, details.BridgeMAC = record.NetworkConfig, record.OwnsBridge, record.BridgeMAC
	for _, e := range i.endpoints {
		if e.Network == n.ID {
			details.EndpointList = append(details.EndpointList, e)
		}
	}
	return details
}

func printDetails(command *cobra.Command, d networkDetails) error {
	if err := printPairs(command, d.pairs()); err != nil || len(d.EndpointList) == 0 {
		return err
	}
	if err := printed(fmt.Fprintln(command.OutOrStdout())); err != nil {
		return err
	}
	return printEndpoints(command, d.EndpointList)
}

func (d networkDetails) pairs() [][2]string {
	s := d.Settings
	bridge := string(d.Bridge) + ", " + d.BridgeMAC.String()
	if !d.OwnsBridge {
		bridge += ", was there before the network"
	}
	pairs := [][2]string{{"name", d.Name}, {"id", string(d.ID)}, {"bridge", bridge}, {"phase", string(d.Phase)}}
	for i, subnet := range []driver.Subnet{s.IPv4, s.IPv6} {
		if !subnet.Pool.IsValid() {
			continue
		}
		family := []string{"ipv4", "ipv6"}[i]
		pairs = append(pairs, [2]string{family, d.subnetText(subnet)})
	}
	pairs = append(pairs,
		[2]string{"internal", yesNo(s.Internal)},
		[2]string{"masquerade", yesNo(s.Masquerade)},
		[2]string{"icc", yesNo(!s.NoICC)},
		[2]string{"antispoof", yesNo(!s.AllowSpoofing)},
	)
	if s.MTU != 0 {
		pairs = append(pairs, [2]string{"mtu", strconv.Itoa(s.MTU)})
	}
	if s.HostBinding.IsValid() {
		pairs = append(pairs, [2]string{"host binding", s.HostBinding.String()})
	}
	if len(s.TrustedInterfaces) > 0 {
		pairs = append(pairs, [2]string{"trusted", cells(s.TrustedInterfaces, func(n link.Name) string { return string(n) })})
	}
	return pairs
}

func (d networkDetails) subnetText(subnet driver.Subnet) string {
	text := subnet.Pool.String()
	if subnet.Gateway.IsValid() {
		text += ", gateway " + subnet.Gateway.Addr().String()
	}
	if subnet.Mode != "" {
		text += ", mode " + string(subnet.Mode)
	}
	for _, view := range d.Subnets {
		if view.Subnet == subnet.Pool && view.Used != nil {
			text += ", addresses used: " + view.usedCell() + ", free: " + view.freeCell()
		}
	}
	return text
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
