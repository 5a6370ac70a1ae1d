package main

import (
	_ "embed" // for the page's template
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// part is a section of the page: an engine's rows, or the plugin's alone.
type part struct {
	Name string
	// Picture is the name of its curve's file; empty where there is none.
	Picture string
	Alone   bool
	Rows    []*row
	curves  []curve
}

// parts are in the order of the rows.
func (r *report) parts() []*part {
	var parts []*part
	for _, row := range r.Rows {
		if len(parts) == 0 || parts[len(parts)-1].Name != row.Part {
			parts = append(parts, &part{Name: row.Part, Alone: row.BuiltIn == nil})
		}
		last := parts[len(parts)-1]
		last.Rows = append(last.Rows, row)
	}
	for _, p := range parts {
		for _, e := range r.Engines {
			if p.curves = curvesOf(p.Rows); p.Name == enginePart(e.Version) && len(p.curves) > 0 {
				p.Picture = "ports-" + e.Name + ".svg"
			}
		}
	}
	return parts
}

// write writes the report as Markdown, and below benchmarks as JSON and as curves.
func (r *report) write(directory string) error {
	pictures := filepath.Join(directory, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	parts := r.parts()
	for _, p := range parts {
		if p.Picture == "" {
			continue
		}
		content := picture(p.Name+": start and stop of a container", p.curves)
		if err := os.WriteFile(filepath.Join(pictures, p.Picture), []byte(content), 0o644); err != nil {
			return err
		}
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(pictures, "figures.json"), append(content, '\n'), 0o644); err != nil {
		return err
	}
	var page strings.Builder
	err = pageTemplate.Execute(&page, struct {
		*report
		Parts []*part
	}{r, parts})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "benchmarks.md"), []byte(page.String()), 0o644)
}
