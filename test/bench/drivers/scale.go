package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"mybridge/test/bench/figures"
	"mybridge/test/engine"
)

// scaleOperation is the name of what is measured without an engine.
const scaleOperation = "scale"

// What a plugin holds when it is measured.
const (
	fewNetworks       = 10
	thousandNetworks  = 1000
	thousandEndpoints = 1000
)

const partScale = "The plugin alone, called as by an engine"

// Figures with a goal.
const (
	figureCreateOfMany   = "network create, beside 1,000"
	figureMemory         = "resident memory, 1,000 endpoints with a port each"
	figureMemoryRestored = "resident memory of these after a restart"
	figureRestart        = "restart to first answer with these"
)

// measureScale measures plugins that hold much. All end together: while the kernel takes
// a namespace with that many links away, no other process changes any.
func measureScale(ctx context.Context, progress io.Writer, root engine.Root, program string, rounds int) (rows []*row, err error) {
	err = during(progress, func(l *lifetime) error {
		few, many, crowded := startCaller(l, root, program), startCaller(l, root, program), startCaller(l, root, program)
		creates, err := measureCreates(ctx, few, many, rounds)
		if err != nil {
			return err
		}
		// What a plugin does by itself is no longer of use.
		few.plugin.Kill()
		many.plugin.Kill()
		endpoints, err := measureEndpoints(ctx, crowded, max(1, rounds/4))
		rows = slices.Concat(creates, endpoints)
		return err
	})
	for _, r := range rows {
		r.judge(root.Name)
	}
	return rows, err
}

// measureCreates lets a plugin with few networks and one with many take turns.
func measureCreates(ctx context.Context, few, many *caller, rounds int) ([]*row, error) {
	for c, count := range map[*caller]int{few: fewNetworks, many: thousandNetworks} {
		for range count {
			if _, err := c.createNetwork(ctx); err != nil {
				return nil, err
			}
		}
	}
	times := map[*caller]figures.Rounds{}
	turns := []*caller{few, many}
	for range rounds {
		for _, c := range turns {
			values, err := takeOnce(ctx, c.Engine, func(s *stopwatch) {
				var n pluginNetwork
				s.time(func() (err error) { n, err = c.createNetwork(ctx); return err })
				s.do(func() error { return c.removeNetwork(ctx, n) })
			})
			if err != nil {
				return nil, err
			}
			times[c] = append(times[c], values...)
		}
		slices.Reverse(turns)
	}
	beside := newRow(partScale, "network create, beside 10", "ms").alone(times[few])
	return []*row{beside, newRow(partScale, figureCreateOfMany, "ms").alone(times[many]).to(beside, "beside 10")}, nil
}

// measureEndpoints measures a plugin's memory, and how soon it is back when it was
// killed.
func measureEndpoints(ctx context.Context, c *caller, rounds int) ([]*row, error) {
	var n pluginNetwork
	var endpoint object
	for i := range thousandEndpoints {
		var err error
		// A bridge has no more than 1,024 links.
		if i%100 == 0 {
			if n, err = c.createNetwork(ctx); err != nil {
				return nil, err
			}
		}
		if endpoint, err = c.startContainer(ctx, n, firstHostPort+i); err != nil {
			return nil, err
		}
	}
	memory, err := residentMemory(c.plugin.Pid())
	if err != nil {
		return nil, err
	}
	var times, restored figures.Rounds
	for range rounds {
		c.plugin.Kill()
		var s stopwatch
		s.time(func() error {
			c.startPlugin()
			return c.firstAnswer(ctx, endpoint)
		})
		s.take(func() (float64, error) { return residentMemory(c.plugin.Pid()) })
		if s.err != nil {
			return nil, s.err
		}
		times, restored = append(times, s.values[0]), append(restored, s.values[1])
	}
	return []*row{
		newRow(partScale, figureMemory, "MiB").alone(figures.Rounds{memory}),
		newRow(partScale, figureMemoryRestored, "MiB").alone(restored),
		newRow(partScale, figureRestart, "ms").alone(times),
	}, nil
}

// firstAnswer asks about the endpoint until it is told.
func (c *caller) firstAnswer(ctx context.Context, endpoint object) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		err := c.api.post(ctx, "NetworkDriver.EndpointOperInfo", endpoint, nil)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("a minute after its start the plugin answers: %w", err)
		}
	}
}

// residentMemory is a process's, in MiB.
func residentMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kibibytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return float64(kibibytes) / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d says nothing of its memory", pid)
}
