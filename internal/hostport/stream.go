package hostport

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
)

const (
	// dialTime bounds how long a client waits for the container.
	dialTime = 10 * time.Second
	// connectionLimit is how many connections one port carries at a time; more
	// wait in the listener's backlog.
	connectionLimit = 4096
	// acceptPause is how long a port waits where the process has no file left.
	acceptPause = time.Second
)

// stream is one side of a connection: TCP or one-to-one style SCTP.
type stream interface {
	io.ReadWriteCloser
	// CloseWrite says that no more will be written; reading goes on.
	CloseWrite() error
	// SetLinger with 0 makes Close reset the connection.
	SetLinger(seconds int) error
}

// transport makes the two sides of connections.
type transport interface {
	accept() (stream, error)
	// dial connects to the container.
	dial(ctx context.Context) (stream, error)
	close() error
}

// streams carries the connections of one host port.
type streams struct {
	transport transport
	files     *semaphore.Weighted
	log       logrus.FieldLogger
	running   sync.WaitGroup
}

// carryStreams begins to accept connections and returns the mapping as held.
func (h *Holder) carryStreams(m Mapping, transport transport) held {
	ctx, cancel := context.WithCancel(context.Background())
	s := &streams{transport: transport, files: h.files, log: h.log.WithField("port", m.String())}
	s.running.Go(func() { s.serve(ctx) })
	release := func() {
		cancel()
		if err := transport.close(); err != nil {
			s.log.WithError(err).Warn("closing a host port's socket failed")
		}
		s.running.Wait()
	}
	return held{Mapping: m, release: release}
}

// serve accepts until the context ends.
func (s *streams) serve(ctx context.Context) {
	slots := semaphore.NewWeighted(connectionLimit)
	for slots.Acquire(ctx, 1) == nil {
		client, err := s.transport.accept()
		if err == nil {
			// Who waits here for others' connections to end keeps the port waiting.
			if s.files.Acquire(ctx, filesOfConnection) != nil {
				reset(client)
				return
			}
			s.running.Go(func() {
				defer slots.Release(1)
				defer s.files.Release(filesOfConnection)
				s.carry(ctx, client)
			})
			continue
		}
		slots.Release(1)
		if ctx.Err() != nil {
			return
		}
		s.log.WithError(err).Warn("accepting a connection to a host port failed")
		select {
		case <-ctx.Done():
		case <-time.After(acceptPause):
		}
	}
}

// carry connects the client with the container until both have ended, or the
// context has.
func (s *streams) carry(ctx context.Context, client stream) {
	defer closeStream(client)
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	container, err := s.transport.dial(dialing)
	cancel()
	if err != nil {
		s.log.WithError(err).Debug("container does not take the connection to its host port")
		reset(client)
		return
	}
	defer closeStream(container)
	stop := context.AfterFunc(ctx, func() {
		closeStream(client)
		closeStream(container)
	})
	defer stop()
	var toContainer sync.WaitGroup
	toContainer.Go(func() { pass(container, client) })
	pass(client, container)
	toContainer.Wait()
}

// pass copies until from ends, and lets to end in the same way: a reset must not
// look like the end of the data.
func pass(to, from stream) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		reset(to)
		reset(from)
	}
}

// reset breaks a connection off.
func reset(s stream) {
	_ = s.SetLinger(0)
	closeStream(s)
}

// closeStream leaves out the error: it says only that the stream was closed
// before, by whoever noticed its end first.
func closeStream(s stream) { _ = s.Close() }
