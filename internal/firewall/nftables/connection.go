package nftables

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"

	"mybridge/internal/fault"
	"mybridge/internal/firewall"
)

// socketBuffers bounds, in bytes, a transaction and the kernel's answers to it: one
// for each message, all before the first is read. It is a limit, not memory in
// use. Thousands of networks stay below a tenth of it.
const socketBuffers = 256 << 20

// connection is one netlink socket, kept open.
type connection struct {
	// conn is nil before the first transaction and after one that failed: what
	// is left of it in the library and in the socket goes with them.
	conn   *nftables.Conn
	socket *netlink.Conn
	// port is the socket's netlink port, by which a watch knows our changes.
	port atomic.Uint32
	// transactions counts them.
	transactions firewall.TransactionCounter
}

func (c *connection) open() error {
	if c.conn != nil {
		return nil
	}
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(socket *netlink.Conn) error {
		c.socket = socket
		return errors.Join(socket.SetWriteBuffer(socketBuffers), socket.SetReadBuffer(socketBuffers))
	}))
	if err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	c.conn = conn
	port, err := portOf(c.socket)
	if err != nil {
		return errors.Join(err, c.close())
	}
	c.port.Store(port)
	return nil
}

// ready opens the socket where it is not, and gives it the deadline of ctx.
func (c *connection) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline() // none is the zero time, which is none for the socket too
	return c.socket.SetReadDeadline(deadline)
}

func (c *connection) close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.CloseLasting()
	c.conn, c.socket = nil, nil
	return err
}

// commit makes all changes of one transaction, or none. After a deadline that
// passed while the kernel worked it is not known which.
func (c *connection) commit(ctx context.Context, name string, changes func(t *transaction)) error {
	err := c.try(ctx, name, changes)
	c.transactions.Count(err)
	if err == nil {
		return nil
	}
	// Every message of a transaction has an error of its own; the first tells all.
	if first, ok := errors.AsType[*netlink.OpError](err); ok {
		err = first
	}
	return errors.Join(fmt.Errorf("changing tables %s of nftables: %w", name, err), c.close())
}

func (c *connection) try(ctx context.Context, name string, changes func(t *transaction)) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	t := &transaction{conn: c.conn, name: name}
	changes(t)
	if err := t.failure(); err != nil {
		return err
	}
	if err := fault.Point("nftables.commit"); err != nil {
		return err
	}
	if err := c.conn.Flush(); err != nil {
		return err
	}
	return fault.Point("nftables.committed")
}

// ask has questions asked, and closes the socket where one was not answered: the
// answer may come yet, and would be taken for that of the next.
func (c *connection) ask(ctx context.Context, questions func() error) error {
	err := c.ready(ctx)
	if err == nil {
		err = questions()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("asking the kernel for its nf_tables: %w", err), c.close())
	}
	return nil
}
