package engine

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Neighbour is a host on a network segment with the engine. It has the
// engine's files and processes, but a network of its own.
type Neighbour struct {
	Place
	// Device is the engine's interface to the neighbour, whose own is eth0.
	Device string
}

// AttachNeighbour creates a neighbour and a link to it, with an address such
// as 198.51.100.1/24 on either side. The neighbour ends with the engine.
func (e *Engine) AttachNeighbour(engineAddress, neighbourAddress string) *Neighbour {
	e.t.Helper()
	holder := e.spawn(e.owner, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}, probeImage, "sleep")
	n := &Neighbour{Place: e.Place, Device: fmt.Sprintf("lan%d", e.neighbours.Add(1)-1)}
	n.namespaces.network = holder.Pid()
	holderPid, err := innerPid(holder.Pid())
	if err != nil {
		e.t.Fatal(err)
	}

	e.MustRun("ip", "link", "add", n.Device, "type", "veth", "peer", "name", "eth0", "netns", holderPid)
	n.MustRun("ip", "link", "set", "lo", "up")
	n.addAddress("eth0", neighbourAddress)
	e.addAddress(n.Device, engineAddress)
	return n
}

// addAddress adds an address that can be used at once, and sets the link up.
func (p Place) addAddress(device, address string) {
	p.t.Helper()
	arguments := []string{"ip", "address", "add", address, "dev", device}
	if strings.Contains(address, ":") {
		arguments = append(arguments, "nodad")
	}
	p.MustRun(arguments...)
	p.MustRun("ip", "link", "set", device, "up")
}

// innerPid returns the process id that a process has in the engine.
func innerPid(pid int) (string, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(status)) {
		if ids, found := strings.CutPrefix(line, "NSpid:"); found {
			fields := strings.Fields(ids)
			return fields[len(fields)-1], nil
		}
	}
	return "", fmt.Errorf("process %d has no id in the engine", pid)
}
