package scale

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"mybridge/test/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// plugin is the plugin as a process, which is killed and started again.
type plugin struct {
	*daemon.Plugin
	t *testing.T
}

func newPlugin(t *testing.T) *plugin {
	t.Helper()
	p := &plugin{daemon.New(t, "", daemon.Binary(t), "--log-level", "warning"), t}
	p.Transport.MaxIdleConnsPerHost = workers
	return p
}

type object = map[string]any

// memory is a line of the process's status in MiB, such as VmRSS.
func (p *plugin) memory(name string) int {
	p.t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.Pid()) + "/status")
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
