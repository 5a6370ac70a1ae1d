package nftables

import (
	"strings"

	"github.com/google/nftables"

	"mybridge/internal/health"
)

// finding says what is wrong with a part of our table of the family, or with the
// table where the part is "".
func (v view) finding(family nftables.TableFamily, part, problem string) health.Finding {
	subject := "table inet " + v.name
	if family == nftables.TableFamilyBridge {
		subject = "table bridge " + v.name
	}
	if part != "" {
		subject = part + " of " + subject
	}
	return health.Finding{
		Part: health.Rules, Subject: subject, Problem: problem, Meaning: meaning(family, part),
		Fix: "make the tables of nftables again, in one transaction",
	}
}

// meaning is what follows from a damage for users.
func meaning(family nftables.TableFamily, part string) string {
	_, name, _ := strings.Cut(part, " ")
	switch {
	case family == nftables.TableFamilyBridge:
		return "containers can use each other's addresses"
	case name == "":
		return "published ports are not reached, containers do not reach what is outside, and networks are not kept apart"
	case strings.HasPrefix(name, "published"), name == "prerouting", name == "output", name == ownPorts.name:
		return "published ports may not be reached"
	case strings.HasPrefix(name, "leaving"), name == "postrouting", name == answering.name:
		return "containers may not reach what is outside of their network"
	}
	return "containers may be reached by whom they should not, or not by whom they should"
}
