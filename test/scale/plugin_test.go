package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program builds mybridge once for all tests, as it is shipped.
var program = sync.OnceValues(func() (string, error) {
	directory, err := os.MkdirTemp("", "mybridge-scale-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "mybridge")
	command := exec.Command("go", "build", "-trimpath", "-o", path, "mybridge")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building mybridge: %w: %s", err, output)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// plugin is the plugin as a process, which is killed and started again.
type plugin struct {
	t         *testing.T
	directory string
	http      http.Client
	process   *exec.Cmd
	ended     chan struct{}
}

func newPlugin(t *testing.T) *plugin {
	p := &plugin{t: t, directory: t.TempDir()}
	p.http.Transport = &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: workers}
	t.Cleanup(p.kill)
	return p
}

func (p *plugin) path(name string) string { return filepath.Join(p.directory, name) }

// start starts the process in the namespace of the calling goroutine.
func (p *plugin) start() {
	p.t.Helper()
	binary, err := program()
	must(p.t, err)
	log, err := os.OpenFile(p.path("log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(p.t, err)
	defer log.Close()
	p.process = exec.Command(binary, "serve", "--plugin-dir", p.directory, "--admin-socket", p.path("admin.sock"),
		"--state-dir", p.path("state"), "--engine-socket", p.path("no-engine"), "--log-level", "warning")
	p.process.Stdout, p.process.Stderr = log, log
	p.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(p.t, p.process.Start())
	process, ended := p.process, make(chan struct{})
	p.ended = ended
	go func() {
		_ = process.Wait() // says that it was killed
		close(ended)
	}()
}

// kill ends the process as a crash does.
func (p *plugin) kill() {
	if p.process != nil {
		_ = p.process.Process.Kill() // fails where it has ended
		<-p.ended
	}
	p.http.CloseIdleConnections()
}

// dial waits for a plugin that has just been started.
func (p *plugin) dial(ctx context.Context, _, address string) (net.Conn, error) {
	name, _, _ := strings.Cut(address, ":")
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", p.path(name+".sock"))
		if err == nil {
			return connection, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("the plugin has ended: %w", err)
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Millisecond):
		}
	}
}

type object = map[string]any

// call makes a call as the engine does.
func (p *plugin) call(method string, body object) (object, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := p.ask("http://mybridge/"+method, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	values := object{}
	return values, json.Unmarshal(answer, &values)
}

// ask reads what is answered; without a body it is a GET.
func (p *plugin) ask(url string, body io.Reader) ([]byte, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	response, err := p.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}

// memory is a line of the process's status in MiB, such as VmRSS.
func (p *plugin) memory(name string) int {
	p.t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.process.Process.Pid) + "/status")
	must(p.t, err)
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if fields[0] == name+":" {
			kilobytes, err := strconv.Atoi(fields[1])
			must(p.t, err)
			return kilobytes >> 10
		}
	}
	p.t.Fatalf("there is no %s in\n%s", name, status)
	return 0
}
