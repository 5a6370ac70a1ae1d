package link

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	networkSettings = "/proc/sys/net"
	// hostNetworkSettings is where a managed plugin has them besides, as its
	// /proc/sys can only be read (plugin/config.json).
	hostNetworkSettings = "/host" + networkSettings
)

// writeSetting writes one of the network's settings, which are those of the calling
// thread's namespace at either place.
func writeSetting(path, value string) error {
	err := os.WriteFile(path, []byte(value), 0o644)
	if !errors.Is(err, unix.EROFS) {
		return err
	}
	if _, absent := os.Stat(hostNetworkSettings); errors.Is(absent, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(hostNetworkSettings+strings.TrimPrefix(path, networkSettings), []byte(value), 0o644)
}
