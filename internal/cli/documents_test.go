package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are what a user reads, by their files' names.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(content)
		}
	}
	return texts
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]+))?\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ (.+)$`)
	// A command begins a span or a line of code, after a prompt perhaps.
	commandPattern = regexp.MustCompile("(?m)(?:`|^    |^# )(?:sudo )?(?:bin/|docker )?mybridge ([a-z][^`;|#\n]*)")
)

// TestLinks wants the documents' links to files and headings to lead somewhere.
func TestLinks(t *testing.T) {
	texts := documents(t)
	for file, text := range texts {
		for _, link := range linkPattern.FindAllStringSubmatch(text, -1) {
			target := file
			if link[1] != "" {
				target = filepath.Join(filepath.Dir(file), link[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", file, link[1], err)
				continue
			}
			if link[2] != "" && !hasAnchor(texts[target], link[2]) {
				t.Errorf("%s: %s has no heading #%s", file, target, link[2])
			}
		}
	}
}

// hasAnchor knows how headings become anchors.
func hasAnchor(text, anchor string) bool {
	for _, heading := range headingPattern.FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		if strings.ReplaceAll(name, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestCommandsInDocuments wants the commands and flags that documents show to be there.
func TestCommandsInDocuments(t *testing.T) {
	seen := 0
	for file, text := range documents(t) {
		for _, match := range commandPattern.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(match[1])
			command, _, err := Commands().Find(words)
			if err != nil || command.HasSubCommands() && !command.HasParent() {
				t.Errorf("%s: 'mybridge %s' is no command", file, match[1])
				continue
			}
			seen++
			for _, word := range words {
				name, isFlag := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(name, "=")
				if isFlag && command.Flag(name) == nil && command.InheritedFlags().Lookup(name) == nil {
					t.Errorf("%s: 'mybridge %s' has no flag --%s", file, match[1], name)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d commands are found, want those of all documents", seen)
	}
}
