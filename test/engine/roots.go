package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mybridge/test/kernel"
)

// Root is a prepared root file system with a docker engine in it.
type Root struct {
	// Name is the engine's major and minor version, such as "20.10".
	Name string
	// Version is the engine's full version, as dockerd tells it.
	Version string
	// Dir is where the root file system is. It is never written to.
	Dir string
}

// versionFile is written by setup.sh once a root is complete.
const versionFile = ".mybridge-engine"

// Roots returns the prepared root file systems, oldest engine first. It skips
// the test when engines cannot run here, or fails it when
// MYBRIDGE_TEST_NO_SKIP is 1.
func Roots(t TB) []Root {
	t.Helper()
	if os.Geteuid() != 0 {
		kernel.Skip(t, "engines need root")
	}
	roots, err := findRoots(cacheDirectory())
	if err != nil {
		kernel.Skip(t, err.Error())
	}
	if len(roots) == 0 {
		kernel.Skip(t, "there are no engines in "+cacheDirectory())
	}
	return roots
}

// Versions returns the names of the prepared root file systems.
func Versions(t TB) []string {
	t.Helper()
	var names []string
	for _, root := range Roots(t) {
		names = append(names, root.Name)
	}
	return names
}

// cacheDirectory is the directory that setup.sh uses.
func cacheDirectory() string {
	if directory := os.Getenv("MYBRIDGE_TEST_CACHE"); directory != "" {
		return directory
	}
	directory, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(directory, "mybridge-test")
}

func findRoots(cache string) ([]Root, error) {
	files, err := filepath.Glob(filepath.Join(cache, "engine-*", versionFile))
	if err != nil {
		return nil, err
	}
	var roots []Root
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		// An unfinished root may have been left by an interrupted setup.
		if directory := filepath.Dir(file); filepath.Ext(directory) != ".partial" {
			roots = append(roots, newRoot(directory, strings.TrimSpace(string(content))))
		}
	}
	slices.SortFunc(roots, func(a, b Root) int { return strings.Compare(a.Name, b.Name) })
	return roots, nil
}

func newRoot(directory, version string) Root {
	name := version
	if parts := strings.SplitN(version, ".", 3); len(parts) == 3 {
		name = parts[0] + "." + parts[1]
	}
	return Root{Name: name, Version: version, Dir: directory}
}
