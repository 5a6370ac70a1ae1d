package iptables

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// prefix begins the name of each chain of ours.
const prefix = "MYBRIDGE-"

// defaultInstance is the instance whose chains carry no suffix.
const defaultInstance = "mybridge"

// names are how an instance calls its chains: the prefix, a part without a dash,
// and the instance's suffix.
type names struct{ suffix string }

// newNames tells instances apart by a hash, as a chain's name has at most 28
// characters, too few for the instance's.
func newNames(instance string) names {
	if instance == defaultInstance {
		return names{}
	}
	sum := sha256.Sum256([]byte(instance))
	return names{suffix: "-" + hex.EncodeToString(sum[:])[:7]}
}

func (n names) name(part string) string { return prefix + part + n.suffix }

// ofNetwork begins as the network's ID does; the rest is a hash, as two may begin alike.
func (n names) ofNetwork(id string) string {
	sum := sha256.Sum256([]byte(id))
	return n.name(id[:min(len(id), 4)] + hex.EncodeToString(sum[:])[:7])
}

// own reports whether the chain of that name is this instance's.
func (n names) own(name string) bool {
	part, prefixed := strings.CutPrefix(name, prefix)
	part, suffixed := strings.CutSuffix(part, n.suffix)
	return prefixed && suffixed && !strings.Contains(part, "-")
}

// hooks are the jumps by which packets come into chains of ours: in the table, from
// the end of the built-in chain, to ours of that part of a name.
var hooks = []struct{ table, builtin, part string }{
	{"mangle", "INPUT", "INPUT"},
	{"mangle", "FORWARD", "FORWARD"},
	{"nat", "PREROUTING", "PUBLISHED"},
	{"nat", "OUTPUT", "PUBLISHED"},
	{"nat", "POSTROUTING", "POSTROUTING"},
	{"filter", "FORWARD", "FORWARD"},
}

// ownJump reports whether the rule of that built-in chain is a jump of ours.
func (n names) ownJump(c chain, rule string) bool {
	target, jumps := strings.CutPrefix(rule, "-j ")
	if !jumps || !n.own(target) {
		return false
	}
	for _, hook := range hooks {
		if c == (chain{hook.table, hook.builtin}) {
			return true
		}
	}
	return false
}
