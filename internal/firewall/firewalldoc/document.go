package firewalldoc

import (
	"fmt"
	"strings"
)

// pageWidth is how long lines of text are, in characters.
const pageWidth = 96

// document is a page under way.
type document struct{ strings.Builder }

func newDocument(title string) *document {
	d := &document{}
	d.WriteString("<!-- Written by 'make docs' from the rules themselves. -->\n\n# " + title + "\n")
	return d
}

func (d *document) heading(title string) { d.WriteString("\n## " + title + "\n") }

func (d *document) paragraph(format string, arguments ...any) {
	d.WriteString("\n" + strings.Join(wrap(fmt.Sprintf(format, arguments...), ""), "\n") + "\n")
}

// fence adds lines as a terminal shows them, if there are any.
func (d *document) fence(lines []string) {
	if len(lines) > 0 {
		d.WriteString("\n```\n" + strings.Join(lines, "\n") + "\n```\n")
	}
}

// wrap breaks text into lines that begin with the prefix.
func wrap(text, prefix string) []string {
	lines := []string{prefix}
	for _, word := range strings.Fields(text) {
		line := &lines[len(lines)-1]
		switch {
		case *line == prefix:
			*line += word
		case len([]rune(*line))+1+len([]rune(word)) > pageWidth:
			lines = append(lines, prefix+word)
		default:
			*line += " " + word
		}
	}
	return lines
}
