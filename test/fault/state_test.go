package fault

import (
	"os"
	"testing"
)

// makeState lives the stories once, and copies the state to the directory. All hosts
// begin with it: it remembers by name who had which address before, and has the secret
// of which IPv6 addresses are made, so that all give the same ones.
func makeState(t *testing.T, directory string) {
	w := newWorld(t, host{firewall: "nftables"}, directory)
	for _, s := range stories() {
		l := newLife(w, s)
		for i, c := range s.calls {
			if err := l.do(i); err != nil {
				t.Fatalf("%s: %s: %v", s.name, c.name, err)
			}
		}
	}
	w.plugin.Kill()
	copyState(t, w.plugin.Path("state"), directory)
}

func copyState(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
