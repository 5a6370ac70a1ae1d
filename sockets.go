package main

import (
	"errors"
	"net"

	"mybridge/internal/server"
)

// listen opens all of the sockets or none.
func listen(paths []string) ([]net.Listener, error) {
	var sockets []net.Listener
	for _, path := range paths {
		socket, err := server.Listen(path)
		if err != nil {
			return nil, errors.Join(err, closeSockets(sockets...))
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

// closeSockets removes the sockets' files as well. Those that are closed are left out.
func closeSockets(sockets ...net.Listener) (err error) {
	for _, socket := range sockets {
		if failure := socket.Close(); failure != nil && !errors.Is(failure, net.ErrClosed) {
			err = errors.Join(err, failure)
		}
	}
	return err
}
