package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mybridge/test/bench/figures"
)

// sample has a row of each kind, and what a curve is drawn of.
func sample() *report {
	r := &report{Machine: machine{Kernel: "6.1", Processors: 2}, Engines: []engineFacts{{"28.5", "28.5.2", "iptables v1"}}}
	part := enginePart("28.5.2")
	for _, c := range portCounts {
		slow, quick := float64(100+20*c.ports), float64(100+c.ports)
		r.Rows = append(r.Rows,
			newRow(part, startFigure(c.ports), "ms").between(figures.Rounds{slow, 1, 1e6}, figures.Rounds{quick}).judge("28.5"),
			newRow(part, stopFigure(c.ports), "ms").between(figures.Rounds{2 * slow}, figures.Rounds{quick / 2}).judge("28.5"))
	}
	few := newRow(partScale, "few", "ms").alone(figures.Rounds{4})
	r.Rows = append(r.Rows, few,
		newRow(partScale, figureCreateOfMany, "ms").alone(figures.Rounds{8}).to(few, "few").judge("28.5"),
		newRow(partScale, figureMemory, "MiB").alone(figures.Rounds{64}).judge("28.5"))
	return r
}

func TestPage(t *testing.T) {
	directory := t.TempDir()
	if err := sample().write(directory); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(directory, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| kernel | Linux 6.1 |", "| engine 28.5.2 | iptables v1 |", "(benchmarks/ports-28.5.svg)\n",
		"\n| container start, published ports: 20, ms | 500 (1.00 – 1,000,000) | 120 | 1 | 0.24 | ≤ 0.35 | yes |  |\n",
		"\n| container stop, published ports: 1, ms | 240 | 50.5 | 1 | 0.21 |  |  |  |\n",
		"\n| network create, beside 1,000, ms | 8.00 | 1 | 2.00 to that few | ≤ 1.3 | NO |\n",
		"\n| resident memory, 1,000 endpoints with a port each, MiB | 64.0 | 1 |  | ≤ 64 MiB | yes |\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not have %q:\n%s", want, page)
		}
	}
	content, err := os.ReadFile(filepath.Join(directory, "benchmarks", "figures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var written report
	if err := json.Unmarshal(content, &written); err != nil || len(written.Rows) != len(sample().Rows) || written.Rows[6].BuiltIn.Highest != 1e6 {
		t.Errorf("the JSON has %d rows, %v; want %d, and the highest value", len(written.Rows), err, len(sample().Rows))
	}
}

// TestPicture wants curves whose points are further right with more ports, and further
// up with more time, all of them between the marks.
func TestPicture(t *testing.T) {
	curves := curvesOf(sample().parts()[0].Rows)
	svg := picture("a < b", curves)
	var lines, names []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if element, is := token.(xml.StartElement); is && element.Name.Local == "polyline" {
			lines = append(lines, element.Attr[0].Value)
		}
		if words, is := token.(xml.CharData); is {
			names = append(names, string(words))
		}
	}
	if len(lines) != 4 {
		t.Fatalf("there are %d curves, want 4:\n%s", len(lines), svg)
	}
	for i, line := range lines {
		x, y := -1.0, float64(plotBottom)+1
		for point := range strings.FieldsSeq(line) {
			nextX, nextY := coordinates(t, point)
			if nextX <= x || nextY >= y || nextX > plotRight || nextY < plotTop {
				t.Errorf("curve %d: %s is not right of and above %.1f,%.1f", i, point, x, y)
			}
			x, y = nextX, nextY
		}
		if got := len(strings.Fields(line)); got != len(portCounts) {
			t.Errorf("curve %d has %d points, want %d", i, got, len(portCounts))
		}
	}
	for _, want := range []string{"a < b", "bridge, start", "mybridge, stop", "200", "50 ms", "10 s"} {
		if !strings.Contains(strings.Join(names, "\n"), want) {
			t.Errorf("%q is not written in\n%s", want, svg)
		}
	}
}

func coordinates(t *testing.T, point string) (x, y float64) {
	t.Helper()
	left, right, _ := strings.Cut(point, ",")
	x, errX := strconv.ParseFloat(left, 64)
	y, errY := strconv.ParseFloat(right, 64)
	if err := errors.Join(errX, errY); err != nil {
		t.Fatal(err)
	}
	return x, y
}

// TestLabels wants names that do not lie on each other, in the order of the curves.
func TestLabels(t *testing.T) {
	var curves []curve
	for _, value := range []float64{100, 101, 5000, 99} {
		curves = append(curves, curve{milliseconds: map[int]float64{0: 50, 200: value}})
	}
	places := newTimeScale(curves).labels(curves)
	if !(places[2] < places[1] && places[1]+labelHeight <= places[0] && places[0]+labelHeight <= places[3]) {
		t.Errorf("got places %v", places)
	}
}

func TestTimeScale(t *testing.T) {
	for _, test := range []struct{ lowest, highest, first, last float64 }{
		{72, 9800, 50, 10000}, {100, 100, 100, 200}, {3, 4, 2, 5}, {0.9, 1001, 0.5, 2000},
	} {
		marks := newTimeScale([]curve{{milliseconds: map[int]float64{0: test.lowest, 1: test.highest}}}).marks
		first, last := fmt.Sprintf("%g", marks[0]), fmt.Sprintf("%g", marks[len(marks)-1])
		if first != fmt.Sprint(test.first) || last != fmt.Sprint(test.last) {
			t.Errorf("%g to %g: got marks from %s to %s, want from %g to %g", test.lowest, test.highest, first, last, test.first, test.last)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		figure, engine string
		ratio          float64
		goal           string
		met            bool
	}{
		{startFigure(20), "28.5", 0.35, "≤ 0.35", true},
		{startFigure(20), "28.5", 0.36, "≤ 0.35", false},
		{startFigure(20), "20.10", 0.36, "≤ 0.55", true},
		{throughputOf + outsideToPort, "28.5", 0.97, "≥ 0.98", false},
		{throughputOf + outsideToPort, "28.5", 1.2, "≥ 0.98", true},
	} {
		r := newRow("", test.figure, "").between(figures.Rounds{100}, figures.Rounds{100 * test.ratio}).judge(test.engine)
		if r.Goal != test.goal || *r.Met != test.met {
			t.Errorf("%s with %s at %g: got goal %s, met %t; want %s, %t", test.figure, test.engine, test.ratio, r.Goal, *r.Met, test.goal, test.met)
		}
	}
}
