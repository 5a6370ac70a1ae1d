package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// dockerTimeout is how long dockerd may take until it answers.
const dockerTimeout = time.Minute

// StartDocker starts dockerd and waits until it answers.
func (e *Engine) StartDocker() {
	e.t.Helper()
	arguments := append([]string{
		"--host", "unix:///run/docker.sock",
		// There is no systemd in the engine's root.
		"--exec-opt", "native.cgroupdriver=cgroupfs",
		"--cgroup-parent", e.controlGroup,
		"--storage-driver", "overlay2",
	}, e.options.DaemonArgs...)
	e.docker = e.spawn(e.owner, nil, "dockerd", arguments...)
	if err := e.waitForDocker(); err != nil {
		e.t.Fatal(err)
	}
	e.importProbe()
}

// StopDocker asks dockerd to end, which stops the containers first.
func (e *Engine) StopDocker() {
	e.t.Helper()
	if code := e.docker.Stop(); code != 0 {
		e.t.Errorf("dockerd ended with code %d", code)
	}
}

// KillDocker ends dockerd without giving it a chance. The containers run on.
func (e *Engine) KillDocker() {
	e.docker.Kill()
}

// DockerLog returns what dockerd wrote since it was started last.
func (e *Engine) DockerLog() string {
	return e.docker.Log()
}

// Docker runs the docker command line.
func (e *Engine) Docker(arguments ...string) (string, error) {
	return e.Run(append([]string{"docker"}, arguments...)...)
}

// MustDocker is Docker for commands that have to succeed.
func (e *Engine) MustDocker(arguments ...string) string {
	e.t.Helper()
	return e.MustRun(append([]string{"docker"}, arguments...)...)
}

func (e *Engine) waitForDocker() error {
	client := http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", e.Path("/run/docker.sock"))
			},
		},
	}
	var failure error
	for deadline := time.Now().Add(dockerTimeout); time.Now().Before(deadline); {
		response, err := client.Get("http://docker/_ping")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("dockerd answers %s", response.Status)
		}
		failure = err
		select {
		case <-time.After(50 * time.Millisecond):
		case <-e.docker.Done():
			return fmt.Errorf("dockerd did not start")
		}
	}
	return fmt.Errorf("dockerd did not answer within %s: %w", dockerTimeout, failure)
}
