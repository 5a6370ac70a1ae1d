package firewalltest

import (
	"strings"
	"testing"

	"mybridge/test/kernel"
)

// builtInChains are made by iptables when they are first used, and stay. They are
// there before and after a back end's rules, so that these can be compared.
const builtInChains = `
*mangle
:PREROUTING ACCEPT
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
COMMIT
*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
COMMIT`

// engineRules are those of an engine up to 27 with two bridge networks, a
// container on each, and port 80 of the first's published as 8090. The user
// denies one of our containers everything, accepts what is sent to a port of
// another, and lets the LANs speak with each other.
const engineRules = `
*nat
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d LOOPBACK -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s SUBNET1 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s SUBNET2 ! -o docker1 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER -i docker1 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8090 -j DNAT --to-destination PUBLISHED
COMMIT
*filter
:FORWARD DROP
:DOCKER -
:DOCKER-USER -
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker1 -j DOCKER
-A FORWARD -i docker1 ! -o docker1 -j ACCEPT
-A FORWARD -i docker1 -o docker1 -j ACCEPT
-A DOCKER -d ENGINE ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -s BANNED -j DROP
-A DOCKER-USER -i lan0 -d ACCEPTED -p tcp -m tcp --dport 81 -j ACCEPT
-A DOCKER-USER -i lan0 -o lan1 -j ACCEPT
-A DOCKER-USER -i lan1 -o lan0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT`

func (w *world) addBuiltInChains(t *testing.T) {
	t.Helper()
	w.host.Feed(t, builtInChains, "iptables-restore")
	w.host.Feed(t, builtInChains, "ip6tables-restore")
}

func (w *world) addEngineRules(t *testing.T) {
	t.Helper()
	engine, banned, accepted := w.addresses["engine"], w.addresses["banned"], w.addresses["peer"]
	rules := strings.NewReplacer(
		"LOOPBACK", "127.0.0.0/8",
		"SUBNET1", "172.17.0.0/16",
		"SUBNET2", "172.18.0.0/16",
		"PUBLISHED", engine[ipv4].String()+":80",
		"ENGINE", engine[ipv4].String(),
		"BANNED", banned[ipv4].String(),
		"ACCEPTED", accepted[ipv4].String())
	w.host.Feed(t, rules.Replace(engineRules), "iptables-restore", "--noflush")
	rules = strings.NewReplacer(
		"LOOPBACK", "::1/128",
		"SUBNET1", "fd00:1000::/64",
		"SUBNET2", "fd00:2000::/64",
		"PUBLISHED", "["+engine[ipv6].String()+"]:80",
		"ENGINE", engine[ipv6].String(),
		"BANNED", banned[ipv6].String(),
		"ACCEPTED", accepted[ipv6].String())
	w.host.Feed(t, rules.Replace(engineRules), "ip6tables-restore", "--noflush")
}

// rules are all the host's, as a person lists them, without counters.
func (w *world) rules(t *testing.T) string {
	t.Helper()
	return kernel.Run(t, "nft", "--stateless", "list", "ruleset")
}
