package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mybridge/driver"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/status"
	"mybridge/ipam"
)

// statusTime is how long the plugin may take to say what there is.
const statusTime = 5 * time.Second

// networkView is a network as people see it.
type networkView struct {
	ID driver.NetworkID `json:"id"`
	// Name is empty where the engine could not be asked.
	Name    string       `json:"name,omitempty"`
	Bridge  link.Name    `json:"bridge"`
	Phase   driver.Phase `json:"phase"`
	Subnets []subnetView `json:"subnets"`
	// Endpoints and Ports count what containers have of it.
	Endpoints int `json:"endpoints"`
	Ports     int `json:"ports"`
}

// subnetView is a subnet; Used and Free are nil where another address manager has it.
type subnetView struct {
	Subnet  netip.Prefix `json:"subnet"`
	Gateway netip.Addr   `json:"gateway,omitzero"`
	Used    *int         `json:"used,omitempty"`
	Free    *uint64      `json:"free,omitempty"`
}

// endpointView is an endpoint as people see it. Container and NetworkName are empty
// where the engine could not be asked.
type endpointView struct {
	Container   string             `json:"container,omitempty"`
	ID          driver.EndpointID  `json:"id"`
	Network     driver.NetworkID   `json:"network"`
	NetworkName string             `json:"networkName,omitempty"`
	Phase       driver.Phase       `json:"phase"`
	Addresses   []netip.Prefix     `json:"addresses"`
	MAC         link.MAC           `json:"mac"`
	Link        link.Name          `json:"link"`
	Ports       []hostport.Mapping `json:"ports"`
}

// inventory is what the plugin has, by the names that the engine gives it.
type inventory struct {
	status.Status
	names     names
	networks  []networkView
	endpoints []endpointView
}

// takeInventory asks the plugin and the engine at once. What limits the answer it says on
// stderr.
func takeInventory(command *cobra.Command, program Program, target Target, engineSocket string) (inventory, error) {
	target.setSocket()
	ctx := command.Context()
	var i inventory
	var asking sync.WaitGroup
	asking.Go(func() { i.names = askNames(ctx, program, engineSocket) })
	limited, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	var err error
	i.Status, err = program.Status(limited, target)
	asking.Wait()
	if err != nil {
		return inventory{}, err
	}
	i.view()
	if i.Plugin != nil && i.Plugin.Busy != "" {
		err = printed(fmt.Fprintln(command.ErrOrStderr(), i.Plugin.Busy))
	}
	return i, err
}

// notRunning is the error of a command that has shown an inventory.
func (i inventory) notRunning() error { return shownFromState(i.NotRunning) }

// shownFromState is the error of a command that has shown what the state of a plugin
// holds that does not run, nil where notRunning is empty.
func shownFromState(notRunning string) error {
	if notRunning == "" {
		return nil
	}
	return fmt.Errorf("%s: shown is what its state holds", notRunning)
}

// view makes the views of what was asked.
func (i *inventory) view() {
	ports := map[driver.EndpointID][]hostport.Mapping{}
	for _, port := range driver.PublishedPorts(i.Networks, i.Endpoints) {
		ports[port.Endpoint] = append(ports[port.Endpoint], port.Mapping)
	}
	endpointsOn, portsOn := map[driver.NetworkID]int{}, map[driver.NetworkID]int{}
	for _, e := range i.Endpoints {
		endpointsOn[e.Network]++
		portsOn[e.Network] += len(ports[e.ID])
		i.endpoints = append(i.endpoints, i.viewEndpoint(e, ports[e.ID]))
	}
	pools := map[netip.Prefix]ipam.PoolView{}
	for _, pool := range i.Pools {
		if pool.ID != "" {
			pools[pool.Subnet] = pool
		}
	}
	for _, n := range i.Networks {
		i.networks = append(i.networks, networkView{
			ID:        n.ID,
			Name:      i.names.networks[n.ID],
			Bridge:    n.Bridge,
			Phase:     n.Phase,
			Subnets:   viewSubnets(n, pools),
			Endpoints: endpointsOn[n.ID],
			Ports:     portsOn[n.ID],
		})
	}
	slices.SortFunc(i.networks, func(a, b networkView) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(i.endpoints, func(a, b endpointView) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.NetworkName, b.NetworkName), cmp.Compare(a.ID, b.ID))
	})
}

func (i *inventory) viewEndpoint(e driver.Endpoint, ports []hostport.Mapping) endpointView {
	view := endpointView{
		Container:   i.names.endpoints[e.ID],
		ID:          e.ID,
		Network:     e.Network,
		NetworkName: i.names.networks[e.Network],
		Phase:       e.Phase,
		Addresses:   []netip.Prefix{},
		MAC:         e.ChosenMAC,
		Link:        e.Link,
		Ports:       append([]hostport.Mapping{}, ports...),
	}
	for _, address := range []netip.Prefix{e.IPv4, e.IPv6} {
		if address.IsValid() {
			view.Addresses = append(view.Addresses, address)
		}
	}
	return view
}

func viewSubnets(n driver.Network, pools map[netip.Prefix]ipam.PoolView) []subnetView {
	views := []subnetView{}
	for _, subnet := range []driver.Subnet{n.IPv4, n.IPv6} {
		if !subnet.Pool.IsValid() {
			continue
		}
		view := subnetView{Subnet: subnet.Pool, Gateway: subnet.Gateway.Addr()}
		if pool, ours := pools[subnet.Pool]; ours && subnet.Managed {
			view.Used, view.Free = &pool.Used, &pool.Free
		}
		views = append(views, view)
	}
	return views
}

// cells joins what is told of each of several, each in its own words.
func cells[T any](values []T, tell func(T) string) string {
	var texts []string
	for _, value := range values {
		texts = append(texts, tell(value))
	}
	return strings.Join(texts, ", ")
}
