package fault

import (
	"os"
	"path/filepath"
	"testing"
)

// firstState is the state that all hosts begin with. It remembers by name who had
// which address before, and has the secret of which IPv6 addresses are made, so that
// all hosts give the same ones.
func firstState(binary string) string { return filepath.Join(filepath.Dir(binary), "state") }

// makeState lives the stories once.
func makeState(t *testing.T, binary string) {
	w := newWorld(t, host{firewall: "nftables"}, binary)
	for _, s := range stories() {
		l := newLife(w, s)
		for i, c := range s.calls {
			if err := l.do(i); err != nil {
				t.Fatalf("%s: %s: %v\n%s", s.name, c.name, err, w.plugin.lastLines())
			}
		}
	}
	w.plugin.kill()
	copyState(t, w.plugin.path("state"), firstState(binary))
}

func copyState(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
