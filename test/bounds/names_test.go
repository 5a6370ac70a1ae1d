package bounds

import (
	"testing"

	"mybridge/test/kernel"
)

// TestNameIsTaken wants an error that says who has the name that a link should get,
// and theirs to stay as it is.
func TestNameIsTaken(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.MustStart()
	p.must(p.createNetwork(1))
	kernel.Run(t, "ip", "link", "add", bridgeOf(2), "type", "veth", "peer", "name", "other")
	kernel.Run(t, "ip", "link", "add", bridgeOf(3), "type", "bridge")
	kernel.Run(t, "ip", "link", "add", "mbv000100010000", "type", "bridge")
	kernel.Run(t, "ip", "link", "set", "mbv000100010000", "alias", "somebody's")
	kernel.Run(t, "ip", "link", "add", "mbp000100020000", "type", "bridge")
	before := p.look()
	p.wantRefused("link "+bridgeOf(2)+" of kind veth is not a bridge", p.createNetwork(2))
	p.wantRefused("bridge "+bridgeOf(3)+".* belongs to somebody else", p.createNetwork(3))
	p.wantRefused(`link mbv000100010000 \(somebody's\) belongs to somebody else`, p.createEndpoint(1, 1))
	p.wantRefused("mbp000100020000.*file exists", p.createEndpoint(1, 2))
	p.must(p.deleteEndpoint(1, 1))
	p.must(p.deleteEndpoint(1, 2))
	p.wantLook(before)
	for _, link := range []string{bridgeOf(2), bridgeOf(3), "mbv000100010000", "mbp000100020000"} {
		kernel.Run(t, "ip", "link", "delete", link)
	}
	p.must(p.createNetwork(2))
	p.must(p.createNetwork(3))
	p.must(p.createEndpoint(1, 1))
	p.must(p.createEndpoint(1, 2))
}
