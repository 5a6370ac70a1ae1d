package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"mybridge/driver"
	"mybridge/internal/cli"
	"mybridge/internal/doctor"
	"mybridge/internal/engine"
	"mybridge/internal/events"
	"mybridge/internal/status"
	"mybridge/ipam"
)

// fakeProgram remembers what the commands ask of it, and is itself the address
// manager that they reach.
type fakeProgram struct {
	// dockerPlugin says who has started it.
	dockerPlugin bool

	// What is answered.
	dumped                      ipam.Bitmaps
	left                        []netip.Prefix
	pools                       []ipam.PoolView
	details                     ipam.PoolDetails
	explanation                 ipam.Explanation
	trusted                     int
	found                       []ipam.Finding
	serveErr, openErr, closeErr error
	err                         error // of all that the address manager does
	published                   []driver.PublishedPort
	containers                  []engine.Container
	portsErr, engineErr         error
	engineHangs                 bool
	notRunning                  string // why the state is used
	report                      doctor.Report
	examineErr                  error
	now                         status.Status
	statusErr                   error
	networks                    []engine.Network
	networksErr                 error
	knownFrom                   time.Time // when the engine begins to know anything
	happens                     []events.Event
	followErr                   error
	// onStatus and onEvent are called before an answer, where they are not nil.
	onStatus, onEvent func()

	// What was asked.
	served  []cli.ServeConfig
	targets []cli.Target
	loaded  []ipam.Bitmaps
	asked   []string
	closed  int
	// engines are the sockets of the engines asked.
	engines  []string
	examined []doctor.Request
}

func (p *fakeProgram) Dump(context.Context) (ipam.Bitmaps, []netip.Prefix, error) {
	return p.dumped, p.left, p.err
}

func (p *fakeProgram) Load(_ context.Context, bitmaps ipam.Bitmaps) error {
	p.loaded = append(p.loaded, bitmaps)
	return p.err
}

func (p *fakeProgram) Pools(context.Context) ([]ipam.PoolView, error) { return p.pools, p.err }

func (p *fakeProgram) Pool(_ context.Context, subnet netip.Prefix) (ipam.PoolDetails, error) {
	return p.details, p.ask("show %s", subnet)
}

func (p *fakeProgram) Explain(_ context.Context, address netip.Addr) (ipam.Explanation, error) {
	return p.explanation, p.ask("explain %s", address)
}

func (p *fakeProgram) Reserve(_ context.Context, address netip.Addr, name string) error {
	return p.ask("reserve %s %q", address, name)
}

func (p *fakeProgram) Release(_ context.Context, address netip.Addr, force bool) error {
	return p.ask("release %s %v", address, force)
}

func (p *fakeProgram) Trust(context.Context) error {
	p.trusted++
	return p.err
}

func (p *fakeProgram) Check(context.Context) ([]ipam.Finding, error) { return p.found, p.err }

func (p *fakeProgram) ask(format string, values ...any) error {
	p.asked = append(p.asked, fmt.Sprintf(format, values...))
	return p.err
}

func (p *fakeProgram) Close() error {
	p.closed++
	return p.closeErr
}

// run runs a command line.
func (p *fakeProgram) run(arguments ...string) (code int, stdout, stderr string) {
	return p.runUntil(context.Background(), arguments...)
}

// runUntil runs a command line, and interrupts it when ctx is done.
func (p *fakeProgram) runUntil(ctx context.Context, arguments ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = cli.Run(ctx, cli.Program{
		Version:      "1.2.3",
		DockerPlugin: p.dockerPlugin,
		Serve: func(_ context.Context, config cli.ServeConfig) error {
			p.served = append(p.served, config)
			return p.serveErr
		},
		OpenAddresses: func(_ context.Context, target cli.Target) (cli.Addresses, string, error) {
			p.targets = append(p.targets, target)
			if p.openErr != nil {
				return nil, "", p.openErr
			}
			return p, p.notRunning, nil
		},
		PublishedPorts: func(_ context.Context, target cli.Target) ([]driver.PublishedPort, string, error) {
			p.targets = append(p.targets, target)
			return p.published, p.notRunning, p.portsErr
		},
		Containers: func(ctx context.Context, socket string) ([]engine.Container, error) {
			p.engines = append(p.engines, socket)
			if p.engineHangs {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			if time.Now().Before(p.knownFrom) {
				return nil, nil
			}
			return p.containers, p.engineErr
		},
		Examine: func(_ context.Context, target cli.Target, request doctor.Request) (doctor.Report, error) {
			p.targets = append(p.targets, target)
			p.examined = append(p.examined, request)
			return p.report, p.examineErr
		},
		Status: func(_ context.Context, target cli.Target) (status.Status, error) {
			p.targets = append(p.targets, target)
			if p.onStatus != nil {
				p.onStatus()
			}
			return p.now, p.statusErr
		},
		Networks: func(context.Context, string) ([]engine.Network, error) {
			if time.Now().Before(p.knownFrom) {
				return nil, nil
			}
			return p.networks, p.networksErr
		},
		Follow: func(ctx context.Context, target cli.Target, each func(events.Event) error) error {
			p.targets = append(p.targets, target)
			for _, e := range p.happens {
				if p.onEvent != nil {
					p.onEvent()
				}
				if err := each(e); err != nil {
					return err
				}
			}
			if p.followErr == nil {
				return ctx.Err()
			}
			return p.followErr
		},
	}, arguments, &out, &err)
	return code, out.String(), err.String()
}

// serve runs the serve command, which must work, and returns its configuration.
func (p *fakeProgram) serve(t *testing.T, flags ...string) cli.ServeConfig {
	t.Helper()
	code, _, stderr := p.run(append([]string{"serve"}, flags...)...)
	if code != 0 || len(p.served) == 0 {
		t.Fatalf("serve %v: got exit code %d and %q", flags, code, stderr)
	}
	return p.served[len(p.served)-1]
}

// wantRun checks an exit code and that stderr has each of the parts.
func wantRun(t *testing.T, what string, code int, stderr string, wantCode int, parts ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("%s: got exit code %d, want %d; stderr: %s", what, code, wantCode, stderr)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			t.Errorf("%s: got %q on stderr, want it to name %q", what, stderr, part)
		}
	}
}

var errFake = errors.New("address 10.0.0.7: address is not reserved")

// TestMain clears the environment of what the commands read from it, and lets
// tables show times in UTC.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MYBRIDGE_") {
			_ = os.Unsetenv(name) // fails for no name that Environ returns
		}
	}
	os.Exit(m.Run())
}
