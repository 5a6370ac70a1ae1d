// Package host tells who this host is, and what of it has run out. It reads files
// and touches nothing.
package host

import (
	"bytes"
	"os"
)

// machineIDFiles hold the host's ID, made when it was installed (machine-id(5)).
var machineIDFiles = []string{"/etc/machine-id", "/var/lib/dbus/machine-id"}

// ID returns the host's machine ID, empty where it has none.
func ID() []byte {
	for _, path := range machineIDFiles {
		if content, err := os.ReadFile(path); err == nil && len(bytes.TrimSpace(content)) > 0 {
			return bytes.TrimSpace(content)
		}
	}
	return nil
}
