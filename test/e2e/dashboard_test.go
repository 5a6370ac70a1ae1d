package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const dashboard = "../../docs/grafana/mybridge.json"

// given are labels that Prometheus itself adds to what it scrapes.
var given = []string{"job", "instance"}

// What an expression of the dashboard is made of: selectors, which begin with a metric's
// name, lists of labels, and words of the language.
var (
	sampleLine = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)(=~|=)"([^"]*)"`)
	selector   = regexp.MustCompile(`([a-z]+_[a-z_]+)(\{[^}]*\})?`)
	grouping   = regexp.MustCompile(`\bby \(([a-z, ]*)\)`)
	word       = regexp.MustCompile(`[a-zA-Z_]+`)
	duration   = regexp.MustCompile(`\[(\$__rate_interval|1h)\]`)
	legendName = regexp.MustCompile(`\{\{([^}]*)\}\}`)
	language   = strings.Fields("histogram_quantile increase or rate sum time topk vector")
)

// scrape is which values each metric's labels have.
type scrape map[string]map[string][]string

func parseScrape(text string) scrape {
	s := scrape{}
	for _, line := range sampleLine.FindAllStringSubmatch(text, -1) {
		labels := s[line[1]]
		if labels == nil {
			labels = map[string][]string{}
			s[line[1]] = labels
		}
		for _, pair := range labelPair.FindAllStringSubmatch(line[2], -1) {
			labels[pair[1]] = append(labels[pair[1]], pair[3])
		}
	}
	return s
}

// wantDashboard wants each metric, each label, and each value that the dashboard asks
// for to be in what was scraped.
func wantDashboard(t *testing.T, text string) {
	t.Helper()
	s := parseScrape(text)
	content, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Type, Query string }
		}
	}
	if err := json.Unmarshal(content, &board); err != nil {
		t.Fatalf("%s: %v", dashboard, err)
	}
	asked := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			asked++
			s.wantExpression(t, target.Expr, target.LegendFormat)
		}
	}
	for _, variable := range board.Templating.List {
		if query, isQuery := strings.CutPrefix(variable.Query, "label_values("); isQuery {
			expression, label, _ := strings.Cut(strings.TrimSuffix(query, ")"), ", ")
			asked++
			s.wantExpression(t, expression, "{{"+label+"}}")
		}
	}
	if asked < 20 {
		t.Errorf("only %d expressions were found in %s", asked, dashboard)
	}
}

func (s scrape) wantExpression(t *testing.T, expression, legend string) {
	t.Helper()
	if strings.Count(expression, "(") != strings.Count(expression, ")") {
		t.Errorf("the parentheses of %s do not match", expression)
	}
	known := slices.Clone(given)
	rest := duration.ReplaceAllString(expression, "")
	for _, found := range selector.FindAllStringSubmatch(rest, -1) {
		if slices.Contains(language, found[1]) {
			continue
		}
		labels, scraped := s[found[1]]
		if !scraped {
			t.Errorf("there is no metric %s, which %s asks for", found[1], expression)
			continue
		}
		rest = strings.Replace(rest, found[0], "", 1)
		for name := range labels {
			known = append(known, name)
		}
		for _, pair := range labelPair.FindAllStringSubmatch(found[2], -1) {
			isGiven := slices.Contains(given, pair[1]) && strings.HasPrefix(pair[3], "$")
			if !isGiven && !slices.Contains(labels[pair[1]], pair[3]) {
				t.Errorf("%s is never %s of %s, as %s asks", pair[3], pair[1], found[1], expression)
			}
		}
	}
	for _, list := range grouping.FindAllStringSubmatch(rest, -1) {
		for label := range strings.SplitSeq(list[1], ", ") {
			if !slices.Contains(known, label) {
				t.Errorf("no metric of %s has the label %s", expression, label)
			}
		}
	}
	for _, left := range word.FindAllString(grouping.ReplaceAllString(rest, ""), -1) {
		if !slices.Contains(language, left) {
			t.Errorf("%q in %s is no metric, nor a word that this test knows", left, expression)
		}
	}
	for _, found := range legendName.FindAllStringSubmatch(legend, -1) {
		if !slices.Contains(known, found[1]) {
			t.Errorf("the legend of %s has the label %s, which nothing has", expression, found[1])
		}
	}
}
