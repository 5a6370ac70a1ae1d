package store_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"mybridge/test/kernel"
)

// childVariable is set in a test's second process.
const childVariable = "MYBRIDGE_TEST_CHILD"

// inChild runs the rest of the calling test in a process of its own and reports
// what it says; there it returns true. What the test does to that process or its
// mounts ends with it.
func inChild(t *testing.T, attributes *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv(childVariable) == "1" {
		return true
	}
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	command := exec.Command(os.Args[0], "-test.run", pattern, "-test.v")
	command.Env = append(os.Environ(), childVariable+"=1", "GORACE=atexit_sleep_ms=0")
	command.SysProcAttr = attributes
	output, err := command.CombinedOutput()
	if err == nil && strings.Contains(string(output), "--- SKIP: "+t.Name()) {
		kernel.Skip(t, "the test in a process of its own was skipped")
	}
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Errorf("in a process of its own: %v\n%s", err, output)
	}
	return false
}
