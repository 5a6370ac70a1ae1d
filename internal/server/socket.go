package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// dialTime is how long Listen waits for a socket that is there to answer.
const dialTime = time.Second

// longestPath is the length of a unix socket's path, its closing zero aside.
const longestPath = 107

// ErrLive says that somebody listens on the socket already.
var ErrLive = errors.New("somebody listens there already")

// Listen opens a unix socket that only root may use, making its directory where
// it is missing. A socket that nobody listens on is replaced; where somebody
// does it fails with ErrLive, and anything that is no socket is left alone.
func Listen(path string) (net.Listener, error) {
	listener, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	return listener, nil
}

func listen(path string) (net.Listener, error) {
	if len(path) > longestPath {
		return nil, fmt.Errorf("the path has %d characters, a socket's has at most %d", len(path), longestPath)
	}
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lockDirectory(directory)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// lockDirectory keeps two starts at the same time from each taking the other's
// fresh socket for a stale one. The lock leaves no file behind.
func lockDirectory(path string) (unlock func(), err error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(directory.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), directory.Close())
	}
	return func() { _ = directory.Close() }, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("there is a %s, which is left alone", kind(info))
	}
	connection, err := net.DialTimeout("unix", path, dialTime)
	if err == nil {
		_ = connection.Close()
		return ErrLive
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("finding out whether somebody listens: %w", err)
	}
	return os.Remove(path)
}

func kind(info fs.FileInfo) string {
	switch {
	case info.Mode().IsRegular():
		return "regular file"
	case info.IsDir():
		return "directory"
	case info.Mode()&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "special file"
}
