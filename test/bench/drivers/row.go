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
	// Ratio is of mybridge's median to the built-in driver's, or to the one that
	// RatioTo names.
	Ratio   *float64 `json:"ratio,omitempty"`
	RatioTo string   `json:"ratio_to,omitempty"`
	Goal    string   `json:"goal,omitempty"`
	Met     *bool    `json:"met,omitempty"`
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
