package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"mybridge/test/engine"
)

// metrics are what the plugin tells at its admin socket.
func (h *host) metrics() string {
	h.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", h.Path("/run/mybridge/mybridge.sock"))
	}}}
	response, err := client.Get("http://plugin/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		h.t.Fatalf("/metrics: %s, %v", response.Status, err)
	}
	return string(text)
}

// metric is the value of the line that begins with the name and its labels.
func (h *host) metric(name string) int {
	h.t.Helper()
	for line := range strings.Lines(h.metrics()) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				h.t.Fatal(err)
			}
			return int(number)
		}
	}
	h.t.Fatalf("there is no metric %s", name)
	return 0
}

// wantNoPorts wants no host port held.
func (h *host) wantNoPorts() {
	h.t.Helper()
	for _, protocol := range []string{"tcp", "udp", "sctp"} {
		if held := h.metric(`mybridge_ports_held{protocol="` + protocol + `"}`); held != 0 {
			h.t.Errorf("%d %s ports are held, want none", held, protocol)
		}
	}
}

// TestMetrics wants the numbers to be those of what runs, at the admin socket and on
// the loopback, and nowhere else.
func TestMetrics(t *testing.T) {
	t.Parallel()
	root := engine.Roots(t)[0]
	h := newHost(t, root, engine.Options{}, "--metrics-address", ":9323")
	h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
	h.createNetwork("n1", "--subnet", "192.168.0.0/24")
	h.serve("web", "n1", "-p", "8080:80")
	h.run("peer", "n1")
	h.MustRun("ip", "link", "set", h.MustRun("sh", "-c", "ip -br link show type bridge | awk '/^mb-/{print $1}'"), "down")
	h.wantReached("peer", "web")
	endpoint := h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.EndpointID}}", "web")[:12]
	network := h.MustDocker("network", "inspect", "-f", "{{.Id}}", "n1")[:12]
	for name, least := range map[string]int{
		`mybridge_calls_total{method="NetworkDriver.Join",result="ok"}`:                                2,
		`mybridge_call_duration_seconds_count{method="IpamDriver.RequestAddress",result="ok"}`:         3,
		`mybridge_networks{phase="ready"}`:                                                             1,
		`mybridge_endpoints{phase="ready"}`:                                                            2,
		`mybridge_pools{state="open"}`:                                                                 1,
		`mybridge_pool_addresses{pool="mybridge-local/192.168.0.0/24",state="used"}`:                   3,
		`mybridge_ports_held{protocol="tcp"}`:                                                          2,
		`mybridge_rule_transactions_total{result="ok"}`:                                                3,
		`mybridge_repairs_total{part="links"}`:                                                         1,
		`mybridge_endpoint_receive_bytes_total{endpoint="` + endpoint + `",network="` + network + `"}`: 60,
		`go_goroutines`: 5,
	} {
		if got := h.metric(name); got < least {
			t.Errorf("%s is %d, want at least %d", name, got, least)
		}
	}
	ask := `exec 3<>/dev/tcp/127.0.0.1/9323; printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3; cat <&3`
	if answer := h.MustRun("bash", "-c", ask); !strings.Contains(answer, " 200 OK") {
		t.Errorf("port 9323 of the loopback answers %s", answer)
	}
	h.wantFailure("refused", "probe", "get", "-timeout", "1s", "198.51.100.1:9323")
	h.wantFailure("in use", "docker", "run", "-d", "--network", "n1", "-p", "8080:80", "probe")
	wantDashboard(t, h.metrics())
	h.MustDocker("rm", "-f", "web", "peer")
	h.wantNoPorts()
}
