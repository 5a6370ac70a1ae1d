package main

import (
	"context"
	"path/filepath"

	"mybridge/test/daemon"
)

// programs are the paths of what is measured.
type programs struct{ mybridge, floor string }

func build(ctx context.Context, directory string) (programs, error) {
	built := programs{filepath.Join(directory, "mybridge"), filepath.Join(directory, "floor")}
	if err := daemon.Build(ctx, built.mybridge, "mybridge"); err != nil {
		return built, err
	}
	return built, daemon.Build(ctx, built.floor, "mybridge/test/bench/floor")
}
