package bounds

import (
	"bytes"
	"context"
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

	"mybridge/test/kernel"
)

// longestWait is for what takes milliseconds, unless it hangs.
const longestWait = 20 * time.Second

// plugin is a plugin with a host of its own.
type plugin struct {
	t         *testing.T
	directory string
	// firewall is the back end, and programs where iptables is found.
	firewall, programs string
	// under is a program that runs the plugin.
	under []string

	http    http.Client
	process *exec.Cmd
	ended   chan struct{}
}

// newPlugin moves the calling test into a network namespace, which becomes the
// plugin's host, one without iptables.
func newPlugin(t *testing.T) *plugin {
	t.Helper()
	kernel.Namespace(t)
	// A socket's path must be short.
	directory, err := os.MkdirTemp("", "mybridge-bounds-")
	if err != nil {
		t.Fatal(err)
	}
	p := &plugin{t: t, directory: directory, firewall: "nftables", programs: "/nowhere"}
	p.http.Transport = &http.Transport{MaxIdleConnsPerHost: 1, DialContext: p.dial}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			lines := strings.Split(p.log(), "\n")
			t.Logf("the plugin's log ends with\n%s", strings.Join(lines[max(0, len(lines)-20):], "\n"))
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *plugin) path(name string) string { return filepath.Join(p.directory, name) }

// start starts the plugin and waits until it answers, or has ended.
func (p *plugin) start() error {
	p.t.Helper()
	log, err := os.OpenFile(p.path("log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	arguments := append(slices.Clone(p.under), binary, "serve", "--firewall", p.firewall, "--plugin-dir", p.directory,
		"--admin-socket", p.path("admin"), "--state-dir", p.path("state"), "--engine-socket", p.path("no-engine"))
	p.process = exec.Command(arguments[0], arguments[1:]...)
	p.process.Env = []string{"PATH=" + p.programs, "XTABLES_LOCKFILE=" + p.path("xtables.lock")}
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
	_, err = p.ask("admin", http.MethodGet, "/ipam/pools", nil)
	return err
}

func (p *plugin) mustStart() {
	p.t.Helper()
	if err := p.start(); err != nil {
		p.t.Fatalf("starting the plugin: %v", err)
	}
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

// log is what all processes have logged.
func (p *plugin) log() string {
	content, err := os.ReadFile(p.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(content)
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

func (p *plugin) ask(socket, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*longestWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+socket+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
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
