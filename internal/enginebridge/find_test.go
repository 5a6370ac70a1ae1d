package enginebridge_test

import (
	"errors"
	"slices"
	"testing"

	"mybridge/internal/link"
)

func TestFind(t *testing.T) {
	bridges := []link.Name{
		"docker_gwbridge", "br-0123456789ab", "virbr0", "docker0", "shop0", "docker1", "xdocker0", "docker0x",
		"br-0123456789a", "br-0123456789abc", "br-0123456789AB", "br-lan", "mb-0123456789ab",
	}
	for name, test := range map[string]struct{ bridges, chosen, want []link.Name }{
		"none":        {nil, nil, nil},
		"by name":     {bridges, nil, []link.Name{"br-0123456789ab", "docker0", "docker_gwbridge"}},
		"by chains":   {nil, []link.Name{"shop0", "lan0"}, []link.Name{"lan0", "shop0"}},
		"by both":     {bridges, []link.Name{"shop0", "docker0", "shop0"}, []link.Name{"br-0123456789ab", "docker0", "docker_gwbridge", "shop0"}},
		"only others": {[]link.Name{"virbr0"}, nil, nil},
	} {
		h := &fakeHost{bridges: test.bridges, chosen: test.chosen}
		if got, err := h.follower().Find(t.Context()); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
}

// TestFindWithoutIptables wants the names to be enough where there are no chains.
func TestFindWithoutIptables(t *testing.T) {
	h := &fakeHost{bridges: []link.Name{"docker0", "shop0"}, chosen: []link.Name{"shop0"}}
	f := h.follower()
	f.Chains = nil
	if got, err := f.Find(t.Context()); err != nil || !slices.Equal(got, []link.Name{"docker0"}) {
		t.Errorf("got %q, %v, want docker0", got, err)
	}
}

// TestFindFails wants an error rather than a part of the bridges.
func TestFindFails(t *testing.T) {
	for name, h := range map[string]*fakeHost{
		"links":  {bridges: []link.Name{"docker0"}, linksErr: errFake},
		"chains": {bridges: []link.Name{"docker0"}, chainsErr: errFake},
	} {
		if got, err := h.follower().Find(t.Context()); !errors.Is(err, errFake) || len(got) > 0 {
			t.Errorf("%s: got %q, %v, want none and %v", name, got, err, errFake)
		}
	}
}
