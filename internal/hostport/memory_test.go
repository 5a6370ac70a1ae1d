package hostport

import (
	"runtime"
	"testing"
)

// TestMemoryOfHeldPorts holds many ports and says what one costs.
func TestMemoryOfHeldPorts(t *testing.T) {
	for _, protocol := range []Protocol{TCP, UDP} {
		h := open(t)
		const ports = 1000
		before := inUse()
		for range ports {
			hold(t, h, protocol, nowhere, loopback4)
		}
		each := (inUse() - before) / ports
		t.Logf("%s: %d bytes a port", protocol, each)
		// A buffer of a datagram's size would be 64 KiB.
		if each > 16<<10 {
			t.Errorf("a held %s port takes %d bytes", protocol, each)
		}
		h.Release("owner")
	}
}

// inUse is the memory that live objects and goroutines take, in bytes.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
