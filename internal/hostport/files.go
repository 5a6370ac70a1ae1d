package hostport

import (
	"math"

	"golang.org/x/sys/unix"
)

const (
	// filesOfConnection are two sockets, and the pipes through which the kernel
	// moves the data (splice(2)).
	filesOfConnection = 6
	// filesOfClient is a UDP client's socket.
	filesOfClient = 1
)

// filesToCarry is half of what the process may have open (which Go raises to the
// hard limit at its start): however many clients there are, the other half is
// there for the ports themselves and for all else the process does.
func filesToCarry() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt64
	}
	return int64(min(limit.Cur, math.MaxInt64) / 2)
}
