package engine

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mount is one mount of an engine's root.
type mount struct {
	source     string
	target     string
	kind       string
	attributes uintptr
	options    string
}

// buildRoot makes the calling process's mount namespace that of an engine:
// the prepared root below a layer in memory, and nothing of the machine but
// its devices and control groups.
func buildRoot(s settings) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := attach(mount{"tmpfs", s.Staging, "tmpfs", 0, "mode=0755"}); err != nil {
		return err
	}
	upper, work := filepath.Join(s.Staging, "upper"), filepath.Join(s.Staging, "work")
	root := filepath.Join(s.Staging, "root")
	for _, directory := range []string{upper, work, root} {
		if err := os.Mkdir(directory, 0o755); err != nil {
			return err
		}
	}

	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", s.Lower, upper, work)
	for _, each := range []mount{
		{"overlay", root, "overlay", 0, layers},
		{"proc", root + "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		// A new instance shows the links of the new network namespace. It
		// comes without the machine's security file systems, which is why an
		// engine does not load profiles into the machine's kernel.
		{"sysfs", root + "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"/sys/fs/cgroup", root + "/sys/fs/cgroup", "", unix.MS_BIND | unix.MS_REC, ""},
		{"/dev", root + "/dev", "", unix.MS_BIND | unix.MS_REC, ""},
		{"tmpfs", root + "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	} {
		if err := attach(each); err != nil {
			return err
		}
	}
	if err := attachState(root, s.Data); err != nil {
		return err
	}
	if err := writeNames(root); err != nil {
		return err
	}
	return enterRoot(root)
}

// attachState gives the engine a place for its layers, which cannot lie on an
// overlay, and where that is on a disk, plugins one beside it.
func attachState(root, data string) error {
	if data == "" {
		return attach(mount{"tmpfs", root + "/var/lib/docker", "tmpfs", 0, "mode=0711"})
	}
	for _, name := range []string{"docker", "mybridge"} {
		source := filepath.Join(data, name)
		if err := os.Mkdir(source, 0o711); err != nil {
			return err
		}
		if err := attach(mount{source, root + "/var/lib/" + name, "", unix.MS_BIND, ""}); err != nil {
			return err
		}
	}
	return nil
}

func attach(m mount) error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.kind, m.attributes, m.options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", m.source, m.target, err)
	}
	return nil
}

// writeNames leaves the engine without a name server: an answer from outside
// would make tests depend on the machine's network.
func writeNames(root string) error {
	if err := os.WriteFile(root+"/etc/resolv.conf", nil, 0o644); err != nil {
		return err
	}
	return os.WriteFile(root+"/etc/hosts", []byte("127.0.0.1 localhost\n::1 localhost\n"), 0o644)
}

// enterRoot swaps the roots and drops the old one. The engine unpacks images
// in a changed root, which a process that only changed its own may not do.
func enterRoot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("swap roots: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("drop the old root: %w", err)
	}
	return os.Chdir("/")
}
