package cli_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/internal/events"
)

// minute is a moment of the test's day.
func minute(count int) time.Time { return time.Date(2026, 5, 4, 3, count, 0, 0, time.UTC) }

// happening is a plugin in which an event of each kind happens.
func happening() *fakeProgram {
	p := running()
	p.happens = []events.Event{
		{Time: minute(1), Kind: "network-created", Network: "feedfeedfeedfeed", Detail: "10.1.0.0/24, bridge mb-feed"},
		{Time: minute(2), Kind: "endpoint-attached", Network: shopID, Endpoint: webID, Detail: "192.168.0.2/24, link mbvweb"},
		{Time: minute(3), Kind: "endpoint-attached", Network: shopID, Endpoint: "beefbeefbeefbeef", Detail: "192.168.0.9/24, link mbv9"},
		{Time: minute(4), Kind: events.Repaired, Part: "links", Detail: "bridge shop0 is down"},
		{Time: minute(5), Kind: events.Refused, Call: "NetworkDriver.Join", Detail: "endpoint 3a1b2c3d4e5f: 80 -> no"},
		{Time: minute(6), Kind: "network-deleted", Network: shopID, Detail: "192.168.0.0/24, bridge shop0"},
	}
	return p
}

// TestEvents wants a line for each event, by the names that are known, and the exit
// code 1 when the plugin ends before the follower does.
func TestEvents(t *testing.T) {
	const want = `2026-05-04 03:01:00  network-created    feedfeedfeed: 10.1.0.0/24, bridge mb-feed
2026-05-04 03:02:00  endpoint-attached  web on shop: 192.168.0.2/24, link mbvweb
2026-05-04 03:03:00  endpoint-attached  endpoint beefbeefbeef on shop: 192.168.0.9/24, link mbv9
2026-05-04 03:04:00  repaired           bridge shop0 is down
2026-05-04 03:05:00  refused            NetworkDriver.Join: endpoint 3a1b2c3d4e5f: 80 -> no
2026-05-04 03:06:00  network-deleted    shop: 192.168.0.0/24, bridge shop0
`
	p := happening()
	p.followErr = errors.New("the plugin has stopped")
	code, stdout, stderr := p.run("events")
	if wantRun(t, "events", code, stderr, 1, "mybridge: the plugin has stopped"); stdout != want {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
	code, stdout, stderr = p.run("events", "--json")
	wantRun(t, "events --json", code, stderr, 1, "mybridge: the plugin has stopped")
	for _, line := range []string{
		`{"time":"2026-05-04T03:02:00Z","kind":"endpoint-attached","network":"1a2b3c4d5e6f7a8b","endpoint":"0a1b2c3d4e5f6a7b","detail":"192.168.0.2/24, link mbvweb","networkName":"shop","container":"web"}`,
		`{"time":"2026-05-04T03:04:00Z","kind":"repaired","part":"links","detail":"bridge shop0 is down"}`,
		`{"time":"2026-05-04T03:05:00Z","kind":"refused","call":"NetworkDriver.Join","detail":"endpoint 3a1b2c3d4e5f: 80 -> no"}`,
	} {
		if !strings.Contains(stdout, line+"\n") {
			t.Errorf("there is no line %s in\n%s", line, stdout)
		}
	}
}

// TestEventsInterrupted wants Ctrl-C to be no failure.
func TestEventsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	p := happening()
	p.onEvent = interrupt
	if code, stdout, stderr := p.runUntil(ctx, "events"); code != 0 || stderr != "" || strings.Count(stdout, "\n") != len(p.happens) {
		t.Errorf("got exit code %d, %q and %q, want 0 and all events", code, stdout, stderr)
	}
}

// TestEventsLearnNames wants a container that starts called by its name from the moment
// on at which the engine knows it, also when it goes.
func TestEventsLearnNames(t *testing.T) {
	for known, next := range map[time.Duration]time.Duration{200 * time.Millisecond: time.Second, 2500 * time.Millisecond: 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := running()
			p.knownFrom = time.Now().Add(known)
			about := events.Event{Kind: "endpoint-attached", Network: shopID, Endpoint: webID}
			p.happens = []events.Event{about, about, {Kind: "endpoint-deleted", Network: shopID, Endpoint: webID}}
			happened := 0
			p.onEvent = func() {
				if happened++; happened == 2 {
					time.Sleep(next)
				}
			}
			_, stdout, _ := p.run("events")
			lines := strings.Split(stdout, "\n")
			if !strings.Contains(lines[0], "endpoint 0a1b2c3d4e5f on 1a2b3c4d5e6f") || !strings.Contains(lines[1], "web on shop") || !strings.Contains(lines[2], "web on shop") {
				t.Errorf("known after %s, got after %s\n%s", known, next, stdout)
			}
		})
	}
}
