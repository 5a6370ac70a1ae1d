package main

import (
	"slices"

	"mybridge/test/bench/figures"
)

// row is one figure of the table.
type row struct {
	Part   string `json:"part"`
	Figure string `json:"figure"`
	Unit   string `json:"unit"`
	// BuiltIn is missing where the plugin was measured alone.
	BuiltIn  *spread `json:"bridge,omitempty"`
	Mybridge *spread `json:"mybridge"`
	// Floor is what the engine and the kernel take; it is missing where a plugin's own
	// part is most of a figure.
	Floor *spread `json:"floor,omitempty"`
	// Ratio is of mybridge's median to the built-in driver's, or to the one that
	// RatioTo names.
	Ratio   *float64 `json:"ratio,omitempty"`
	RatioTo string   `json:"ratio_to,omitempty"`
	Goal    string   `json:"goal,omitempty"`
	Met     *bool    `json:"met,omitempty"`
	// FloorRatio is of the floor's median to the built-in driver's.
	FloorRatio *float64 `json:"floor_ratio,omitempty"`
}

// spread is the values of one figure.
type spread struct {
	Median  float64 `json:"median"`
	Lowest  float64 `json:"lowest"`
	Highest float64 `json:"highest"`
	Rounds  int     `json:"rounds"`
}

func newSpread(values figures.Rounds) *spread {
	return &spread{values.Median(), slices.Min(values), slices.Max(values), len(values)}
}

func newRow(part, figure, unit string) *row { return &row{Part: part, Figure: figure, Unit: unit} }

// alone sets the values of a row without the built-in driver.
func (r *row) alone(values figures.Rounds) *row {
	r.Mybridge = newSpread(values)
	return r
}

// between sets the values of both drivers.
func (r *row) between(builtIn, mybridge figures.Rounds) *row {
	r.BuiltIn, r.Mybridge = newSpread(builtIn), newSpread(mybridge)
	ratio := r.Mybridge.Median / r.BuiltIn.Median
	r.Ratio = &ratio
	return r
}

// above sets the floor of a row of both drivers.
func (r *row) above(floor figures.Rounds) {
	r.Floor = newSpread(floor)
	ratio := r.Floor.Median / r.BuiltIn.Median
	r.FloorRatio = &ratio
}

// to sets the ratio to another row.
func (r *row) to(other *row, name string) *row {
	ratio := r.Mybridge.Median / other.Mybridge.Median
	r.Ratio, r.RatioTo = &ratio, name
	return r
}

// RatioText is the ratio as the tables show it.
func (r *row) RatioText() string {
	switch {
	case r.Ratio == nil:
		return ""
	case r.RatioTo != "":
		return figures.Digits(*r.Ratio) + " to that " + r.RatioTo
	}
	return figures.Digits(*r.Ratio)
}

// FloorText is the floor's median and ratio as the tables show them, empty where it was
// not measured.
func (r *row) FloorText() string {
	if r.Floor == nil {
		return ""
	}
	return r.Floor.median() + ", ratio " + figures.Digits(*r.FloorRatio)
}

// MetText is Met as the tables show it.
func (r *row) MetText() string { return figures.Met(r.Met) }

// String is the median, and where there is more than one value the lowest and highest.
func (s *spread) String() string {
	if s.Rounds == 1 {
		return s.median()
	}
	return s.median() + " (" + s.span() + ")"
}

// median is empty where nothing was taken, span also where there is one value.
func (s *spread) median() string {
	if s == nil {
		return ""
	}
	return figures.Digits(s.Median)
}

func (s *spread) span() string {
	if s == nil || s.Rounds == 1 {
		return ""
	}
	return figures.Digits(s.Lowest) + " – " + figures.Digits(s.Highest)
}
