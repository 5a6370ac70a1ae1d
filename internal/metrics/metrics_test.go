package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/metrics"
	"mybridge/ipam"
)

// plugin is all parts of one, with what a test gives it.
type plugin struct{ failure error }

func (p plugin) Records(context.Context) ([]driver.Network, []driver.Endpoint, error) {
	if p.failure != nil {
		return nil, nil, p.failure
	}
	return []driver.Network{{Phase: driver.Ready}, {Phase: driver.Ready}, {Phase: driver.Deleting}},
		[]driver.Endpoint{{Phase: driver.Ready}, {Phase: driver.Creating}}, nil
}

func (plugin) Backlog() int { return 8 }

func (p plugin) Traffic(context.Context) ([]link.Traffic, error) {
	return []link.Traffic{{
		Network: strings.Repeat("a", 64), Endpoint: strings.Repeat("b", 64),
		Received: link.Volume{Bytes: 11, Packets: 12, Dropped: 13},
		Sent:     link.Volume{Bytes: 21, Packets: 22, Dropped: 23},
	}}, p.failure
}

func (plugin) Transactions() firewall.Transactions {
	return firewall.Transactions{Done: 7, Failed: 1}
}

func (plugin) Count() map[hostport.Protocol]int { return map[hostport.Protocol]int{hostport.UDP: 3} }

func (plugin) Pools() []ipam.PoolView {
	subnet := netip.MustParsePrefix("192.0.2.0/24")
	return []ipam.PoolView{
		{ID: "mybridge-local/192.0.2.0/24", Subnet: subnet, Used: 4, Free: 240, Resting: 5, Reserved: 6},
		{ID: "mybridge-local/198.51.100.0/24", Doubt: "the state was lost"},
		{Subnet: subnet, Reserved: 9}, // of no pool
	}
}

func (plugin) Counts() map[string]int { return map[string]int{health.Links: 2} }

// serve returns what asks the plugin for a path, and what is logged meanwhile.
func serve(t *testing.T, p plugin, calls *metrics.Calls) (get func(path string) (int, string), logged *logtest.Hook) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	server := httptest.NewServer(metrics.NewHandler(metrics.Parts{
		Version: "1.2.3", Networks: p, Links: p, Rules: p, Ports: p, Addresses: p, Repairs: countsOf{p},
	}, calls, log))
	t.Cleanup(server.Close)
	return func(path string) (int, string) {
		t.Helper()
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}, logtest.NewLocal(log)
}

// countsOf is the plugin's repairer.
type countsOf struct{ plugin }

func wantLines(t *testing.T, scraped string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+scraped, "\n"+line+"\n") {
			t.Errorf("there is no line %q in\n%s", line, scraped)
		}
	}
}

// TestScrape wants every number where Prometheus finds it.
func TestScrape(t *testing.T) {
	calls := metrics.NewCalls()
	calls.Observe("NetworkDriver.Join", 3*time.Millisecond, nil)
	calls.Observe("NetworkDriver.Join", 2*time.Second, errors.New("no"))
	calls.Observe("NetworkDriver.Leave", time.Millisecond, nil)
	get, _ := serve(t, plugin{}, calls)
	status, scraped := get(metrics.Path)
	if status != http.StatusOK {
		t.Errorf("got status %d, want 200", status)
	}
	wantLines(t, scraped,
		`mybridge_build_info{version="1.2.3"} 1`,
		`mybridge_calls_total{method="NetworkDriver.Join",result="ok"} 1`,
		`mybridge_calls_total{method="NetworkDriver.Join",result="error"} 1`,
		`mybridge_calls_total{method="NetworkDriver.Leave",result="error"} 0`,
		`mybridge_call_duration_seconds_bucket{method="NetworkDriver.Join",result="ok",le="0.005"} 1`,
		`mybridge_call_duration_seconds_bucket{method="NetworkDriver.Join",result="error",le="1"} 0`,
		`mybridge_call_duration_seconds_bucket{method="NetworkDriver.Join",result="error",le="2.5"} 1`,
		`mybridge_call_duration_seconds_count{method="NetworkDriver.Join",result="ok"} 1`,
		`mybridge_networks{phase="ready"} 2`,
		`mybridge_networks{phase="creating"} 0`,
		`mybridge_networks{phase="deleting"} 1`,
		`mybridge_deletions_unfinished 8`,
		`mybridge_endpoints{phase="ready"} 1`,
		`mybridge_endpoints{phase="creating"} 1`,
		`mybridge_pools{state="open"} 1`,
		`mybridge_pools{state="doubtful"} 1`,
		`mybridge_pool_addresses{pool="mybridge-local/192.0.2.0/24",state="used"} 4`,
		`mybridge_pool_addresses{pool="mybridge-local/192.0.2.0/24",state="free"} 240`,
		`mybridge_pool_addresses{pool="mybridge-local/192.0.2.0/24",state="resting"} 5`,
		`mybridge_pool_addresses{pool="mybridge-local/192.0.2.0/24",state="reserved"} 6`,
		`mybridge_rule_transactions_total{result="ok"} 7`,
		`mybridge_rule_transactions_total{result="error"} 1`,
		`mybridge_ports_held{protocol="udp"} 3`,
		`mybridge_ports_held{protocol="tcp"} 0`,
		`mybridge_repairs_total{part="links"} 2`,
		`mybridge_repairs_total{part="rules"} 0`,
		`mybridge_endpoint_receive_bytes_total{endpoint="bbbbbbbbbbbb",network="aaaaaaaaaaaa"} 11`,
		`mybridge_endpoint_receive_drop_total{endpoint="bbbbbbbbbbbb",network="aaaaaaaaaaaa"} 13`,
		`mybridge_endpoint_transmit_bytes_total{endpoint="bbbbbbbbbbbb",network="aaaaaaaaaaaa"} 21`,
		`mybridge_endpoint_transmit_drop_total{endpoint="bbbbbbbbbbbb",network="aaaaaaaaaaaa"} 23`,
	)
	for _, name := range []string{"\ngo_goroutines ", "\nprocess_open_fds ", "\nprocess_resident_memory_bytes "} {
		if !strings.Contains(scraped, name) {
			t.Errorf("there is no %s in\n%s", strings.TrimSpace(name), scraped)
		}
	}
}

// TestScrapeWithoutAPart wants the others' numbers where a part does not answer, and
// a line in the log that says why.
func TestScrapeWithoutAPart(t *testing.T) {
	get, logged := serve(t, plugin{failure: errors.New("a network hangs")}, metrics.NewCalls())
	_, scraped := get(metrics.Path)
	wantLines(t, scraped, `mybridge_ports_held{protocol="udp"} 3`, `mybridge_pools{state="open"} 1`)
	if strings.Contains(scraped, "mybridge_networks{") {
		t.Errorf("numbers are told that are not known:\n%s", scraped)
	}
	entry := logged.LastEntry()
	if entry == nil {
		t.Fatal("nothing is logged")
	}
	if line, err := entry.String(); err != nil || !strings.Contains(line, "a network hangs") {
		t.Errorf("logged is %q, %v, want the reason", line, err)
	}
}

// TestHealth wants the health told, and nothing but what was asked for.
func TestHealth(t *testing.T) {
	get, _ := serve(t, plugin{}, metrics.NewCalls())
	for path, want := range map[string]int{metrics.HealthPath: http.StatusOK, "/": http.StatusNotFound, metrics.Path + "/x": http.StatusNotFound} {
		if status, body := get(path); status != want {
			t.Errorf("%s: got %d %s, want %d", path, status, body, want)
		}
	}
}
