package iptables

import (
	"context"
	"fmt"
	"strings"

	"github.com/coreos/go-iptables/iptables"

	"mybridge/internal/link"
)

// isolationChain is where engines up to 28 name each bridge of their own.
const isolationChain = "DOCKER-ISOLATION-STAGE-2"

// EngineChains reads the engine's own chains.
type EngineChains struct{ ipv4 *iptables.IPTables }

// OpenEngineChains finds the host's iptables, as Open does.
func OpenEngineChains() (*EngineChains, error) {
	ipv4, err := iptables.New(iptables.Path(chooseVariant()), iptables.Timeout(5))
	if err != nil {
		return nil, fmt.Errorf("finding iptables: %w", err)
	}
	return &EngineChains{ipv4: ipv4}, nil
}

// EngineBridges returns the bridges that stand in the engine's chains, none where
// it has no chain.
func (c *EngineChains) EngineBridges(_ context.Context) ([]link.Name, error) {
	exists, err := c.ipv4.ChainExists("filter", isolationChain)
	if err != nil || !exists {
		return nil, err
	}
	lines, err := c.ipv4.List("filter", isolationChain)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", isolationChain, err)
	}
	var bridges []link.Name
	for _, line := range lines {
		// -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
		fields := strings.Fields(line)
		if len(fields) == 6 && fields[2] == "-o" && fields[5] == "DROP" {
			bridges = append(bridges, link.Name(fields[3]))
		}
	}
	return bridges, nil
}
