package iptables

import (
	"context"
	"fmt"
	"strings"

	"mybridge/internal/link"
)

// isolationChain is where engines up to 28 name each bridge of their own.
const isolationChain = "DOCKER-ISOLATION-STAGE-2"

// EngineChains reads the engine's own chains.
type EngineChains struct{ program string }

// OpenEngineChains finds the host's iptables, as Open does.
func OpenEngineChains() (*EngineChains, error) {
	program, err := findProgram(chooseVariant(), false)
	if err != nil {
		return nil, fmt.Errorf("finding iptables: %w", err)
	}
	return &EngineChains{program: program}, nil
}

// EngineBridges returns the bridges that stand in the engine's chains, none where
// it has no chain.
func (c *EngineChains) EngineBridges(ctx context.Context) ([]link.Name, error) {
	saved, err := saveFilter(ctx, c.program)
	if err != nil {
		return nil, err
	}
	var bridges []link.Name
	for line := range strings.Lines(saved) {
		// -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
		fields := strings.Fields(line)
		if len(fields) == 6 && fields[1] == isolationChain && fields[2] == "-o" && fields[5] == "DROP" {
			bridges = append(bridges, link.Name(fields[3]))
		}
	}
	return bridges, nil
}
