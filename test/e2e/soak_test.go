package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mybridge/test/engine"
)

// soakTime is how long a soak lasts: minutes where make soak gives them.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	minutes := os.Getenv("MYBRIDGE_SOAK_MINUTES")
	if minutes == "" {
		return 15 * time.Second
	}
	number, err := strconv.ParseFloat(minutes, 64)
	if err != nil {
		t.Fatalf("MYBRIDGE_SOAK_MINUTES %q is no number", minutes)
	}
	return time.Duration(number * float64(time.Minute))
}

// soak is a host on which containers and networks come and go while plugin and
// engine are killed and rules are flushed, all at random.
type soak struct {
	*host
	// half is until when the plugin is killed: what a process gathers that lives on
	// from there is seen in the end.
	half, deadline time.Time
	rounds         atomic.Int64
	chaos          map[string]int

	// refused counts the calls that failed, by what was said.
	mu      sync.Mutex
	refused map[string]int
}

// TestSoak wants nothing left of it all, and what should be reachable reached.
func TestSoak(t *testing.T) {
	onEachEngineWith(t, engine.Options{Timeout: 3 * time.Minute}, func(h *host) {
		lifeOfANetwork(h) // what is there once stays, as the chains of Docker's own
		h.wantSoon(h.ours, "")
		before, used := h.withoutEngine(), h.resources()
		s := &soak{host: h, half: time.Now().Add(soakTime(h.t) / 2), deadline: time.Now().Add(soakTime(h.t)), chaos: map[string]int{}, refused: map[string]int{}}
		var working sync.WaitGroup
		for i := range 3 {
			working.Go(func() { s.work(i) })
		}
		s.disturb()
		working.Wait()
		s.settle()
		s.audit(before)
		s.wantResources("in the end", used)
		h.restartPlugin()
		lifeOfANetwork(h)
		s.wantResources("after a restart", used)
		h.t.Logf("%d rounds, disturbed by %v; refused meanwhile:", s.rounds.Load(), s.chaos)
		for _, reason := range slices.Sorted(maps.Keys(s.refused)) {
			h.t.Logf("%6d times %s", s.refused[reason], reason)
		}
	})
}

func lifeOfANetwork(h *host) {
	h.t.Helper()
	h.createNetwork("first", "--subnet", "192.168.99.0/24")
	h.serve("first", "first", "-p", "8999:80")
	h.MustRun("probe", "get", "-retry", "-timeout", "10s", "127.0.0.1:8999")
	h.MustDocker("rm", "-f", "first")
	h.MustDocker("network", "rm", "first")
}

// work is a user's day, again and again: each call may fail while the plugin or
// the engine is down.
func (s *soak) work(worker int) {
	name := fmt.Sprintf("soak%d", worker)
	port := strconv.Itoa(9000 + worker)
	subnet := fmt.Sprintf("192.168.%d.0/24", 100+worker)
	for time.Now().Before(s.deadline) {
		s.try("network", "create", "-d", "mybridge", "--ipam-driver", "mybridge", "--subnet", subnet, name)
		s.try("run", "-d", "--name", name+"-web", "--network", name, "-p", port+":80", "probe", "serve", "-tcp", "80", "-udp", "53")
		s.try("run", "-d", "--name", name+"-peer", "--network", name, "probe")
		s.try("exec", name+"-peer", "/probe", "get", "-timeout", "1s", name+"-web:80")
		s.try("network", "disconnect", "-f", name, name+"-peer")
		s.try("network", "connect", name, name+"-peer")
		s.try("restart", "-t", "0", name+"-web")
		s.try("rm", "-f", name+"-web", name+"-peer")
		s.try("network", "rm", name)
		s.rounds.Add(1)
	}
}

func (s *soak) try(arguments ...string) {
	_, err := s.Docker(arguments...)
	if err == nil {
		return
	}
	_, said, _ := strings.Cut(err.Error(), ": ") // after the command
	said, _, _ = strings.Cut(said, "\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[arguments[0]+": "+someID.ReplaceAllString(said, "…")]++
}

// someID is what differs in errors that say the same.
var someID = regexp.MustCompile(`[0-9a-f]{12,}|[0-9]+(\.[0-9]+)*|soak`)

// disturbance is one way to break something.
type disturbance struct {
	name string
	do   func()
}

// disturb breaks something every other second until the time is over.
func (s *soak) disturb() {
	for time.Now().Before(s.deadline) {
		time.Sleep(time.Second + time.Duration(rand.Int64N(int64(2*time.Second))))
		disturbances := []disturbance{
			{"engine killed", func() {
				s.KillDocker()
				s.StartDocker()
			}},
			{"rules flushed", func() { _, _ = s.Run("nft", "flush", "ruleset") }},
			{"tables deleted", func() { _, _ = s.Run("sh", "-c", "nft delete table inet mybridge; nft delete table bridge mybridge") }},
			{"a bridge down", func() {
				_, _ = s.Run("sh", "-c", "ip link set $(ip -br link show type bridge | awk '/^mb-/{print $1; exit}') down")
			}},
			{"a bridge deleted", func() {
				_, _ = s.Run("sh", "-c", "ip link del $(ip -br link show type bridge | awk '/^mb-/{print $1; exit}')")
			}},
			{"forwarding off", func() { _, _ = s.Run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward") }},
		}
		if time.Now().Before(s.half) {
			disturbances = append(disturbances, disturbance{"plugin killed", s.restartPlugin}, disturbance{"plugin killed and away", func() {
				s.plugin.Kill()
				time.Sleep(time.Second)
				s.startPlugin()
			}})
		}
		chosen := disturbances[rand.IntN(len(disturbances))]
		s.chaos[chosen.name]++
		chosen.do()
	}
}

// settle ends all that is there. The engine is started once more, as its own rules
// were flushed too.
func (s *soak) settle() {
	s.t.Helper()
	s.MustRun("sh", "-c", "docker ps -aq | xargs -r docker rm -f")
	s.MustRun("sh", "-c", "docker network ls -q --filter driver=mybridge | xargs -r docker network rm")
	s.StopDocker()
	s.StartDocker()
}

// audit wants nothing of ours left: what no call of the engine mentions any more is
// for doctor to find, once a network shows that it asks the right engine. What is new
// it leaves for a minute.
func (s *soak) audit(before string) {
	s.t.Helper()
	s.createNetwork("shared", "--subnet", "192.168.98.0/24")
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Second) {
		findings, code := s.doctor("--fix")
		if code == 0 && findings == "healthy" {
			break
		}
		s.t.Logf("doctor: %s", findings)
		if time.Now().After(deadline) {
			s.t.Error("doctor is not content")
			break
		}
	}
	s.MustDocker("network", "rm", "shared")
	s.wantHealthy("in the end")
	s.wantOursAsBefore(before)
	s.wantNoPorts()
}
