package scale

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"testing"
	"time"

	"mybridge/test/kernel"
)

// TestCommands wants the commands that show what there is to show all of it, with the
// names that an engine gives, and also where no plugin runs. It prints how long each
// took; MYBRIDGE_SCALE_ENDPOINTS=1000 asks for as many as a large host has.
func TestCommands(t *testing.T) {
	kernel.Namespace(t)
	const networks = 10
	endpoints := endpointCount(t)
	p := newPlugin(t)
	p.Spawn()
	p.fill(networks, endpoints)
	p.serveEngine(networks, endpoints)
	for _, runs := range []bool{true, false} {
		if !runs {
			p.Kill()
		}
		var status struct {
			Networks []struct{ Endpoints, Ports int }
		}
		p.command(runs, &status, "status")
		there := 0
		for _, n := range status.Networks {
			there += n.Endpoints
		}
		if len(status.Networks) != networks || there != endpoints {
			t.Errorf("status tells of %d networks with %d endpoints, want %d and %d", len(status.Networks), there, networks, endpoints)
		}
		var listed []struct{ Container, NetworkName string }
		p.command(runs, &listed, "endpoint", "ls")
		if len(listed) != endpoints || listed[0].Container != "c0" || listed[0].NetworkName != "n0" {
			t.Errorf("endpoint ls lists %d from %v on, want %d from c0 on n0 on", len(listed), listed[:1], endpoints)
		}
		p.command(runs, &listed, "network", "ls")
		if len(listed) != networks {
			t.Errorf("network ls lists %d, want %d", len(listed), networks)
		}
		var one struct{ EndpointList []struct{ Container string } }
		p.command(runs, &one, "network", "inspect", "n0")
		if len(one.EndpointList) != endpoints/networks {
			t.Errorf("network inspect lists %d endpoints, want %d", len(one.EndpointList), endpoints/networks)
		}
		var findings []struct{ Subject, Problem string }
		p.command(runs, &findings, "doctor")
		if runs && len(findings) > 0 {
			t.Errorf("doctor finds %v", findings)
		}
	}
}

// command prints how long the command takes, and reads its JSON.
func (p *plugin) command(runs bool, into any, arguments ...string) {
	p.t.Helper()
	flags := append(slices.Clone(arguments), "--json", "--admin-socket", p.Path("admin.sock"), "--state-dir", p.Path("state"), "--engine-socket", p.Path("engine.sock"))
	wantCode := 0
	if !runs {
		wantCode = 1
	}
	took := make([]time.Duration, 5)
	for i := range took {
		began := time.Now()
		command := exec.Command(p.Binary, flags...)
		output, err := command.Output()
		took[i] = time.Since(began).Round(time.Millisecond / 10)
		if code := command.ProcessState.ExitCode(); code != wantCode {
			p.t.Fatalf("%v: exit code %d, %v, want %d", arguments, code, err, wantCode)
		}
		must(p.t, json.Unmarshal(output, into))
	}
	slices.Sort(took)
	p.t.Logf("%v, plugin runs: %v: %s at best, %s in the middle", arguments, runs, took[0], took[len(took)/2])
}

// serveEngine answers as an engine does that has these networks and containers.
func (p *plugin) serveEngine(networks, endpoints int) {
	p.t.Helper()
	var listedNetworks, containers []object
	for n := range networks {
		listedNetworks = append(listedNetworks, object{"Id": networkID(n), "Name": fmt.Sprintf("n%d", n), "Driver": "mybridge"})
	}
	for e := range endpoints {
		name, network := fmt.Sprintf("c%d", e), e%networks
		containers = append(containers, object{
			"Id": id("container", e), "Names": []string{"/" + name}, "Image": "registry.example/shop/web:1.2.3", "ImageID": "sha256:" + id("image", 0),
			"Command": "/usr/sbin/httpd -DFOREGROUND", "Labels": object{"com.docker.compose.project": "shop", "com.docker.compose.service": name},
			"State": "running", "Status": "Up 2 hours", "HostConfig": object{"NetworkMode": networkID(network)}, "Mounts": []object{},
			"NetworkSettings": object{"Networks": object{fmt.Sprintf("n%d", network): object{
				"NetworkID": networkID(network), "EndpointID": endpointID(e), "Gateway": "10.0.0.1", "IPAddress": "10.0.0.2", "IPPrefixLen": 24, "MacAddress": "02:42:0a:01:00:02",
			}}},
		})
	}
	listener, err := net.Listen("unix", p.Path("engine.sock"))
	must(p.t, err)
	mux := http.NewServeMux()
	for path, answer := range map[string]any{"/info": object{"ID": "one"}, "/networks": listedNetworks, "/containers/json": containers} {
		text, err := json.Marshal(answer)
		must(p.t, err)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }() // ends with an error when it is closed
	p.t.Cleanup(func() { _ = server.Close() })
}
