package hostport

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// ErrInUse says that somebody has the host port already.
var ErrInUse = errors.New("is in use")

// bindError says what a failure to bind means for the person who published the
// port. The address in the net package's own text would be said twice.
func bindError(m Mapping, err error) error {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case syscall.EADDRINUSE:
		return fmt.Errorf("port %s/%s %w: %w", m.Host, m.Protocol, ErrInUse, errno)
	case syscall.EADDRNOTAVAIL:
		return fmt.Errorf("host address %s is not an address of this host: %w", m.Host.Addr(), errno)
	}
	return fmt.Errorf("binding port %s/%s: %w", m.Host, m.Protocol, err)
}

// exhausted says that the request found no port; the last refusal is the cause.
func exhausted(request Request, cause error) error {
	var addresses []string
	for _, target := range request.Targets {
		if target.Host.IsValid() {
			addresses = append(addresses, bracketed(target.Host))
		}
	}
	on := strings.Join(addresses, ", ")
	if request.First == 0 {
		return fmt.Errorf("no free ephemeral %s port on %s: %w", request.Protocol, on, cause)
	}
	return fmt.Errorf("no free port in %d-%d/%s on %s: %w", request.First, request.Last, request.Protocol, on, cause)
}

// bracketed keeps an IPv6 address apart from the colon that follows it.
func bracketed(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
