package install

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mybridge/test/kernel"
)

const (
	// version is that of the release which the tests make.
	version = "1.2.3"
	// released is what a released file's name begins with.
	released = "mybridge-" + version + "-linux-"
)

// shared is a directory for what the tests share.
var shared string

func TestMain(m *testing.M) { os.Exit(withShared(m.Run)) }

func withShared(run func() int) int {
	directory, err := os.MkdirTemp("", "mybridge-install-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	shared = directory
	return run()
}

// start lets the test run beside others, where it can run at all.
func start(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		kernel.Skip(t, "to make and install what is released needs root")
	}
	t.Parallel()
}

// tools builds what 'make lint' and 'make release' leave in build/tools as well.
var tools = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "build", "tools"), run("make", "-C", root, "tools")
})

// tool returns the path of a tool.
func tool(t *testing.T, name string) string {
	t.Helper()
	directory, err := tools()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(directory, name+"-v*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("there is no %s in %s: %v", name, directory, err)
	}
	return found[len(found)-1]
}

// sources is a copy of what is built, as make writes beside it.
var sources = sync.OnceValues(func() (string, error) {
	directory := filepath.Join(shared, "sources")
	if err := os.Mkdir(directory, 0o755); err != nil {
		return "", err
	}
	for _, pattern := range []string{"*.go", "go.*", "LICENSE", "Makefile", "*.md", "docs", "driver", "internal", "ipam", "packaging", "plugin"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			return "", err
		}
		if err := run("cp", append([]string{"--recursive", "--target-directory", directory}, found...)...); err != nil {
			return "", err
		}
	}
	return directory, nil
})

// release returns the directory in which it was made.
var release = sync.OnceValues(func() (string, error) {
	return build("release")
})

// build makes the targets in a copy of the sources of its own, and returns that.
func build(targets ...string) (string, error) {
	tools, err := tools()
	if err != nil {
		return "", err
	}
	sources, err := sources()
	if err != nil {
		return "", err
	}
	directory, err := os.MkdirTemp(shared, "build-")
	if err != nil {
		return "", err
	}
	if err := run("cp", "--recursive", sources+"/.", directory); err != nil {
		return "", err
	}
	arguments := []string{"-C", directory, "TOOLS=" + tools, "VERSION=" + version, "SOURCE_DATE_EPOCH=1700000000"}
	return directory, run("make", append(arguments, targets...)...)
}

// file returns the path of a released file.
func file(t *testing.T, name string) string {
	t.Helper()
	directory, err := release()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(directory, "build", "release", name)
}

func run(name string, arguments ...string) error {
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, output)
	}
	return nil
}
