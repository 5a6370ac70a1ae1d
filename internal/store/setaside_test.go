package store_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"testing"

	"mybridge/internal/store"
)

func TestSetAside(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	if _, err := store.SetAside(directory); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: got error %v, want fs.ErrNotExist", err)
	}
	form := regexp.MustCompile(`^state\.db\.damaged-\d{8}T\d{6}Z(-\d+)?$`)
	kept := map[string]string{}
	for range 3 { // within one second, so the names would be the same
		change(t, directory, func(s *store.Store) error {
			if _, err := store.SetAside(directory); !errors.Is(err, store.ErrInUse) {
				t.Errorf("while it is open: got error %v, want ErrInUse", err)
			}
			return s.PutNetwork(ctx, full)
		})
		content := string(mustRead(t, fileOf(directory)))
		path, err := store.SetAside(directory)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(path) != directory || !form.MatchString(filepath.Base(path)) || kept[path] != "" {
			t.Errorf("got path %s", path)
		}
		kept[path] = content
		if store.Exists(directory) {
			t.Error("the file is still there")
		}
	}
	for path, content := range kept {
		if string(mustRead(t, path)) != content {
			t.Errorf("%s was changed", path)
		}
	}
	wantNetworks(t, directory, nil, nil)
}
