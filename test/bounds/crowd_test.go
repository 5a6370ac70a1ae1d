package bounds

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// callers call at once, and disturbers only disturb, in each of three ways. All
	// together are about as many as are connected at a time.
	callers    = 200
	disturbers = 100
	// mostGoroutines and mostMemory (bytes) are what a crowd may make the plugin use.
	mostGoroutines = 1500
	mostMemory     = 96 << 20
)

// TestCrowd has 200 callers call both protocols at once, beside clients that send half
// a header, half a body, or go away before their answer. It wants each call to be
// answered, few goroutines and little memory to be used meanwhile, and all to be as
// before afterwards.
func TestCrowd(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.Transport.MaxIdleConnsPerHost = callers
	p.MustStart()
	p.must(p.createNetwork(1))
	before := p.look()
	p.must(p.callAll()) // what is made once and kept is there now
	p.Transport.CloseIdleConnections()
	few := p.settled(0)

	stop := p.watch()
	const header = "POST /NetworkDriver.CreateNetwork HTTP/1.1\r\nHost: plugin\r\nContent-Length: 1000\r\n"
	var disturbing sync.WaitGroup
	for range disturbers {
		disturbing.Go(func() { p.disturb(header, true) })
		disturbing.Go(func() { p.disturb(header+"\r\n{", true) })
		disturbing.Go(func() {
			p.disturb("POST /NetworkDriver.DeleteEndpoint HTTP/1.1\r\nHost: plugin\r\nContent-Length: 2\r\n\r\n{}", false)
		})
	}
	if err := p.callAll(); err != nil {
		t.Error(err)
	}
	disturbing.Wait()
	goroutines, memory := stop()
	t.Logf("at most %d goroutines, %d MiB", goroutines, memory>>20)
	if goroutines > mostGoroutines || memory > mostMemory {
		t.Errorf("the plugin used %d goroutines and %d bytes, allowed are %d and %d", goroutines, memory, mostGoroutines, mostMemory)
	}
	p.Transport.CloseIdleConnections()
	if after := p.settled(few); after > few {
		t.Errorf("%d goroutines are left, before there were %d", after, few)
	}
	p.wantLook(before)
}

// callAll makes different calls at once, each with what takes it back.
func (p *plugin) callAll() error {
	failures := make(chan error, callers)
	var calling sync.WaitGroup
	for i := range callers {
		calling.Go(func() {
			if err := p.callOne(i); err != nil {
				failures <- fmt.Errorf("caller %d: %w", i, err)
			}
		})
	}
	calling.Wait()
	close(failures)
	return <-failures
}

func (p *plugin) callOne(i int) error {
	switch {
	case i%20 == 0:
		if err := p.createNetwork(100 + i/20); err != nil {
			return err
		}
		return p.deleteNetwork(100 + i/20)
	case i%20 == 1:
		if err := p.createEndpoint(1, i); err != nil {
			return err
		}
		return p.deleteEndpoint(1, i)
	case i%2 == 0:
		return p.borrowAddress()
	}
	if err := p.createEndpoint(9, i); err == nil || !strings.Contains(err.Error(), "network 0009") {
		return fmt.Errorf("an endpoint of no network was answered with error %w", err)
	}
	return nil
}

// borrowAddress takes a pool and an address, and gives both back.
func (p *plugin) borrowAddress() error {
	pool, err := p.Call(p.t.Context(), "IpamDriver.RequestPool", object{"AddressSpace": "mybridge-local", "Pool": "", "SubPool": "", "V6": false})
	if err != nil {
		return err
	}
	address, err := p.Call(p.t.Context(), "IpamDriver.RequestAddress", object{"PoolID": pool["PoolID"], "Address": ""})
	if err != nil {
		return err
	}
	alone, _, _ := strings.Cut(address["Address"].(string), "/")
	if _, err := p.Call(p.t.Context(), "IpamDriver.ReleaseAddress", object{"PoolID": pool["PoolID"], "Address": alone}); err != nil {
		return err
	}
	_, err = p.Call(p.t.Context(), "IpamDriver.ReleasePool", object{"PoolID": pool["PoolID"]})
	return err
}

// disturb sends this, and waits to be hung up on or hangs up.
func (p *plugin) disturb(sent string, wait bool) {
	connection, err := net.Dial("unix", p.Path("mybridge.sock"))
	if err != nil {
		p.t.Error(err)
		return
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, sent); err != nil {
		p.t.Error(err)
	}
	if !wait {
		return
	}
	if err := connection.SetReadDeadline(time.Now().Add(3 * longestWait)); err != nil {
		p.t.Error(err)
	}
	if _, err := io.Copy(io.Discard, connection); err != nil {
		p.t.Errorf("a client that sent half a request is not hung up on: %v", err)
	}
}

// watch looks at the plugin until it is stopped, which returns the most that was seen.
func (p *plugin) watch() (stop func() (goroutines, memory int)) {
	done, ended := make(chan struct{}), make(chan struct{})
	var goroutines, memory int
	go func() {
		defer close(ended)
		for {
			metrics := p.metrics()
			goroutines, memory = max(goroutines, metrics["go_goroutines"]), max(memory, metrics["process_resident_memory_bytes"])
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() (int, int) {
		close(done)
		<-ended
		return goroutines, memory
	}
}

// settled is the number of goroutines when it has come down to what is allowed, or,
// with 0, does not change any more.
func (p *plugin) settled(allowed int) int {
	n := 0
	for deadline := time.Now().Add(longestWait); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		last := n
		if n = p.metrics()["go_goroutines"]; n <= allowed || allowed == 0 && n == last {
			break
		}
	}
	return n
}

// metrics are the plugin's numbers without labels, by their names.
func (p *plugin) metrics() map[string]int {
	text, err := p.Get(p.t.Context(), "/metrics")
	if err != nil {
		p.t.Error(err)
	}
	metrics := map[string]int{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			metrics[name] = int(number)
		}
	}
	return metrics
}
