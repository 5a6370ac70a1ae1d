package store_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"mybridge/internal/store"
	"mybridge/ipam"
	"mybridge/test/kernel"
)

// fault makes the kernel answer a system call of this process with an error,
// where its argument is at least from and below until; argument -1 is any.
type fault struct {
	call        uint32
	argument    int
	from, until uint32
	answer      unix.Errno
}

// install makes the fault last for as long as the process does.
func (f fault) install(t *testing.T) {
	t.Helper()
	jump := func(code uint16, value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | code, Jt: yes, Jf: no, K: value}
	}
	load := func(offset int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(offset)}
	}
	// struct seccomp_data has the call's number, and from byte 16 on its
	// arguments, 8 bytes each: their low half stands first on all that we build for.
	program := []unix.SockFilter{load(0)}
	if f.argument < 0 {
		program = append(program, jump(unix.BPF_JEQ, f.call, 1, 0))
	} else {
		program = append(program,
			jump(unix.BPF_JEQ, f.call, 0, 3),
			load(16+8*f.argument),
			jump(unix.BPF_JGE, f.from, 0, 1),
			jump(unix.BPF_JGE, f.until, 0, 1),
		)
	}
	program = append(program,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(f.answer)},
	)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		kernel.Skip(t, "faults of system calls need seccomp: "+errno.Error())
	}
}

// TestFaults checks which failures end the taking of changes and which do not.
// The kernel itself answers with them, at the very call.
func TestFaults(t *testing.T) {
	heads := uint32(2 * os.Getpagesize())
	pageWrite := func(answer unix.Errno) fault { return fault{unix.SYS_PWRITE64, 3, heads, 1 << 31, answer} }
	headWrite := func(answer unix.Errno) fault { return fault{unix.SYS_PWRITE64, 3, 0, heads, answer} }
	sync := func(answer unix.Errno) fault { return fault{call: unix.SYS_FDATASYNC, argument: -1, answer: answer} }
	tests := []struct {
		name  string
		fault fault
		// grow asks for a change that the file has to grow for.
		grow bool
		want error
	}{
		{"sync", sync(unix.EIO), false, store.ErrFailed},
		{"sync, no room", sync(unix.ENOSPC), false, store.ErrFailed},
		{"sync, quota", sync(unix.EDQUOT), false, store.ErrFailed},
		{"write", pageWrite(unix.EIO), false, store.ErrFailed},
		{"write, no room", pageWrite(unix.ENOSPC), false, store.ErrFull},
		{"write, quota", pageWrite(unix.EDQUOT), false, store.ErrFull},
		{"write, read-only", pageWrite(unix.EROFS), false, store.ErrReadOnly},
		{"write of the head", headWrite(unix.EIO), false, store.ErrFailed},
		// The head that counts is read again, and is the old one.
		{"write of the head, no room", headWrite(unix.ENOSPC), false, store.ErrFull},
		{"growth", fault{call: unix.SYS_FTRUNCATE, argument: -1, answer: unix.EFBIG}, true, store.ErrFailed},
		{"growth, no room", fault{call: unix.SYS_FTRUNCATE, argument: -1, answer: unix.ENOSPC}, true, store.ErrFull},
		{"write of the head, read-only", headWrite(unix.EROFS), false, store.ErrReadOnly},
		{"sync, read-only", sync(unix.EROFS), false, store.ErrFailed},
		{"growth, read-only", fault{call: unix.SYS_FTRUNCATE, argument: -1, answer: unix.EROFS}, true, store.ErrReadOnly},
		{"growth, quota", fault{call: unix.SYS_FTRUNCATE, argument: -1, answer: unix.EDQUOT}, true, store.ErrFull},
		{"sync of the growth", fault{call: unix.SYS_FSYNC, argument: -1, answer: unix.EIO}, true, store.ErrFailed},
		{"sync of the growth, no room", fault{call: unix.SYS_FSYNC, argument: -1, answer: unix.ENOSPC}, true, store.ErrFailed},
	}
	for _, test := range tests {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if !inChild(t, nil) {
				return
			}
			directory, ctx := t.TempDir(), context.Background()
			s, err := store.Open(directory)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(s.AddPool(ctx, web), s.AddLease(ctx, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)), s.Backup(ctx)); err != nil {
				t.Fatal(err)
			}
			before := s.Generation()
			test.fault.install(t)
			attempts := 3 // and it stays so
			next := func() error { return s.AddLease(ctx, leaseOf(web.ID, "10.1.0.2", ipam.Dynamic)) }
			if test.grow {
				attempts = 2
				next = func() error { return putLarge(s, 5<<20) }
			}
			for range attempts {
				err := next()
				if !errors.Is(err, test.want) || errors.Is(test.want, store.ErrFailed) != errors.Is(err, store.ErrFailed) {
					t.Fatalf("got error %v, want only %v", err, test.want)
				}
				if !strings.Contains(err.Error(), test.fault.answer.Error()) {
					t.Errorf("%q does not name the cause", err)
				}
			}
			failed := errors.Is(test.want, store.ErrFailed)
			select {
			case <-s.Failed():
				if !failed || !errors.Is(s.Err(), store.ErrFailed) {
					t.Errorf("Failed is closed, with %v", s.Err())
				}
				if err := s.Backup(ctx); !errors.Is(err, store.ErrFailed) {
					t.Errorf("Backup: got error %v, want ErrFailed", err)
				}
			default:
				if failed || s.Err() != nil {
					t.Errorf("Failed is open, with %v", s.Err())
				}
			}
			kept, err := s.Load(ctx)
			if len(kept.Pools) != 1 || !failed && len(kept.Leases) != 1 || err != nil {
				t.Errorf("Load: got %v, %v", kept, err)
			}
			if got := s.Generation(); got != before {
				t.Errorf("got generation %d, want %d", got, before)
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// putLarge makes a change of about the size given.
func putLarge(s *store.Store, size int) error {
	reservations := make([]ipam.Reservation, size/300)
	for n := range reservations {
		reservations[n] = ipam.Reservation{
			Address: addressAt(n>>16, n), Subnet: poolAt(n >> 16).Subnet, Since: moment, Name: strings.Repeat("x", ipam.MaxName),
		}
	}
	return s.Reserve(context.Background(), reservations)
}
