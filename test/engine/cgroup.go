package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const controlGroupRoot = "/sys/fs/cgroup"

// controlGroups returns the directories of a control group and of all groups
// below it, in every hierarchy, each after its parent.
func controlGroups(group string) ([]string, error) {
	var directories []string
	// The unified hierarchy is mounted on the root itself, the others are
	// below it.
	tops, err := filepath.Glob(controlGroupRoot + "/*" + group)
	if err != nil {
		return nil, err
	}
	for _, top := range append(tops, controlGroupRoot+group) {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && entry.IsDir() {
				directories = append(directories, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return directories, nil
}

// removeControlGroups removes a control group and all below it. Their
// processes have been killed, but may take a moment to be gone.
func removeControlGroups(group string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		directories, err := controlGroups(group)
		if err != nil {
			return err
		}
		slices.Reverse(directories)
		busy := false
		for _, directory := range directories {
			err := unix.Rmdir(directory)
			busy = busy || err == unix.EBUSY
			if err != nil && err != unix.EBUSY && err != unix.ENOENT {
				return &os.PathError{Op: "remove", Path: directory, Err: err}
			}
		}
		if !busy {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("control groups remain busy: " + directories[0])
		}
	}
}
