// Manual writes the man pages and the shells' completions from the commands
// themselves. It is a program of its own, so that mybridge does not carry what
// writes them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"mybridge/internal/cli"
)

func main() {
	directory := flag.String("output", "build/manual", "directory to write to, made where it is missing")
	version := flag.String("version", "unknown", "version that the pages name")
	flag.Parse()
	if err := write(*directory, *version); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func write(directory, version string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	root := cli.Commands()
	prepare(root)
	// The date is that of SOURCE_DATE_EPOCH where it is set.
	header := &doc.GenManHeader{Section: "8", Source: "mybridge " + version, Manual: "mybridge"}
	return errors.Join(
		doc.GenManTree(root, header, directory),
		root.GenBashCompletionFileV2(filepath.Join(directory, "mybridge.bash"), true),
		root.GenZshCompletionFile(filepath.Join(directory, "mybridge.zsh")),
		root.GenFishCompletionFile(filepath.Join(directory, "mybridge.fish"), true),
	)
}

// prepare leaves out who wrote the page, and when, and lets lists keep their lines: the
// library takes the text for Markdown, where those want four spaces.
func prepare(command *cobra.Command) {
	command.DisableAutoGenTag = true
	command.Long = strings.ReplaceAll(command.Long, "\n  ", "\n    ")
	for _, child := range command.Commands() {
		prepare(child)
	}
}
