package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// SetAside gives a damaged state file another name, so that Open makes a new
// one, and returns it. It deletes nothing. It fails with ErrInUse where a
// process has the state open.
func SetAside(directory string) (path string, err error) {
	file, err := os.Open(filepath.Join(directory, fileName))
	if err != nil {
		return "", fmt.Errorf("setting the state aside: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// The lock is the one that bbolt takes.
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return "", fmt.Errorf("setting the state aside: %w", err)
	}
	path, err = moveAside(file.Name(), time.Now())
	if err != nil {
		return "", fmt.Errorf("setting the state aside: %w", err)
	}
	return path, syncDirectory(directory)
}

// moveAside finds a name that is not taken. A link never replaces a file, which
// a renaming does; a crash between the two leaves one file with two names.
func moveAside(from string, now time.Time) (to string, err error) {
	name := from + ".damaged-" + now.UTC().Format("20060102T150405Z")
	to = name
	for n := 2; ; n++ {
		err = os.Link(from, to)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
		to = fmt.Sprintf("%s-%d", name, n)
	}
	if err != nil {
		return "", err
	}
	return to, os.Remove(from)
}
