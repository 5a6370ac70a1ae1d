package server

import (
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/net/netutil"
)

const (
	// mostConnections is how many clients are connected at a time; more wait in
	// the socket's backlog.
	mostConnections = 512
	// arrivalTime is how long a request's header may take to arrive, and then its
	// body. The engine sends both at once.
	arrivalTime = 10 * time.Second
	// answerTime is how long a client may take to read its answer.
	answerTime = 10 * time.Second
	// idleTime is how long a connection without a request is kept. The engine
	// closes its own after 30 s, and must be the first: what it sends on one that is
	// being closed arrives again without its body.
	idleTime = 2 * time.Minute
)

// Serve has the handler answer who connects, until the listener is closed. It
// always returns an error.
func (g *Gate) Serve(listener net.Listener, handler http.Handler) error {
	server := http.Server{
		Handler:           handler,
		ReadHeaderTimeout: arrivalTime,
		IdleTimeout:       idleTime,
		ErrorLog:          stdlog.New(complaints{g.log}, "", 0),
	}
	return server.Serve(netutil.LimitListener(listener, mostConnections))
}

// complaints are what package http has to say of connections, such as that none
// can be accepted.
type complaints struct{ log logrus.FieldLogger }

func (c complaints) Write(line []byte) (int, error) {
	c.log.Warn(strings.TrimSpace(string(line)))
	return len(line), nil
}
