// Package plugin holds the tests of the managed plugin: built by the Makefile,
// pushed to a registry, and installed from there on each engine, as a user does.
package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mybridge/test/engine"
	"mybridge/test/kernel"
)

const (
	// repository is what a user installs, without a tag.
	repository = "localhost:5000/mybridge"
	longName   = repository + ":latest"
	// baseImage is the one that the Dockerfile names.
	baseImage = "debian:trixie-slim"
)

// host is a machine with an engine, a registry, and somebody outside.
type host struct {
	*engine.Engine
	t       *testing.T
	outside *engine.Neighbour
	// client is a docker client for this machine that talks to the engine.
	client string
}

// onEachEngine runs the test on a host with each engine version.
func onEachEngine(t *testing.T, test func(h *host)) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			test(newHost(t, engine.Start(t, root, engine.Options{})))
		})
	}
}

// newHost wants dockerd to run.
func newHost(t *testing.T, e *engine.Engine) *host {
	t.Helper()
	base := filepath.Join(filepath.Dir(e.Root().Dir), "plugin-base")
	if _, err := os.Stat(base + "/.mybridge-packages"); err != nil {
		kernel.Skip(t, "there is nothing to build the plugin on: "+err.Error())
	}
	h := &host{Engine: e, t: t}
	h.client = h.writeClient()
	for _, program := range []string{"iptables", "ip6tables"} {
		h.MustRun(program, "-P", "FORWARD", "DROP") // not every engine does it on every host
	}
	h.outside = h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
	h.startRegistry(filepath.Join(base, "usr/bin/docker-registry"))
	h.importBase(base)
	return h
}

// writeClient lets the Makefile, which runs on this machine, use the docker client
// of the engine's root.
func (h *host) writeClient() string {
	h.t.Helper()
	root := h.Root().Dir
	loaders, err := filepath.Glob(root + "/usr/lib/*/ld-linux*.so.*")
	if err != nil || len(loaders) != 1 {
		h.t.Fatalf("the loader of %s: found %s, %v", root, loaders, err)
	}
	path := filepath.Join(h.t.TempDir(), "docker")
	script := "#!/bin/sh\n" +
		"export DOCKER_HOST=unix://" + h.Path("/run/docker.sock") + " DOCKER_CONFIG=" + h.t.TempDir() + " DOCKER_BUILDKIT=0\n" +
		"exec " + loaders[0] + " --library-path " + filepath.Dir(loaders[0]) + " " + root + `/usr/bin/docker "$@"` + "\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *host) startRegistry(program string) {
	h.t.Helper()
	h.Install(program)
	const configuration = "version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: '127.0.0.1:5000'}\n"
	if err := os.WriteFile(h.Path("/etc/registry.yml"), []byte(configuration), 0o644); err != nil {
		h.t.Fatal(err)
	}
	h.Spawn("docker-registry", "serve", "/etc/registry.yml").WaitLog("listening on 127.0.0.1:5000")
}

func (h *host) importBase(base string) {
	h.t.Helper()
	h.onMachine("sh", "-c", "tar --create --exclude=./usr/bin/docker-registry --directory "+base+" . | "+h.client+" import - "+baseImage)
}

// onMachine runs a command on this machine, outside of the engine.
func (h *host) onMachine(arguments ...string) {
	h.t.Helper()
	command := exec.CommandContext(h.t.Context(), arguments[0], arguments[1:]...)
	if output, err := command.CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v: %s", strings.Join(arguments, " "), err, output)
	}
}

// sources is a copy of what the plugin is built of, for all tests: make writes
// beside it.
var sources = sync.OnceValues(func() (string, error) {
	directory, err := os.MkdirTemp("", "mybridge-plugin-")
	if err != nil {
		return "", err
	}
	return directory, copySources(directory)
})

func copySources(directory string) error {
	for _, pattern := range []string{"Dockerfile", ".dockerignore", "Makefile", "go.*", "*.go", "driver", "internal", "ipam", "plugin"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil {
			return err
		}
		if output, err := exec.Command("cp", append([]string{"--recursive", "--target-directory", directory}, found...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("copying the sources: %w: %s", err, output)
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	if directory, err := sources(); err == nil {
		_ = os.RemoveAll(directory)
	}
	os.Exit(code)
}

// making keeps builds of different versions apart: they are made in one place.
var making sync.Mutex

// push builds a version of the plugin and pushes it by that name.
func (h *host) push(version, name string, arguments ...string) {
	h.t.Helper()
	directory, err := sources()
	if err != nil {
		h.t.Fatal(err)
	}
	makeArguments := []string{
		"make", "-C", directory, "VERSION=" + version, "PLUGIN=" + name, "PLUGIN_DIR=" + filepath.Join(h.t.TempDir(), "plugin"), "DOCKER=" + h.client,
	}
	h.make(append(append(makeArguments, "plugin"), arguments...))
	h.onMachine(append(makeArguments, "plugin-create", "plugin-push")...)
	// One build has several names, as a version and latest.
	h.onMachine(append(makeArguments, "plugin-create", "PLUGIN="+name+"-again")...)
	h.MustDocker("plugin", "rm", name, name+"-again")
}

func (h *host) make(arguments []string) {
	h.t.Helper()
	making.Lock()
	defer making.Unlock()
	h.onMachine(arguments...)
}

// run starts a container that answers on TCP port 80.
func (h *host) run(name, network string, arguments ...string) {
	h.t.Helper()
	h.MustDocker(append(append([]string{"run", "-d", "--name", name, "--network", network}, arguments...), "probe", "serve", "-tcp", "80")...)
}

// wantAnswers wants a way out of the container, and one in from outside.
func (h *host) wantAnswers(when, container, port string) {
	h.t.Helper()
	if _, err := h.Docker("exec", container, "/probe", "ping", "-count", "1", "-timeout", "3s", "198.51.100.2"); err != nil {
		h.t.Errorf("%s: %s does not reach the outside: %v", when, container, err)
	}
	if _, err := h.outside.Run("probe", "get", "-retry", "198.51.100.1:"+port); err != nil {
		h.t.Errorf("%s: the outside does not reach %s: %v", when, container, err)
	}
}

// pid is that of the plugin's process in the engine's namespaces.
func (h *host) pid() string {
	h.t.Helper()
	pids := strings.Fields(h.MustRun("sh", "-c", `for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" = /mybridge ] && echo ${p#/proc/}; done; true`))
	if len(pids) != 1 {
		h.t.Fatalf("the plugin's processes are %s, want one", pids)
	}
	return pids[0]
}

// waitUntil asks again until the answer is yes.
func (h *host) waitUntil(what string, isSo func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !isSo(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("not so after 20 s: %s", what)
		}
	}
}
