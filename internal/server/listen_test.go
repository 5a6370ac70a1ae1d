package server

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// needListen listens on path until the test's end.
func needListen(t *testing.T, path string) net.Listener {
	t.Helper()
	listener, err := Listen(path)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // closed by some tests already
	return listener
}

// wantAlive checks that what is sent to path arrives at listener.
func wantAlive(t *testing.T, listener net.Listener, path string) {
	t.Helper()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, "alive")
			_ = connection.Close()
		}
	}()
	connection, err := net.DialTimeout("unix", path, 5*time.Second)
	if err != nil {
		t.Errorf("nobody listens: %v", err)
		return
	}
	got, err := io.ReadAll(connection)
	if err = errors.Join(err, connection.Close()); err != nil || string(got) != "alive" {
		t.Errorf("got %q, %v from the socket, want alive", got, err)
	}
}

// leaveStale makes the socket file of a process that is gone.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestListenFresh(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "x.sock")
	listener := needListen(t, path)
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), os.ModeSocket|0o600; got != want {
		t.Errorf("the socket has mode %s, want %s", got, want)
	}
	wantAlive(t, listener, path)
	if err := listener.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) > 0 {
		t.Errorf("after Close the directory has %v, %v, want nothing", entries, err)
	}
}

func TestListenReplacesStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	leaveStale(t, path)
	wantAlive(t, needListen(t, path), path)
}

func TestListenLive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	first := needListen(t, path)
	_, err := Listen(path)
	if !errors.Is(err, ErrLive) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Listen: got error %v, want ErrLive and the path", err)
	}
	wantAlive(t, first, path)
}

// TestListenAtOnce has several start at the same time, over a stale socket: one
// gets it and keeps it.
func TestListenAtOnce(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "x.sock")
		leaveStale(t, path)
		var all sync.WaitGroup
		listeners := make(chan net.Listener, 8)
		for range cap(listeners) {
			all.Go(func() {
				listener, err := Listen(path)
				if err == nil {
					listeners <- listener
				} else if !errors.Is(err, ErrLive) {
					t.Errorf("Listen: got error %v, want none or ErrLive", err)
				}
			})
		}
		all.Wait()
		close(listeners)
		if len(listeners) != 1 {
			t.Errorf("%d listen, want 1", len(listeners))
		}
		for listener := range listeners {
			wantAlive(t, listener, path)
			_ = listener.Close()
		}
	}
}

// TestListenLeavesAlone checks that nothing but a dead socket is removed.
func TestListenLeavesAlone(t *testing.T) {
	tests := []struct {
		name, kind string
		make       func(path string) error
	}{
		{"file", "regular file", func(path string) error { return os.WriteFile(path, []byte("mine"), 0o640) }},
		{"empty file", "regular file", func(path string) error { return os.WriteFile(path, nil, 0o640) }},
		{"directory", "directory", func(path string) error { return os.Mkdir(path, 0o750) }},
		{"link", "symbolic link", func(path string) error { return os.Symlink("target", path) }},
		{"link to a socket", "symbolic link", func(path string) error {
			target := path + ".target"
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: target, Net: "unix"})
			if err != nil {
				return err
			}
			listener.SetUnlinkOnClose(false)
			return errors.Join(listener.Close(), os.Symlink(target, path))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.sock")
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			listener, err := Listen(path)
			if err == nil {
				t.Fatal(errors.Join(errors.New("Listen took its place"), listener.Close()))
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.kind) {
				t.Errorf("got error %q, want it to name %s and %q", err, path, test.kind)
			}
			after, err := os.Lstat(path)
			if err != nil || after.Mode() != before.Mode() || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
				t.Errorf("after Listen there is %v, %v, want what was there: %v", after, err, before)
			}
		})
	}
}

// TestListenPathLength checks the longest path and one longer, for which
// nothing is made.
func TestListenPathLength(t *testing.T) {
	directory := t.TempDir()
	longest := filepath.Join(directory, strings.Repeat("x", 107-len(directory)-1))
	wantAlive(t, needListen(t, longest), longest)
	tooLong := filepath.Join(directory, "sub", strings.Repeat("x", 108-len(directory)-5))
	_, err := Listen(tooLong)
	if err == nil || !strings.Contains(err.Error(), "108 characters") || !strings.Contains(err.Error(), "at most 107") {
		t.Errorf("path of 108 characters: got error %v, want it to name 108 and 107", err)
	}
	if _, err := os.Stat(filepath.Join(directory, "sub")); err == nil {
		t.Error("a directory was made for the path that is too long")
	}
}

func TestListenWhereNoDirectoryCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(filepath.Join(file, "x.sock")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("below a file: got error %v, want one that names it", err)
	}
}
