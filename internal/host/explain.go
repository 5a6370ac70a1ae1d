package host

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Explain adds to an error that says that something ran out what it was, and what
// raises the limit. Any other error it returns as it is.
func Explain(err error) error {
	switch {
	case errors.Is(err, unix.EMFILE):
		return fmt.Errorf("%w: the plugin may have no more than %s files open: raise LimitNOFILE= of its unit, or 'ulimit -n'", err, fileLimit())
	case errors.Is(err, unix.ENFILE):
		return fmt.Errorf("%w: all processes together have as many files open as they may: raise the sysctl fs.file-max", err)
	case isNoProcess(err):
		return fmt.Errorf("%w: no further process can be started: raise TasksMax= of the plugin's unit, 'ulimit -u', or the sysctl kernel.pid_max", err)
	}
	return err
}

func fileLimit() string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return "its limit of"
	}
	return fmt.Sprint(limit.Cur)
}

// isNoProcess tells what fork(2) says from what else means "try again".
func isNoProcess(err error) bool {
	start, ok := errors.AsType[*fs.PathError](err)
	return ok && start.Op == "fork/exec" && errors.Is(start.Err, unix.EAGAIN)
}
