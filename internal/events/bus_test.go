package events

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/driver"
	"mybridge/internal/health"
)

// next returns the next event, which has to be there.
func next(t *testing.T, f *Follower) Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	e, ok := f.Next(ctx)
	if !ok {
		t.Fatal("there is no event")
	}
	return e
}

// TestEachSource wants what a source tells to arrive as one event of its kind.
func TestEachSource(t *testing.T) {
	finding := health.Finding{Part: health.Links, Subject: "link mbv1", Problem: "is gone", Meaning: "its container reaches nobody"}
	for name, test := range map[string]struct {
		tell func(b *Bus)
		want Event
	}{
		"driver": {
			func(b *Bus) {
				b.Driver(driver.Event{Kind: driver.EndpointAttached, Network: "n1", Endpoint: "e1", Detail: "link mbv1"})
			},
			Event{Kind: "endpoint-attached", Network: "n1", Endpoint: "e1", Detail: "link mbv1"},
		},
		"repaired":     {func(b *Bus) { b.Repair(finding, true) }, Event{Kind: Repaired, Part: "links", Detail: "link mbv1 is gone"}},
		"unrepairable": {func(b *Bus) { b.Repair(finding, false) }, Event{Kind: Unrepairable, Part: "links", Detail: "link mbv1 is gone: its container reaches nobody"}},
		"refused": {
			func(b *Bus) {
				b.Call("NetworkDriver.Join", nil)
				b.Call("NetworkDriver.Leave", errors.New("no"))
			},
			Event{Kind: Refused, Call: "NetworkDriver.Leave", Detail: "no"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &Bus{}
			first, second := b.Follow(), b.Follow()
			test.tell(b)
			for _, f := range []*Follower{first, second} {
				got := next(t, f)
				if time.Since(got.Time) > time.Minute {
					t.Errorf("its time is %s, want now", got.Time)
				}
				if got.Time = (time.Time{}); got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
				f.Close()
				if more, ok := f.Next(t.Context()); ok {
					t.Errorf("there is one more: %+v", more)
				}
			}
		})
	}
}

// TestSlowFollower wants a follower that does not read to delay nobody, and to be told
// how much it lost, where it lost it.
func TestSlowFollower(t *testing.T) {
	b := &Bus{}
	slow, quick := b.Follow(), b.Follow()
	defer slow.Close()
	defer quick.Close()
	refuse := func(count int) {
		for range count {
			b.Call("Test.Call", errors.New("no"))
			if e := next(t, quick); e.Kind != Refused {
				t.Fatalf("the quick one got %+v", e)
			}
		}
	}
	want := func(count int) {
		t.Helper()
		for i := range count {
			if e := next(t, slow); e.Kind != Refused {
				t.Fatalf("event %d of %d is %+v", i, count, e)
			}
		}
	}
	refuse(room + 7)
	want(1) // there is room again, but what came later would not be where it belongs
	refuse(2)
	want(room - 1)
	if e := next(t, slow); e.Kind != Lost || !strings.HasPrefix(e.Detail, "9 events") {
		t.Errorf("got %+v, want 9 lost", e)
	}
	refuse(3)
	want(3)
}

// TestClose wants followers to read what waits for them, and then to end, whether they
// wait or come later.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Bus{}
		reader, waiter := b.Follow(), b.Follow()
		ended := false
		go func() {
			_, _ = waiter.Next(t.Context())
			_, more := waiter.Next(t.Context())
			ended = !more
		}()
		b.Call("Test.Call", errors.New("no"))
		synctest.Wait()
		b.Close()
		synctest.Wait()
		if !ended {
			t.Error("who waits is not ended")
		}
		next(t, reader)
		for name, f := range map[string]*Follower{"who has read all": reader, "who comes later": b.Follow()} {
			if e, more := f.Next(t.Context()); more {
				t.Errorf("%s got %+v", name, e)
			}
			f.Close()
		}
		b.Call("Test.Call", errors.New("no")) // to nobody
	})
}
