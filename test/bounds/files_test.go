package bounds

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// limitFiles lets the plugin, which runs, have n files open from now on.
func (p *plugin) limitFiles(n uint64) {
	p.t.Helper()
	p.must(unix.Prlimit(p.Pid(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: 20000}, nil))
}

func (p *plugin) openFiles() int {
	p.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Pid()))
	p.must(err)
	return len(files)
}

// TestFilesRunOut publishes more ports than files may be open. It wants an error that
// names the limit and what raises it, none of the ports to stay published, and all of
// them to be when the limit is raised.
func TestFilesRunOut(t *testing.T) {
	t.Parallel()
	for _, firewall := range []string{"nftables", "iptables"} {
		t.Run(firewall, func(t *testing.T) {
			p := newPlugin(t)
			if firewall == "iptables" {
				p.use(firewall, legacyPrograms(t))
			}
			p.MustStart()
			p.must(p.createNetwork(1))
			p.must(p.createEndpoint(1, 1))
			before := p.look()
			var ports []int
			for port := range 100 {
				ports = append(ports, 20000+port)
			}
			p.limitFiles(uint64(p.openFiles() + 50))
			p.wantRefused("too many open files.*LimitNOFILE=", p.publish(1, 1, ports...))
			p.wantLook(before)
			p.must(p.publish(1, 1, ports[:10]...))
			p.limitFiles(20000)
			p.must(p.publish(1, 1, ports...))
			p.must(p.publish(1, 1))
			p.wantLook(before)
		})
	}
}

// TestNoFileIsLeft lets the plugin open none at all. It wants no processor to be busy
// with clients that cannot be accepted, each call to be answered when there are files
// again, and nothing half done to be left.
func TestNoFileIsLeft(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.MustStart()
	before := p.look()
	p.must(p.createNetwork(1)) // and so there is a connection that the next call goes by
	full := p.look()
	p.limitFiles(1)
	p.wantRefused("too many open files.*LimitNOFILE=", p.createNetwork(2))
	waiting := make(chan error, 10)
	for i := range cap(waiting) {
		go func() {
			_, err := p.Call(p.t.Context(), "NetworkDriver.GetCapabilities", object{})
			if err != nil {
				err = fmt.Errorf("call %d: %w", i, err)
			}
			waiting <- err
		}()
	}
	busy := p.processorTime()
	time.Sleep(time.Second)
	if busy = p.processorTime() - busy; busy > 200*time.Millisecond {
		t.Errorf("the plugin was busy for %s of a second in which it could do nothing", busy)
	}
	p.limitFiles(20000)
	for range cap(waiting) {
		p.must(<-waiting)
	}
	p.wantLook(full)
	p.must(p.createNetwork(2))
	p.must(p.deleteNetwork(2))
	p.must(p.deleteNetwork(1))
	p.wantLook(before)
}

// processorTime is what the plugin has used, all its threads together.
func (p *plugin) processorTime() time.Duration {
	p.t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
	p.must(err)
	// Behind the program's name, utime and stime are the 12th and 13th field
	// (proc_pid_stat(5)), in hundredths of a second.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	var ticks time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		p.must(err)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// TestCallersOfPortsLeaveFiles has clients take all the connections they can get
// through a published port, and wants the engine's calls to be answered.
func TestCallersOfPortsLeaveFiles(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.Under = []string{"prlimit", "--nofile=256"}
	p.MustStart()
	p.must(p.createNetwork(1))
	p.must(p.createEndpoint(1, 1))
	p.must(p.publish(1, 1, 8080))
	kernel.Run(t, "ip", "address", "add", "10.1.1.1/32", "dev", "lo") // the container's, as it were
	container, err := net.Listen("tcp", "10.1.1.1:80")
	p.must(err)
	defer container.Close()
	go func() {
		for {
			connection, err := container.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(connection, connection) }()
		}
	}()
	for range 100 {
		client, err := net.Dial("tcp", "127.0.0.1:8080")
		p.must(err)
		defer client.Close()
	}
	// Connections may have half of the files.
	for deadline := time.Now().Add(longestWait); p.openFiles() < 128; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the clients get only part of %d files", p.openFiles())
		}
	}
	p.Transport.CloseIdleConnections()
	p.must(p.createNetwork(2))
	p.must(p.createEndpoint(1, 2))
	p.must(p.publish(1, 2, 8081, 8082))
}
