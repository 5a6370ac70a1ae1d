package engine

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// onEachRoot runs a test with a started engine of each version.
func onEachRoot(t *testing.T, test func(t *testing.T, e *Engine)) {
	for _, root := range Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			test(t, Start(t, root, Options{}))
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		version := e.MustDocker("version", "--format", "{{.Server.Version}}")
		if version != e.Root().Version {
			t.Errorf("the engine is %s, want %s", version, e.Root().Version)
		}
	})
}

func TestContainersReachEachOther(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		e.MustDocker("run", "--detach", "--name", "one", "probe")
		e.MustDocker("run", "--detach", "--name", "two", "probe", "serve", "-tcp", "80", "-udp", "53")
		address := e.MustDocker("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "two")
		hostname := e.MustDocker("inspect", "--format", "{{.Config.Hostname}}", "two")

		reply := e.MustDocker("exec", "one", "/probe", "ping", address)
		if !strings.HasPrefix(reply, "reply from "+address) {
			t.Errorf("ping says %q", reply)
		}
		for _, get := range []string{"get", "getudp"} {
			port := map[string]string{"get": ":80", "getudp": ":53"}[get]
			answer := e.MustDocker("exec", "one", "/probe", get, "-retry", address+port)
			if !strings.HasPrefix(answer, hostname+" ") {
				t.Errorf("%s says %q, want the hostname %s", get, answer, hostname)
			}
		}
		if addresses := e.MustDocker("exec", "two", "/probe", "addr"); !strings.Contains(addresses, " "+address+"/") {
			t.Errorf("addr says %q, want %s", addresses, address)
		}
		if route := e.MustDocker("exec", "two", "/probe", "route"); !strings.HasSuffix(route, " dev eth0") {
			t.Errorf("route says %q", route)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		e.MustDocker("network", "create", "net")
		e.MustDocker("run", "--detach", "--network", "net", "--name", "one", "probe")
		e.MustDocker("run", "--detach", "--network", "net", "--name", "two", "probe")
		address := e.MustDocker("inspect", "--format", "{{.NetworkSettings.Networks.net.IPAddress}}", "two")
		if resolved := e.MustDocker("exec", "one", "/probe", "resolve", "two"); resolved != address {
			t.Errorf("two resolves to %q, want %s", resolved, address)
		}
		if _, err := e.Docker("exec", "one", "/probe", "ping", "-timeout", "500ms", "nobody"); err == nil {
			t.Error("a name that nobody has was pinged")
		}
	})
}

func TestNeighbour(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		first := e.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		second := e.AttachNeighbour("2001:db8::1/64", "2001:db8::2/64")
		first.MustRun("probe", "ping", "198.51.100.1")
		second.MustRun("probe", "ping", "2001:db8::1")
		e.MustRun("probe", "ping", "198.51.100.2")

		server := first.Spawn("probe", "serve", "-tcp", "80")
		server.WaitLog("serving")
		if answer := e.MustRun("probe", "get", "198.51.100.2:80"); !strings.Contains(answer, " 198.51.100.1:") {
			t.Errorf("the neighbour answered %q", answer)
		}

		e.MustDocker("run", "--detach", "--publish", "8080:80", "probe", "serve", "-tcp", "80")
		first.MustRun("probe", "get", "-retry", "198.51.100.1:8080")
		if _, err := second.Run("probe", "get", "-timeout", "300ms", "198.51.100.1:8080"); err == nil {
			t.Error("the second neighbour reached what it has no route to")
		}
	})
}

func TestProcess(t *testing.T) {
	t.Parallel()
	root := Roots(t)[0]
	e := Start(t, root, Options{WithoutDocker: true})
	watch := e.Spawn("probe", "watch", "127.0.0.1")
	watch.WaitLog("watching")
	time.Sleep(100 * time.Millisecond)
	if code := watch.Stop(); code != 0 {
		t.Errorf("watch ended with code %d", code)
	}
	if !strings.HasSuffix(watch.Log(), " lost 0\n") {
		t.Errorf("watch says %q", watch.Log())
	}

	sleeper := e.Spawn("probe", "sleep")
	if err := syscall.Kill(sleeper.Pid(), 0); err != nil {
		t.Errorf("the process is not there: %v", err)
	}
	sleeper.Kill()
	if err := syscall.Kill(sleeper.Pid(), 0); err == nil {
		t.Error("the process is there after kill")
	}

	if _, err := e.Run("nothing-of-this-name"); err == nil {
		t.Error("a program that does not exist was run")
	}
	if _, err := e.Run("probe", "get", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("the error %v does not say what went wrong", err)
	}
}

func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	e := Start(t, Roots(t)[0], Options{WithoutDocker: true})
	orphan := "/proc/" + e.MustRun("sh", "-c", "sleep 0.1 >/dev/null 2>&1 & echo $!")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := e.Run("test", "-e", orphan); err != nil {
			return
		}
	}
	t.Errorf("of an orphan there is\n%s", e.MustRun("cat", orphan+"/status"))
}

func TestInstall(t *testing.T) {
	t.Parallel()
	e := Start(t, Roots(t)[0], Options{WithoutDocker: true})
	program := filepath.Join(t.TempDir(), "program")
	for _, answer := range []string{"old", "new"} {
		if err := os.WriteFile(program, []byte("#!/bin/sh\necho "+answer+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		e.Install(program)
		if output := e.MustRun("program"); output != answer {
			t.Errorf("the installed program says %q, want %q", output, answer)
		}
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	e := Start(t, Roots(t)[0], Options{WithoutDocker: true, Data: data})
	e.MustRun("sh", "-c", "echo kept > /var/lib/mybridge/file")
	if kept, err := os.ReadFile(filepath.Join(data, "mybridge", "file")); err != nil || string(kept) != "kept\n" {
		t.Errorf("in the directory is %q, %v", kept, err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		e.MustDocker("run", "--detach", "--name", "one", "--restart", "always", "probe")
		e.StopDocker()
		if _, err := e.Docker("version"); err == nil {
			t.Fatal("dockerd answers after it was stopped")
		}
		e.StartDocker()
		e.waitForContainer("one")
		e.KillDocker()
		e.StartDocker()
		e.waitForContainer("one")
	})
}

// waitForContainer waits until a container that restarts runs again.
func (e *Engine) waitForContainer(name string) {
	e.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := e.Docker("exec", name, "/probe", "addr"); err == nil {
			return
		}
	}
	e.t.Fatalf("container %s does not run", name)
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	onEachRoot(t, func(t *testing.T, e *Engine) {
		before := e.Snapshot()
		if again := e.Snapshot(); again != before {
			t.Errorf("an idle engine changed from\n%s\nto\n%s", before, again)
		}
		e.MustDocker("network", "create", "net")
		e.MustDocker("run", "--detach", "--name", "one", "--network", "net", "--publish", "80", "probe")
		if during := e.Snapshot(); during == before {
			t.Errorf("a network changed nothing in\n%s", before)
		}
		e.MustDocker("rm", "--force", "one")
		e.MustDocker("network", "rm", "net")
		if after := e.Snapshot(); after != before {
			t.Errorf("a removed network changed\n%s\nto\n%s", before, after)
		}
	})
}
