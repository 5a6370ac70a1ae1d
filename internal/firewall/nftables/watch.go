package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
)

// newGeneration is the type of the message by which the kernel tells of each
// transaction of nf_tables, in whatever table, those of iptables-nft included.
const newGeneration = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN

// Watch calls changed when it begins, and after each transaction of somebody else,
// in any table of the host, until ctx is done or the watch is lost.
func (f *Firewall) Watch(ctx context.Context, changed func()) error {
	socket, err := subscribe()
	if err != nil {
		return fmt.Errorf("watching nf_tables: %w", err)
	}
	defer func() { _ = socket.Close() }() // nothing is lost with it
	transactions := func(ctx context.Context, changed func()) error { return f.follow(ctx, socket, changed) }
	if f.options.Accepts == nil {
		return transactions(ctx, changed)
	}
	return firewall.WatchAll(ctx, changed, transactions, f.options.Accepts.Watch)
}

// follow tells of the transactions that the socket receives.
func (f *Firewall) follow(ctx context.Context, socket *netlink.Conn, changed func()) error {
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })() // ends Receive
	changed()
	for {
		transactions, err := socket.Receive()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching nf_tables: %w", err)
		}
		for _, transaction := range transactions {
			if !f.made(transaction) {
				changed()
			}
		}
	}
}

// made reports whether the transaction is ours. Its header has the netlink port of
// who made it: ours, or that of a program, whose first socket has its process ID.
func (f *Firewall) made(transaction netlink.Message) bool {
	port := transaction.Header.PID
	return port == f.connection.port.Load() || f.options.Ran != nil && f.options.Ran(int(port))
}

// subscribe returns a socket that is told of transactions, and of nothing else:
// with a message for each element, a large change would overrun it.
func subscribe() (*netlink.Conn, error) {
	socket, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, err
	}
	filter, err := onlyTransactions()
	if err == nil {
		err = errors.Join(socket.SetBPF(filter), socket.JoinGroup(unix.NFNLGRP_NFTABLES))
	}
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// onlyTransactions passes messages by their type, which stands behind the length
// (netlink(7)) in the host's byte order, and which BPF loads as big endian.
func onlyTransactions() ([]bpf.RawInstruction, error) {
	wanted := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, newGeneration))
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(wanted), SkipFalse: 1},
		bpf.RetConstant{Val: 1 << 16}, // so many bytes of it, which is all
		bpf.RetConstant{Val: 0},
	})
}

// portOf is the netlink port that the kernel gave the socket.
func portOf(socket *netlink.Conn) (port uint32, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("reaching the netlink socket: %w", err)
	}
	var address unix.Sockaddr
	failure := raw.Control(func(fd uintptr) { address, err = unix.Getsockname(int(fd)) })
	if err := errors.Join(failure, err); err != nil {
		return 0, fmt.Errorf("asking for the netlink port: %w", err)
	}
	return address.(*unix.SockaddrNetlink).Pid, nil
}
