package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longestWait is for what takes milliseconds, unless it hangs.
const longestWait = 20 * time.Second

// plugin is the plugin of a host, which is killed and started again.
type plugin struct {
	t         *testing.T
	binary    string
	host      host
	directory string
	http      http.Client
	// traced says that the points passed are written down.
	traced bool

	process *exec.Cmd
	// ended is closed when the process has.
	ended chan struct{}
}

func newPlugin(t *testing.T, h host, binary string) *plugin {
	p := &plugin{t: t, binary: binary, host: h, directory: stateDirectory(t)}
	if _, err := os.Stat(firstState(binary)); err == nil {
		copyState(t, firstState(binary), p.path("state"))
	}
	p.http.Transport = &http.Transport{DialContext: p.dial}
	t.Cleanup(p.kill)
	return p
}

// stateDirectory is in memory, where there is such a place: what a sync is worth is
// not asked here. Its path is short, as a socket's must be.
func stateDirectory(t *testing.T) string {
	t.Helper()
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	directory, err := os.MkdirTemp(parent, "mybridge-fault-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

func (p *plugin) path(name string) string { return filepath.Join(p.directory, name) }

// start starts the process in the namespace of the calling goroutine.
func (p *plugin) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.path("log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.process = exec.Command(p.binary, "serve", "--firewall", p.host.firewall, "--plugin-dir", p.directory,
		"--admin-socket", p.path("admin"), "--state-dir", p.path("state"), "--engine-socket", p.path("no-engine"), "--log-level", "warning")
	p.process.Env = []string{"PATH=" + p.programs(), "MYBRIDGE_FAULT_FILE=" + p.path("order")}
	if p.traced {
		p.process.Env = append(p.process.Env, "MYBRIDGE_FAULT_TRACE="+p.path("trace"))
	}
	p.process.Stdout, p.process.Stderr = log, log
	p.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	process, ended := p.process, make(chan struct{})
	p.ended = ended
	go func() {
		_ = process.Wait() // says that it was killed
		close(ended)
	}()
}

// restart is a start after a kill. What the killed process was about to run may have
// its sockets until it runs, so a start can find somebody there. Who supervises the
// plugin then starts it once more.
func (p *plugin) restart() error {
	for {
		p.start()
		err := p.untilReady()
		if err == nil || !strings.HasSuffix(strings.TrimSpace(p.log()), "somebody listens there already") {
			return err
		}
	}
}

// programs is where the plugin finds iptables, or does not.
func (p *plugin) programs() string {
	if p.host.iptables {
		return os.Getenv("PATH")
	}
	return p.path("no-programs")
}

// kill ends the process, and does nothing where it has ended.
func (p *plugin) kill() {
	if p.process == nil {
		return
	}
	_ = p.process.Process.Kill() // fails where it has ended
	<-p.ended
	p.http.CloseIdleConnections()
}

// hasEnded reports whether the process has, waiting for a moment where it is about
// to.
func (p *plugin) hasEnded(about bool) bool {
	if about {
		select {
		case <-p.ended:
		case <-time.After(longestWait):
			p.t.Error("the plugin should have ended")
		}
	}
	select {
	case <-p.ended:
		p.http.CloseIdleConnections()
		return true
	default:
		return false
	}
}

// untilReady waits until the plugin answers or has ended, which is an error. One that
// was killed may still have had its socket.
func (p *plugin) untilReady() error {
	for {
		_, err := p.ask(context.Background(), "admin", http.MethodGet, "/ipam/pools", nil)
		if !errors.Is(err, syscall.ECONNRESET) || p.hasEnded(false) {
			return err
		}
	}
}

// untilDeleted waits until the plugin has finished the deletions that it answered, or
// has ended: what goes wrong in that goes wrong in the call.
func (p *plugin) untilDeleted(ctx context.Context) {
	for ctx.Err() == nil && !p.hasEnded(false) {
		numbers, err := p.ask(ctx, "admin", http.MethodGet, "/metrics", nil)
		if err == nil && bytes.Contains(numbers, []byte("\nmybridge_deletions_unfinished 0\n")) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// dial waits for a plugin that has just been started.
func (p *plugin) dial(ctx context.Context, _, address string) (net.Conn, error) {
	name, _, _ := strings.Cut(address, ":")
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", p.path(name))
		if err == nil {
			return connection, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("the plugin has ended: %w", err)
		case <-ctx.Done():
			return nil, err
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// errRefused is an error that the plugin answered.
var errRefused = errors.New("refused")

// call is a call of the engine's.
func (p *plugin) call(ctx context.Context, method string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := p.ask(ctx, "mybridge.sock", http.MethodPost, "/"+method, text)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(answer, &values); err != nil {
		return nil, fmt.Errorf("%s answers %q: %w", method, answer, err)
	}
	return values, nil
}

// ask asks on one of the plugin's sockets. The engine sends again what had no
// answer, this client does not: it gives up a connection after each request.
func (p *plugin) ask(ctx context.Context, socket, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+socket+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Close = true
	response, err := p.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w with %s: %s", errRefused, response.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}

// order is what is to go wrong, as package fault reads it.
func (p *plugin) order(text string) {
	p.t.Helper()
	// Renamed, so that nobody reads half of it.
	if err := os.WriteFile(p.path("order.new"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(p.path("order.new"), p.path("order")); err != nil {
		p.t.Fatal(err)
	}
}

// withdraw takes the order back, and reports whether it was carried out.
func (p *plugin) withdraw() bool {
	p.t.Helper()
	err := os.Remove(p.path("order"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return err != nil
}

// trace returns the points that were passed since the last time, as orders name
// them.
func (p *plugin) trace() []string {
	p.t.Helper()
	content, err := os.ReadFile(p.path("trace"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.path("trace"), nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
	var points []string
	times := map[string]int{}
	for line := range strings.Lines(string(content)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if times[name]++; times[name] > 1 {
			name = fmt.Sprintf("%s#%d", name, times[name])
		}
		points = append(points, name)
	}
	return points
}

// lastLines are the newest of the plugin's log.
func (p *plugin) lastLines() string {
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(p.log()), "\n"), func(line string) bool {
		return strings.Contains(line, "EndpointOperInfo")
	})
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// log is what all processes have logged.
func (p *plugin) log() string {
	p.t.Helper()
	content, err := os.ReadFile(p.path("log"))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}
