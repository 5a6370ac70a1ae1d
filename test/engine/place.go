package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Place is where commands run: an engine's namespaces, or a neighbour's.
type Place struct {
	t          TB
	namespaces namespaces
	timeout    time.Duration
}

// Run runs a command and returns its standard output without the line breaks
// at its end. The error has the standard error output in it.
func (p Place) Run(arguments ...string) (string, error) {
	return p.runWith(nil, arguments...)
}

// MustRun is Run for commands that have to succeed.
func (p Place) MustRun(arguments ...string) string {
	p.t.Helper()
	output, err := p.Run(arguments...)
	if err != nil {
		p.t.Fatal(err)
	}
	return output
}

// runWith is Run with a standard input.
func (p Place) runWith(input []byte, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	var output, problems bytes.Buffer
	command := newCommand(ctx, arguments)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &problems
	// What the command may have left in the background keeps the pipes open. On a busy
	// machine its output may come seconds after its end.
	command.WaitDelay = 20 * time.Second

	err := p.namespaces.start(command)
	if err == nil {
		err = command.Wait()
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("did not end within %s: %w", p.timeout, err)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimRight(output.String(), "\n"), err
}

// newCommand leaves it to the namespaces to find the program.
func newCommand(ctx context.Context, arguments []string) *exec.Cmd {
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Path, command.Err = arguments[0], nil
	return command
}
