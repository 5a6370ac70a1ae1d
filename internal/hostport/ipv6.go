package hostport

import (
	"net"
	"sync"
)

// HasIPv6 reports whether ports can be held on IPv6 addresses: the kernel may have
// no IPv6, or it may be turned off.
func (h *Holder) HasIPv6() bool { return hasIPv6() }

var hasIPv6 = sync.OnceValue(func() bool {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	return listener.Close() == nil
})
