package iptables

import (
	"os/exec"
	"sync"
	"time"
)

// remembered is how long a process is remembered: more than it may take to hear of
// what it changed, and less than until another gets its ID.
const remembered = time.Minute

// processes are those that were started of late, by their IDs.
type processes struct {
	mu      sync.Mutex
	started map[int]time.Time
}

// ran are the programs that this process ran.
var ran = processes{started: map[int]time.Time{}}

// Ran reports whether the process is a program that this package ran within the
// last minute. So who watches the kernel's rules tells our changes from others'.
func Ran(process int) bool {
	ran.mu.Lock()
	defer ran.mu.Unlock()
	started, ok := ran.started[process]
	return ok && time.Since(started) < remembered
}

// start starts the program. Nobody asks for it before it is remembered.
func (p *processes) start(command *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := command.Start(); err != nil {
		return err
	}
	for process, started := range p.started {
		if time.Since(started) >= remembered {
			delete(p.started, process)
		}
	}
	p.started[command.Process.Pid] = time.Now()
	return nil
}
