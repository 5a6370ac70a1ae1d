package main

import (
	"context"
	"fmt"
)

// operation is what is measured with one engine.
type operation struct {
	name string
	// share is of how many rounds one is made: what takes longer gets fewer.
	share   int
	measure func(ctx context.Context, h *host, rounds int) ([]*row, error)
}

// portCounts are the numbers of published ports that the curve is drawn of, each with
// its share.
var portCounts = []struct{ ports, share int }{{0, 1}, {1, 1}, {10, 1}, {20, 1}, {50, 2}, {100, 3}, {mostPorts, 4}}

const mostPorts = 200

// operations are in the order of the table.
func operations() []operation {
	all := []operation{
		{"network", 1, measureNetwork},
		{"connect", 1, measureConnect},
	}
	for _, c := range portCounts {
		all = append(all, operation{fmt.Sprintf("ports-%d", c.ports), c.share, func(ctx context.Context, h *host, rounds int) ([]*row, error) {
			return measureContainer(ctx, h, rounds, c.ports, "")
		}})
	}
	return append(all,
		operation{"burst", 4, measureBurst},
		operation{"networks", 6, measureNetworks},
		operation{"iptables", 4, measureIPTables},
		operation{"traffic", 3, measureTraffic},
	)
}

// compare makes a row of each figure that was taken.
func (h *host) compare(all taken, unit string, names ...string) []*row {
	var rows []*row
	for i, name := range names {
		rows = append(rows, newRow(enginePart(h.Root().Version), name, unit).between(all[builtIn][i], all[mybridge][i]).judge(h.Root().Name))
		if all[floor] != nil {
			rows[i].above(all[floor][i])
		}
	}
	return rows
}
