package iptables

import (
	"context"
	"errors"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/firewall/nftables"
	"mybridge/test/kernel"
)

// start starts a watch that ends with the test, and returns what gets a value when
// it has begun and with each change.
func start(t *testing.T, watch firewall.Watch) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}, 1000), make(chan error)
	watching := kernel.InNamespace(t, func() error { return watch(ctx, func() { changed <- struct{}{} }) })
	go func() { ended <- watching() }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
	<-changed
	return changed
}

// TestLegacyIsWatched wants damage to be noticed of whose making the kernel does not tell.
func TestLegacyIsWatched(t *testing.T) {
	kernel.Namespace(t)
	h := host{"iptables-legacy", "ip6tables-legacy"}
	h.addForeignRules(t)
	f := h.open(t, "mybridge")
	changed := start(t, f.Watch)
	must(t, f.Restore(t.Context(), everything()))
	for _, test := range damages[:3] { // each takes a second
		must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
		must(t, f.SetEndpoint(t.Context(), plain.ID, web))
		if len(changed) > 0 {
			t.Errorf("before %s, a change of our own was told", test.name)
		}
		h.damage(t, test.commands)
		<-changed
		_, err := f.Mend(t.Context())
		must(t, err)
		h.damage(t, test.others)
	}
}

// TestNFTIsWatchedByNFTables wants changes of the nft variant to be noticed by the
// other back end, and ours not to be.
func TestNFTIsWatchedByNFTables(t *testing.T) {
	kernel.Namespace(t)
	h := host{"iptables-nft", "ip6tables-nft"}
	h.addForeignRules(t)
	f := h.open(t, "mybridge")
	if err := f.Watch(t.Context(), func() {}); !errors.Is(err, firewall.ErrNoWatch) {
		t.Errorf("the watch ended with %v, want that there is none", err)
	}
	watcher, err := nftables.Open("mybridge", nftables.Options{AntispoofOnly: true, Ran: Ran})
	must(t, err)
	t.Cleanup(func() { must(t, watcher.Close()) })
	changed := start(t, watcher.Watch)
	must(t, f.Restore(t.Context(), everything()))
	for _, test := range damages {
		must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
		must(t, f.SetEndpoint(t.Context(), plain.ID, web))
		// The kernel tells in order, so all before is told when this is.
		kernel.Run(t, h[1], "-N", "marker")
		<-changed
		kernel.Run(t, h[1], "-X", "marker")
		<-changed
		if n := len(changed); n > 0 {
			t.Errorf("before %s, %d changes of our own were told", test.name, n)
		}
		h.damage(t, test.commands)
		for range test.commands {
			<-changed
		}
		_, err := f.Mend(t.Context())
		must(t, err)
		h.damage(t, test.others)
		for range test.others {
			<-changed
		}
	}
}
