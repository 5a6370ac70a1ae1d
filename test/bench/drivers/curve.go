package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Where the plot is in the picture, in pixels, and how far apart labels have to be.
const (
	pictureWidth, pictureHeight = 760, 420
	plotLeft, plotRight         = 80, 600
	plotTop, plotBottom         = 50, 360
	labelHeight                 = 17
)

// curve is a line of the picture.
type curve struct {
	name   string
	colour string
	dashed bool
	// milliseconds are by number of published ports.
	milliseconds map[int]float64
}

// curvesOf are of one engine's rows; none where the rows are not there.
func curvesOf(rows []*row) []curve {
	of := func(figure func(ports int) string, value func(r *row) *spread) map[int]float64 {
		values := map[int]float64{}
		for _, c := range portCounts {
			for _, r := range rows {
				if r.Figure == figure(c.ports) {
					values[c.ports] = value(r).Median
				}
			}
		}
		return values
	}
	bridges, ours := func(r *row) *spread { return r.BuiltIn }, func(r *row) *spread { return r.Mybridge }
	// Colours that are read on white and on black.
	all := []curve{
		{"bridge, stop", "#db6d28", true, of(stopFigure, bridges)},
		{"bridge, start", "#db6d28", false, of(startFigure, bridges)},
		{"mybridge, start", "#388bfd", false, of(startFigure, ours)},
		{"mybridge, stop", "#388bfd", true, of(stopFigure, ours)},
	}
	return slices.DeleteFunc(all, func(c curve) bool { return len(c.milliseconds) < 2 })
}

// picture draws the curves as SVG, the time on a logarithmic scale.
func picture(title string, curves []curve) string {
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="13" fill="#7d8590">`+"\n", pictureWidth, pictureHeight)
	fmt.Fprintf(&svg, "<title>%s</title>\n", escape(title))
	text(&svg, plotLeft, plotTop-24, "start", title)
	text(&svg, (plotLeft+plotRight)/2, plotBottom+44, "middle", "published ports")

	scale := newTimeScale(curves)
	for _, mark := range scale.marks {
		y := scale.y(mark)
		fmt.Fprintf(&svg, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#7d8590" stroke-opacity="0.3"/>`+"\n", plotLeft, y, plotRight, y)
		text(&svg, plotLeft-8, y+4, "end", readable(mark))
	}
	last := math.Inf(-1)
	for _, count := range portCounts {
		if x := portsX(count.ports); x-last > labelHeight {
			text(&svg, x, plotBottom+20, "middle", fmt.Sprint(count.ports))
			last = x
		}
	}
	places := scale.labels(curves)
	for i, c := range curves {
		var points []string
		for _, count := range portCounts {
			value, taken := c.milliseconds[count.ports]
			if !taken {
				continue
			}
			x, y := portsX(count.ports), scale.y(value)
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
			fmt.Fprintf(&svg, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, c.colour)
		}
		dashes := ""
		if c.dashed {
			dashes = ` stroke-dasharray="6 4"`
		}
		fmt.Fprintf(&svg, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.Join(points, " "), c.colour, dashes)
		fmt.Fprintf(&svg, `<text x="%d" y="%.1f" fill="%s">%s</text>`+"\n", plotRight+10, places[i]+4, c.colour, escape(c.name))
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

func text(svg *strings.Builder, x, y float64, anchor, words string) {
	fmt.Fprintf(svg, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, escape(words))
}

func escape(words string) string {
	var escaped strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&escaped, []byte(words))
	return escaped.String()
}

func portsX(ports int) float64 {
	return plotLeft + (plotRight-plotLeft)*float64(ports)/mostPorts
}

// readable writes a mark of the time scale.
func readable(milliseconds float64) string {
	if milliseconds >= 1000 {
		return fmt.Sprintf("%g s", milliseconds/1000)
	}
	return fmt.Sprintf("%g ms", milliseconds)
}
