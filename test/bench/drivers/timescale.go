package main

import (
	"math"
	"slices"
)

// timeScale is a logarithmic scale with marks at 1, 2 and 5 of each power of ten, from
// the one below all values to the one above.
type timeScale struct{ marks []float64 }

func newTimeScale(curves []curve) timeScale {
	lowest, highest := math.Inf(1), 0.0
	for _, c := range curves {
		for _, value := range c.milliseconds {
			lowest, highest = min(lowest, value), max(highest, value)
		}
	}
	var s timeScale
	for power := math.Pow(10, math.Floor(math.Log10(lowest))); ; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			mark := digit * power
			if mark <= lowest {
				s.marks = s.marks[:0]
			}
			s.marks = append(s.marks, mark)
			if mark >= highest && len(s.marks) > 1 {
				return s
			}
		}
	}
}

// y is the place of a value in the picture.
func (s timeScale) y(value float64) float64 {
	bottom, top := math.Log(s.marks[0]), math.Log(s.marks[len(s.marks)-1])
	return plotBottom - (plotBottom-plotTop)*(math.Log(value)-bottom)/(top-bottom)
}

// labels are the places of the curves' names beside their ends, moved down where they
// would lie on each other.
func (s timeScale) labels(curves []curve) []float64 {
	places, order := make([]float64, len(curves)), make([]int, len(curves))
	for i, c := range curves {
		most := 0
		for ports := range c.milliseconds {
			most = max(most, ports)
		}
		places[i], order[i] = s.y(c.milliseconds[most]), i
	}
	slices.SortFunc(order, func(a, b int) int {
		if places[a] < places[b] {
			return -1
		}
		return 1
	})
	for i := range order[:max(0, len(order)-1)] {
		places[order[i+1]] = max(places[order[i+1]], places[order[i]]+labelHeight)
	}
	return places
}
