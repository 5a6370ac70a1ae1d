package main

import "fmt"

// goal is what is wanted of a figure's ratio, or of its median where it has none.
type goal struct {
	// old is wanted with engine 20.10, and new with later ones.
	old, new float64
	// least says that more is better.
	least bool
}

func atMost(value float64) goal { return goal{value, value, false} }

// asMuch is wanted of rates; the rest is what such figures vary by.
var asMuch = goal{0.98, 0.98, true}

// goals are by figure.
var goals = map[string]goal{
	"network create" + first:    {0.30, 0.15, false},
	"network rm" + first:        atMost(0.10),
	"network create" + further:  {0.30, 0.15, false},
	"network rm" + further:      atMost(0.10),
	figureConnect:               atMost(1.1),
	figureDisconnect:            {0.55, 0.45, false},
	startFigure(0):              atMost(1.0),
	startFigure(20):             {0.55, 0.35, false},
	startFigure(200):            {0.10, 0.06, false},
	stopFigure(0):               {0.85, 0.65, false},
	stopFigure(20):              atMost(0.15),
	stopFigure(200):             atMost(0.03),
	startFigure(200) + iptables: atMost(0.12),
	stopFigure(200) + iptables:  atMost(0.12),
	figureBurstStart:            atMost(1.0),
	figureBurstStop:             atMost(0.62),

	throughputOf + containerToContainer:  asMuch,
	throughputOf + containerToOutside:    asMuch,
	throughputOf + outsideToPort:         asMuch,
	connectionsOf + containerToContainer: asMuch,
	connectionsOf + containerToOutside:   asMuch,
	connectionsOf + outsideToPort:        asMuch,

	figureCreateOfMany:   atMost(1.3),
	figureMemory:         atMost(64),
	figureMemoryRestored: atMost(64),
	figureRestart:        atMost(1000),
}

// judge sets the row's goal, if there is one for it with that engine, and whether it
// is met.
func (r *row) judge(engine string) *row {
	g, found := goals[r.Figure]
	if !found {
		return r
	}
	limit, value, unit := g.new, r.Mybridge.Median, " "+r.Unit
	if engine == "20.10" {
		limit = g.old
	}
	if r.Ratio != nil {
		value, unit = *r.Ratio, ""
	}
	sign, met := "≤", value <= limit
	if g.least {
		sign, met = "≥", value >= limit
	}
	r.Goal, r.Met = fmt.Sprintf("%s %g%s", sign, limit, unit), &met
	return r
}
