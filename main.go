// Mybridge is a network driver and address manager for Docker: a libnetwork
// remote plugin in one process. This file hands the commands what they call, and
// serve.go wires the plugin's parts together.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"mybridge/internal/cli"
)

// version is stamped by the Makefile.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	program := cli.Program{
		Version:        version,
		DockerPlugin:   cli.IsDockerPlugin(os.Args[0]),
		Serve:          serve,
		OpenAddresses:  openAddresses,
		PublishedPorts: publishedPorts,
		Containers:     containers,
		Examine:        examine,
		Status:         pluginStatus,
		Networks:       engineNetworks,
		Follow:         follow,
	}
	code := cli.Run(ctx, program, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// collectSooner has garbage collected at half of Go's own: netlink leaves much, which
// is not to stay on a host that is there for others.
func collectSooner() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
