// Package driver is the life of networks and endpoints: what the engine's calls
// mean for bridges, veth pairs and rules, in which order, and how each is undone.
//
// It is crash-only. A call first commits what it is about to do, then does it,
// then commits that it is done; a deletion goes the other way round. Opening the
// driver finishes or undoes whatever a crash cut short. The package reaches the
// kernel and the disk only through the interfaces declared here.
package driver

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// State keeps networks and endpoints durably: each method returns when its
// change is committed, whole or not at all. All are idempotent. Where hosts
// share a State, each has its own record of a network or endpoint: what stands
// in it (links, phase) is of one host.
type State interface {
	// LoadNetworks returns all networks and endpoints kept, in any order.
	LoadNetworks(ctx context.Context) ([]Network, []Endpoint, error)
	// PutNetwork keeps the network, in the place of one with the same ID.
	PutNetwork(ctx context.Context, network Network) error
	// PutEndpoint keeps the endpoint, in the place of one with the same IDs.
	PutEndpoint(ctx context.Context, endpoint Endpoint) error
	// Forget forgets the records of all the deletions, in one change.
	Forget(ctx context.Context, deletions ...Deletion) error
}

// Deletion is that of an endpoint, or without one of a network with its endpoints.
type Deletion struct {
	Network  NetworkID
	Endpoint EndpointID
}

// Links is the kernel's part. Each Ensure and Remove is idempotent.
type Links interface {
	BridgeExists(ctx context.Context, name link.Name) (bool, error)
	EnsureBridge(ctx context.Context, bridge link.Bridge) error
	// RaiseBridge brings up a bridge that is not ours and returns its MAC.
	RaiseBridge(ctx context.Context, name link.Name) (link.MAC, error)
	EnsureVeth(ctx context.Context, veth link.Veth) error
	// Remove deletes links that were made, and returns what it could not, by name.
	Remove(ctx context.Context, bridges []link.Bridge, veths []link.Veth) map[link.Name]error
	// Owned returns the links of ours that are there and complete.
	Owned(ctx context.Context) ([]link.OwnedBridge, []link.OwnedVeth, error)
	EnsureForwarding(ctx context.Context, ipv6 bool) error
	// SubnetHolder returns the link that has an address in the gateway's
	// subnet, "" where none has.
	SubnetHolder(ctx context.Context, gateway netip.Prefix) (link.Name, error)
	// Problems says what is wrong with links that were made, by their names.
	Problems(ctx context.Context, bridges []link.Bridge, veths []link.Veth) (map[link.Name]string, error)
	// ReattachVeth makes a pair that is there a port of its bridge again.
	ReattachVeth(ctx context.Context, veth link.Veth) error
	// SandboxReached says why no link can be made again in the container whose
	// network namespace the path names, nil where one can.
	SandboxReached(path string) error
	// RemakeVeth makes a pair whose container runs, with its end in it.
	RemakeVeth(ctx context.Context, veth link.Veth, inside link.Interface) error
	// InterfaceName returns the name of a pair's end in the container whose network
	// namespace the path names.
	InterfaceName(ctx context.Context, veth link.Name, path string) (link.Name, error)
	// ForwardingOff reports whether the host does not forward, by which setting.
	ForwardingOff(ctx context.Context, ipv6 bool) (off bool, setting string, err error)
	// ForgetAddresses removes what the kernel remembers of connections from and
	// to containers' addresses.
	ForgetAddresses(ctx context.Context, addresses []netip.Addr) error
	// ForgetPorts removes what the kernel remembers of UDP sent to the host
	// ports: the way it took before they were published, or while they were.
	ForgetPorts(ctx context.Context, mappings []hostport.Mapping) error
}

// Firewall is the packet filter's part. All methods are idempotent, and what
// fails has changed nothing, or what it changed is mended by the next call.
type Firewall interface {
	// SetNetwork puts the network's rules in place, in the place of those it
	// had. Its endpoints keep theirs.
	SetNetwork(ctx context.Context, network firewall.Network) error
	// RemoveNetwork takes the rules of the network and its endpoints away.
	RemoveNetwork(ctx context.Context, network string) error
	// SetEndpoint puts the endpoint's rules in place, in the place of those it
	// had. Its network is there.
	SetEndpoint(ctx context.Context, network string, endpoint firewall.Endpoint) error
	// RemoveEndpoint takes the endpoint's rules away.
	RemoveEndpoint(ctx context.Context, network, endpoint string) error
	// Sweep takes away what networks share, where there is none.
	Sweep(ctx context.Context) error
	// Restore makes our rules those of the state, and no others.
	Restore(ctx context.Context, state firewall.State) error
}

// HostPorts holds host ports for endpoints; the owner is an endpoint's ID.
type HostPorts interface {
	// HasIPv6 reports whether ports can be held on IPv6 addresses.
	HasIPv6() bool
	// Hold takes all the ports asked for, or none.
	Hold(owner string, requests []hostport.Request) ([]hostport.Mapping, error)
	// Resume takes the same ports again after a restart; the error is about
	// those that somebody else has now.
	Resume(owner string, mappings []hostport.Mapping) error
	// Release gives the owner's ports back.
	Release(owner string)
}

// undoTime bounds how long a failed call takes to undo what it did, after its
// own deadline has perhaps passed.
const undoTime = 15 * time.Second

// Driver answers for all networks. Its methods may be called concurrently.
type Driver struct {
	state    State
	links    Links
	firewall Firewall
	ports    HostPorts
	log      logrus.FieldLogger
	observe  Observe
	// directRouting opens published ports at the containers' own addresses.
	directRouting bool
	// recovered counts what the state did not know when the driver was opened.
	recovered int

	// mu guards the maps, not what is in a network.
	mu       sync.Mutex
	networks map[NetworkID]*network
	// left are the deletions that are not finished; leaving tells Reap of them.
	left    map[Deletion]*leftover
	leaving chan struct{}
	// swept says that no rules are left that networks share.
	swept bool
	// names are the links of all networks: bridges and the bridges' ends of veth pairs.
	names     map[link.Name]NetworkID
	owners    *Owners
	sandboxes sandboxes

	// reaping is held by who finishes deletions.
	reaping *semaphore.Weighted
}

// undoContext outlives the call that failed, for undoing what it did.
func undoContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), undoTime)
}
