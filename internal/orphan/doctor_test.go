package orphan

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/internal/engine"
	"mybridge/internal/health"
)

func lines(findings []health.Finding) []string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	return lines
}

// TestTold wants a person to be told of each orphan at once, and it to go on demand.
func TestTold(t *testing.T) {
	for name, test := range orphans {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				test.leave(w)
				f, _ := w.finder()
				d := f.Doctor(inEngine{w}, false)
				found, err := d.Check(t.Context())
				if err != nil || len(found) != 1 || found[0].Fix == "" || found[0].Meaning == "" {
					t.Errorf("found %+v, %v, want one finding with a fix", found, err)
				}
				w.wantGone(t, "after a check")
				mended, err := d.Mend(t.Context())
				if err != nil || !slices.Equal(lines(mended), lines(found)) {
					t.Errorf("mended %+v, %v, want %+v", mended, err, found)
				}
				w.wantGone(t, "after a repair", test.gone...)
				if found, err := d.Check(t.Context()); err != nil || len(found) > 0 {
					t.Errorf("then found %+v, %v", found, err)
				}
			})
		})
	}
}

// TestUnknownIsLeft wants nothing removed on demand where a part of the look failed: what
// it would have told may have been a doubt.
func TestUnknownIsLeft(t *testing.T) {
	for name, fail := range map[string]func(w *world){
		"links":  func(w *world) { w.unlisted = errTest },
		"engine": func(w *world) { w.confused = errTest },
	} {
		w := newWorld()
		w.forgetNetwork("n1")
		w.forgetContainer("e2")
		fail(w)
		f, _ := w.finder()
		if found, err := f.Doctor(inEngine{w}, false).Mend(t.Context()); !errors.Is(err, errTest) || len(found) > 0 {
			t.Errorf("%s: found %+v, %v, want that it fails", name, found, err)
		}
		w.wantGone(t, name)
	}
}

// TestDoubtIsTold wants what is in doubt named, with its reason and without a fix.
func TestDoubtIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.forgetNetwork("n1")
		w.inContainer["mbve1"] = true
		w.listed = append(w.listed, engine.Network{ID: "x", Name: "shop", Driver: "mybridge"})
		f, _ := w.finder()
		found, err := f.Doctor(inEngine{w}, true).Mend(t.Context())
		want := []string{"network n1 (bridge mb-n1) is not known to the engine", "network shop (x) of the engine is not known to the plugin"}
		if err != nil || !slices.Equal(lines(found), want) {
			t.Errorf("found %q, %v, want %q", lines(found), err, want)
		}
		for _, f := range found {
			if f.Fix != "" {
				t.Errorf("%s has the fix %q", f, f.Fix)
			}
		}
		w.wantGone(t, "after a repair")
	})
}

// TestUnderWay wants nothing told that the engine is about to know, or that is about
// to be removed, and a lease that is new not released.
func TestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.forgetNetwork("n1")
		w.lease(pool2, "10.2.0.7", 0)
		f, _ := w.finder()
		go func() {
			time.Sleep(time.Second)
			w.change(func() {
				w.listed = append(w.listed, engine.Network{ID: "n1"})
				w.containers = append(w.containers, engine.Container{Endpoints: []string{"e1"}})
				w.forgetContainer("e2")
			})
		}()
		found, err := f.Doctor(inEngine{w}, false).Mend(t.Context())
		if err != nil || len(found) != 1 || !strings.Contains(found[0].Fix, "not before 57s from now") {
			t.Errorf("found %+v, %v, want the lease alone, not before 57s from now", found, err)
		}
		w.wantGone(t, "under way")
	})
}

// TestSaysWhen wants the finding to say when the plugin removes it by itself.
func TestSaysWhen(t *testing.T) {
	run(t, func(w *world) { w.forgetNetwork("n1") }, func(w *world, f *Finder, _ *logHook) {
		wantFix := func(part string) {
			t.Helper()
			found, err := f.Doctor(inEngine{w}, true).Check(context.Background())
			if err != nil || len(found) != 1 || !strings.HasSuffix(found[0].Fix, part) {
				t.Errorf("found %+v, %v, want %q", found, err, part)
			}
		}
		wantFix("by itself in at most 1m30s")
		time.Sleep(interval + 10*time.Second)
		wantFix("by itself in at most 49s")
	})
}
