package crash

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const fileName = "state.db"

// damages counts what came of damaged files.
type damages struct{ made, told, harmless, silent int }

func (d *damages) String() string {
	return fmt.Sprintf("%d damages: %d told, %d harmless, %d silent", d.made, d.told, d.harmless, d.silent)
}

// check damages the state file in each way, opens it in other processes, and puts
// everything back. The damage must be told, or no lease be missing. What is
// recovered of a state that is told to be lost is not judged here.
func (d *damages) check(t *testing.T, directory string, want held) {
	t.Helper()
	good := readAll(t, directory)
	for _, way := range []struct {
		name  string
		apply func(content []byte) (damaged []byte, how string)
	}{
		{"truncated", truncate},
		{"bits flipped", flip},
		{"deleted", func([]byte) ([]byte, string) { return nil, "" }},
	} {
		content, how := way.apply(bytes.Clone(good[fileName]))
		bad := maps.Clone(good)
		bad[fileName] = content
		if content == nil {
			delete(bad, fileName)
		}
		for _, role := range []string{looking, recovering} {
			writeAll(t, directory, bad)
			d.made++
			what := fmt.Sprintf("%s the state file %s%s", role, way.name, how)
			if s, ended := lookAt(t, role, directory, what); ended {
				d.judge(t, what, s, role == looking && content == nil, want)
			}
		}
	}
	writeAll(t, directory, good)
}

// judge compares what a start makes of a damaged file with what was in it. A
// file that is gone is a new state, unless there is something to recover.
func (d *damages) judge(t *testing.T, what string, got sight, isNew bool, want held) {
	t.Helper()
	leases := held{}
	for _, lease := range got.Leases {
		leases[lease.place] = lease.Name
	}
	switch {
	case isNew && (got.Error != "" || len(leases) > 0):
		t.Errorf("%s: got error %q and %d leases, want an empty state", what, got.Error, len(leases))
	case isNew, got.Damaged, got.Error == "" && got.Lost != "":
		d.told++
	case got.Error != "":
		t.Errorf("%s: got error %q, want ErrDamaged", what, got.Error)
	case maps.Equal(leases, want):
		d.harmless++
	default:
		d.silent++
		t.Errorf("%s: it was opened without an error, with %d leases, want the %d there were or ErrDamaged: %s",
			what, len(leases), len(want), difference(leases, want))
	}
}

// difference names the first lease that differs.
func difference(got, want held) string {
	for at, name := range want {
		if kept, found := got[at]; !found || kept != name {
			return fmt.Sprintf("%s of %q: found %t, of %q", at.Address, name, found, kept)
		}
	}
	for at, name := range got {
		if _, found := want[at]; !found {
			return fmt.Sprintf("%s of %q is new", at.Address, name)
		}
	}
	return ""
}

// truncate cuts the content off somewhere in its used part.
func truncate(content []byte) (damaged []byte, how string) {
	pages := usedPages(content)
	length := rand.IntN((pages[len(pages)-1] + 1) * os.Getpagesize())
	return content[:length], fmt.Sprintf(" to %d bytes", length)
}

// flip turns some bits of one used page.
func flip(content []byte) (damaged []byte, how string) {
	pages, size := usedPages(content), os.Getpagesize()
	page := pages[rand.IntN(len(pages))]
	for range 1 + rand.IntN(8) {
		bit := page*size*8 + rand.IntN(size*8)
		content[bit/8] ^= 1 << (bit % 8)
		how += fmt.Sprintf(" %d", bit)
	}
	return content, fmt.Sprintf(" in page %d, numbers%s", page, how)
}

// usedPages are the numbers of the pages that are not all zero.
func usedPages(content []byte) []int {
	var used []int
	empty := make([]byte, os.Getpagesize())
	number := 0
	for page := range slices.Chunk(content, len(empty)) {
		if !bytes.Equal(page, empty[:len(page)]) {
			used = append(used, number)
		}
		number++
	}
	return used
}

// readAll returns the content of each file in the directory.
func readAll(t *testing.T, directory string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if files[entry.Name()], err = os.ReadFile(filepath.Join(directory, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// writeAll makes the files the only ones of the directory.
func writeAll(t *testing.T, directory string, files map[string][]byte) {
	t.Helper()
	for name := range readAll(t, directory) {
		if err := os.Remove(filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
