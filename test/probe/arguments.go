package main

import (
	"flag"
	"fmt"
)

// parseOne parses the flags and the one argument that follows them.
func parseOne(flags *flag.FlagSet, arguments []string) (string, error) {
	if err := flags.Parse(arguments); err != nil {
		return "", fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() != 1 {
		return "", fmt.Errorf("%w: %s takes one argument", errUsage, flags.Name())
	}
	return flags.Arg(0), nil
}
