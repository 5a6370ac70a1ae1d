package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is what the figures were taken on.
type machine struct {
	Kernel     string `json:"kernel"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Go         string `json:"go"`
	// Load is the average of the minute before the run.
	Load string `json:"load"`
}

func (m machine) String() string {
	return fmt.Sprintf("Linux %s, %d processors (%s), load before %s, %s", m.Kernel, m.Processors, m.Processor, m.Load, m.Go)
}

func thisMachine() machine {
	var name unix.Utsname
	// It fails only on a bad address.
	_ = unix.Uname(&name)
	load, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	return machine{
		Kernel: unix.ByteSliceToString(name.Release[:]), Processor: processor(read("/proc/cpuinfo")),
		Processors: runtime.NumCPU(), Go: runtime.Version(), Load: load,
	}
}

// read returns nothing where the kernel has no such file.
func read(path string) string {
	content, _ := os.ReadFile(path)
	return string(content)
}

// processor is the model's name in /proc/cpuinfo, which not every architecture has.
func processor(information string) string {
	for line := range strings.Lines(information) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
