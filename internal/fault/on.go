//go:build faults

package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var errInjected = errors.New("injected failure")

// waiting is the order that is not carried out yet, and how often its point was
// passed since it was given.
var waiting struct {
	sync.Mutex
	text   string
	passed int
	// done is the order of the environment once it was carried out.
	done string
}

// Point is a place where a test lets something go wrong.
func Point(name string) error {
	action := pass(name)
	switch action.kind {
	case kill:
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		select {} // nothing more happens in this goroutine
	case fail:
		return fmt.Errorf("%w at %s", errInjected, name)
	case delay:
		time.Sleep(action.time)
	}
	return nil
}

// pass notes that the point was passed, and returns what is ordered for it.
func pass(name string) action {
	waiting.Lock()
	defer waiting.Unlock()
	trace(name)
	file := os.Getenv("MYBRIDGE_FAULT_FILE")
	text, fromFile := readOrder(file)
	if text != waiting.text {
		waiting.text, waiting.passed = text, 0
	}
	if text == "" || text == waiting.done {
		return action{}
	}
	order, err := parseOrder(text)
	if err != nil {
		panic(err) // a test that drives nothing would succeed
	}
	if order.point != name {
		return action{}
	}
	if waiting.passed++; waiting.passed < order.time {
		return action{}
	}
	waiting.text = ""
	if !fromFile {
		waiting.done = text
		return order.action
	}
	err = os.Remove(file)
	if errors.Is(err, fs.ErrNotExist) {
		return action{} // withdrawn at this moment
	}
	if err != nil {
		panic(err)
	}
	return order.action
}

// readOrder returns the order that holds now, empty where there is none.
func readOrder(file string) (text string, fromFile bool) {
	content, err := os.ReadFile(file)
	switch {
	case err == nil:
		return string(content), true
	case errors.Is(err, fs.ErrNotExist):
		return os.Getenv("MYBRIDGE_FAULT"), false
	}
	panic(err)
}

// trace appends to the trace, where one is kept.
func trace(name string) {
	path := os.Getenv("MYBRIDGE_FAULT_TRACE")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, err = fmt.Fprintln(file, time.Now().Format(time.RFC3339Nano), name)
	if err := errors.Join(err, file.Close()); err != nil {
		panic(err)
	}
}
