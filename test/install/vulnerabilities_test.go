package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vulnerable is a program that calls what the database knows to be vulnerable, in the
// form that govulncheck reads: https://go.dev/doc/security/vuln/database.
var vulnerable = map[string]string{
	"program/go.mod":              "module program\n\ngo 1.26\n",
	"program/main.go":             "package main\n\nimport \"os\"\n\nfunc main() { _, _ = os.Getwd() }\n",
	"database/index/db.json":      `{"modified":"2024-01-01T00:00:00Z"}`,
	"database/index/modules.json": `[{"path":"stdlib","vulns":[{"id":"GO-2024-9999","modified":"2024-01-01T00:00:00Z"}]}]`,
	"database/ID/GO-2024-9999.json": `{"schema_version":"1.3.1","id":"GO-2024-9999","modified":"2024-01-01T00:00:00Z","published":"2024-01-01T00:00:00Z",
		"summary":"an invented one","details":"os.Getwd is called.","affected":[{"package":{"name":"stdlib","ecosystem":"Go"},
		"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"imports":[{"path":"os","symbols":["Getwd"]}]}}],"database_specific":{"url":"https://pkg.go.dev/vuln/GO-2024-9999","review_status":"REVIEWED"}}`,
	// A go that cannot say its version, as where no process can be started.
	"broken/go": "#!/bin/sh\n[ \"$*\" = 'env GOVERSION' ] && exit 1\nPATH=${PATH#*:} exec go \"$@\"\n",
}

// TestVulnerabilities checks when 'make lint' fails: on what is found, and where
// nothing could be looked up only if it must be.
func TestVulnerabilities(t *testing.T) {
	start(t)
	directory := t.TempDir()
	for name, content := range vulnerable {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	broken := "PATH=" + filepath.Join(directory, "broken") + ":" + os.Getenv("PATH")
	known, unreachable := "GOVULNDB=file://"+directory+"/database", "GOVULNDB=http://127.0.0.1:1"
	for name, test := range map[string]struct {
		environment []string
		passes      bool
		says        string
	}{
		"found":                     {[]string{known}, false, "Your code is affected by 1 vulnerability"},
		"found, version unknown":    {[]string{known, broken}, false, ""},
		"unreachable":               {[]string{unreachable}, true, "NOT CHECKED for known vulnerabilities"},
		"unreachable, and required": {[]string{unreachable, "VULNERABILITIES=required"}, false, "vulndb"},
	} {
		t.Run(name, func(t *testing.T) {
			script, err := filepath.Abs("../../packaging/vulnerabilities.sh")
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command(script)
			command.Dir = filepath.Join(directory, "program")
			command.Env = append(os.Environ(), append(test.environment, "GOVULNCHECK="+tool(t, "govulncheck"))...)
			output, err := command.CombinedOutput()
			if passes := err == nil; passes != test.passes || !strings.Contains(string(output), test.says) {
				t.Errorf("it passes: %v, want %v, and says %q, want %q", passes, test.passes, output, test.says)
			}
		})
	}
}
