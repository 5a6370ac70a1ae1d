package kernel

import (
	"bufio"
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Machine is a network namespace and a host name, held by a process that ends
// with the test. A test that needs more than one network makes a machine of
// each, its own namespace included.
type Machine struct {
	Name string
	// holder's process id is how programs such as ip name the namespace.
	holder int
}

// ThisMachine gives the calling test's namespace, see Namespace, a host name, so
// that goroutines and subtests can run programs in it.
func ThisMachine(t testing.TB, name string) *Machine {
	t.Helper()
	return hold(t, name, syscall.CLONE_NEWUTS)
}

// NewMachine makes a further namespace, with a loopback that is up.
func NewMachine(t testing.TB, name string) *Machine {
	t.Helper()
	m := hold(t, name, syscall.CLONE_NEWUTS|syscall.CLONE_NEWNET)
	m.Configure(t, "link set lo up")
	return m
}

func hold(t testing.TB, name string, namespaces uintptr) *Machine {
	t.Helper()
	holder := exec.Command("sleep", "infinity")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	start(t, holder)
	m := &Machine{Name: name, holder: holder.Process.Pid}
	m.Run(t, "hostname", name)
	return m
}

// start lets a process end with the test, and with the test's thread if there is
// no time to clean up.
func start(t testing.TB, command *exec.Cmd) {
	t.Helper()
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := command.Start(); err != nil {
		t.Fatalf("starting %s: %v", command, err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // says that it was killed
	})
}

// Pid is the process that holds the namespace, as ip link takes it for netns.
func (m *Machine) Pid() string { return strconv.Itoa(m.holder) }

// Command is a program that will run in the machine. Any goroutine may start it.
func (m *Machine) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", m.enter(name, arguments)...)
}

// Run runs a program in the machine and returns what it prints.
func (m *Machine) Run(t testing.TB, name string, arguments ...string) string {
	t.Helper()
	return Run(t, "nsenter", m.enter(name, arguments)...)
}

func (m *Machine) enter(name string, arguments []string) []string {
	return append([]string{"--target", m.Pid(), "--net", "--uts", name}, arguments...)
}

// Configure runs these commands of ip, in one go.
func (m *Machine) Configure(t testing.TB, commands ...string) {
	t.Helper()
	m.Feed(t, strings.Join(commands, "\n"), "ip", "-batch", "-")
}

// Feed runs a program in the machine that reads the input.
func (m *Machine) Feed(t testing.TB, input, name string, arguments ...string) {
	t.Helper()
	command := m.Command(t.Context(), name, arguments...)
	command.Stdin = strings.NewReader(input + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%sreading\n%s", command, err, output, input)
	}
}

// Spawn starts a program that runs until the context or the test ends, waits until
// it has printed the first line, and returns what it prints after that, complaints
// included.
func (m *Machine) Spawn(ctx context.Context, t testing.TB, first, name string, arguments ...string) *bufio.Scanner {
	t.Helper()
	command := m.Command(ctx, name, arguments...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	start(t, command)
	lines := bufio.NewScanner(output)
	if !lines.Scan() || lines.Text() != first {
		t.Fatalf("%s on %s: it says %q instead of %q", command, m.Name, lines.Text(), first)
	}
	return lines
}
