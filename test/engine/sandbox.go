package engine

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// sandbox is the first process of an engine's namespaces and what it takes to
// end it.
type sandbox struct {
	command *exec.Cmd
	// lifeline is a pipe that the first process reads: its end, be it by
	// close or by the death of the test process, is the engine's end.
	lifeline     io.Closer
	controlGroup string
}

// settings is what the first process needs to know.
type settings struct {
	// Lower is the read-only root file system.
	Lower string
	// Staging is an empty directory to build the engine's root on.
	Staging string
	// Data is a directory for the state, or empty.
	Data string
	// ControlGroup is the parent of the engine's control groups.
	ControlGroup string
}

// startSandbox creates the namespaces and waits until the engine's root is in
// place. They end with the test.
func startSandbox(t TB, root Root, data string) *sandbox {
	t.Helper()
	box := &sandbox{controlGroup: "/mybridge-test-" + strings.ToLower(rand.Text()[:12])}
	configuration, err := json.Marshal(settings{Lower: root.Dir, Staging: t.TempDir(), Data: data, ControlGroup: box.controlGroup})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.start(string(configuration)); err != nil {
		t.Fatalf("start the namespaces of engine %s: %v", root.Name, err)
	}
	t.Cleanup(func() {
		if err := box.end(); err != nil {
			t.Errorf("end the namespaces of engine %s: %v", root.Name, err)
		}
	})
	return box
}

func (s *sandbox) start(configuration string) error {
	report, reportWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	defer reportWriter.Close()

	command := exec.Command("/proc/self/exe", configuration)
	command.Args[0] = initName
	command.Stdout = reportWriter
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		// An interrupt from the terminal is for the test process alone.
		Setsid: true,
	}
	lifeline, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	s.command, s.lifeline = command, lifeline
	reportWriter.Close()

	line, err := bufio.NewReader(report).ReadString('\n')
	if err == nil && line == readyReport {
		return nil
	}
	_ = s.end()
	return fmt.Errorf("the first process did not get ready: %s", line)
}

// end closes the lifeline and waits for the first process to have tidied up.
func (s *sandbox) end() error {
	s.lifeline.Close()
	timer := time.AfterFunc(20*time.Second, func() { s.command.Process.Kill() })
	defer timer.Stop()
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("first process: %w", err)
	}
	return nil
}

func (s *sandbox) namespaces() namespaces {
	return namespaces{machine: s.command.Process.Pid, network: s.command.Process.Pid}
}
