package host

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExplain wants what raises a limit to be said where one is reached, and nothing
// where the same number means something else.
func TestExplain(t *testing.T) {
	forkError := func(err error) error { return &fs.PathError{Op: "fork/exec", Path: "/sbin/iptables", Err: err} }
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"files of the process", fmt.Errorf("binding port: %w", unix.EMFILE), "LimitNOFILE="},
		{"files among others", errors.Join(errors.New("first"), unix.EMFILE), "LimitNOFILE="},
		{"files of all", unix.ENFILE, "fs.file-max"},
		{"processes", forkError(unix.EAGAIN), "TasksMax="},
		{"no such program", forkError(unix.ENOENT), ""},
		{"netlink has timed out", fmt.Errorf("listing links: %w", unix.EAGAIN), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Explain(test.err)
			if !errors.Is(got, test.err) {
				t.Errorf("%q does not wrap %q", got, test.err)
			}
			explained := got.Error() != test.err.Error()
			if explained != (test.want != "") || !strings.Contains(got.Error(), test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}
