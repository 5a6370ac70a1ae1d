package cli_test

import (
	"errors"
	"strings"
	"testing"

	"mybridge/internal/doctor"
	"mybridge/internal/health"
)

var (
	bridgeGone = health.Finding{Part: health.Links, Subject: "bridge mb-1", Problem: "is gone", Meaning: "nobody is reached", Fix: "make it"}
	linkGone   = health.Finding{Part: health.Links, Subject: "link mbv1", Problem: "is gone", Meaning: "its container reaches nobody"}
)

// TestDoctor checks what is printed of each report, and the exit code.
func TestDoctor(t *testing.T) {
	open := doctor.Finding{Finding: bridgeGone}
	fixed := doctor.Finding{Finding: bridgeGone, Fixed: true}
	lasting := doctor.Finding{Finding: linkGone}
	for name, test := range map[string]struct {
		report         doctor.Report
		code           int
		stdout, stderr string
		asJSON         string
	}{
		"healthy": {doctor.Report{}, 0, "healthy\n", "", "[]\n"},
		"findings": {
			doctor.Report{Findings: []doctor.Finding{open, lasting}}, 1,
			"bridge mb-1 is gone\n  means: nobody is reached\n  fix:   make it\nlink mbv1 is gone\n  means: its container reaches nobody\n  fix:   none by itself\n",
			"mybridge: not as it should be: 2\n",
			`[{"part":"links","subject":"bridge mb-1","problem":"is gone","meaning":"nobody is reached","fix":"make it"},{"part":"links","subject":"link mbv1","problem":"is gone","meaning":"its container reaches nobody"}]` + "\n",
		},
		"all fixed": {
			doctor.Report{Findings: []doctor.Finding{fixed}}, 0, "fixed: bridge mb-1 is gone\nhealthy\n", "",
			`[{"part":"links","subject":"bridge mb-1","problem":"is gone","meaning":"nobody is reached","fix":"make it","fixed":true}]` + "\n",
		},
		"some fixed": {
			doctor.Report{Findings: []doctor.Finding{fixed, lasting}}, 1,
			"fixed: bridge mb-1 is gone\nlink mbv1 is gone\n  means: its container reaches nobody\n  fix:   none by itself\n",
			"mybridge: not as it should be: 1\n", "",
		},
		"no engine": {doctor.Report{NotAsked: "no such file"}, 0, "healthy\n", "what the engine knows was left out: no such file\n", "[]\n"},
		"unknown":   {doctor.Report{Unknown: []string{"no iptables"}}, 2, "", "mybridge: not all could be examined: no iptables\n", "[]\n"},
		"unknown beside findings": {
			doctor.Report{Findings: []doctor.Finding{fixed}, Unknown: []string{"no iptables"}}, 2,
			"fixed: bridge mb-1 is gone\n", "mybridge: not all could be examined: no iptables\n", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &fakeProgram{report: test.report}
			code, stdout, stderr := p.run("doctor")
			if code != test.code || stdout != test.stdout || stderr != test.stderr {
				t.Errorf("got exit code %d, stdout %q, stderr %q\nwant %d, %q, %q", code, stdout, stderr, test.code, test.stdout, test.stderr)
			}
			code, stdout, _ = p.run("doctor", "--json")
			if code != test.code || test.asJSON != "" && stdout != test.asJSON {
				t.Errorf("--json: got exit code %d, %s\nwant %d, %s", code, stdout, test.code, test.asJSON)
			}
		})
	}
}

// TestDoctorAsks checks which plugin and engine are asked for what.
func TestDoctorAsks(t *testing.T) {
	for line, want := range map[string]doctor.Request{
		"":                                 {},
		"--fix":                            {Fix: true},
		"--engine-socket /run/other":       {EngineSocket: "/run/other"},
		"--engine-socket /run/docker.sock": {EngineSocket: "/run/docker.sock"},
	} {
		p := &fakeProgram{}
		code, _, stderr := p.run(append([]string{"doctor", "--driver", "second", "--state-dir", "/s"}, strings.Fields(line)...)...)
		wantRun(t, line, code, stderr, 0)
		if len(p.examined) != 1 || p.examined[0] != want {
			t.Errorf("%s: asked %+v, want %+v", line, p.examined, want)
		}
		if target := p.targets[0]; target.AdminSocket != "/run/mybridge/second.sock" || target.StateDir != "/s" || target.Name != "second" {
			t.Errorf("%s: target is %+v", line, target)
		}
	}
}

// TestDoctorFails wants 2 where neither a plugin nor a state could be asked.
func TestDoctorFails(t *testing.T) {
	p := &fakeProgram{examineErr: errors.New("no plugin is running, and there is no state in /s")}
	code, stdout, stderr := p.run("doctor")
	wantRun(t, "doctor", code, stderr, 2, "there is no state in /s")
	if stdout != "" {
		t.Errorf("printed %q", stdout)
	}
}
