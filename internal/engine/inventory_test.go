package engine

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

func TestNetworks(t *testing.T) {
	got, err := serve(t, answers).Networks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	subnets := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	want := []Network{
		{ID: "b1", Name: "bridge", Driver: "bridge", AddressDriver: "default", Subnets: subnets("172.17.0.0/16")},
		{ID: "n1", Name: "n1", Driver: "mybridge", AddressDriver: "mybridge", Subnets: subnets("10.1.0.0/24")},
		{ID: "n2", Name: "gone", Driver: "mybridge", AddressDriver: "mybridge", Subnets: subnets("10.2.0.0/24")},
		{ID: "n3", Name: "lan", Driver: "macvlan", AddressDriver: "mybridge"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestID wants engines with the same ID told apart by where their state is, and one
// that tells none to be an error.
func TestID(t *testing.T) {
	info := func(text string) *Client { return serve(t, map[string]string{"/info": text}) }
	const id = `{"ID":"A:B","Containers":3,"DockerRootDir":"/var/lib/`
	one, err := info(id + `docker"}`).ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := info(id + `docker"}`).ID(t.Context()); err != nil || again != one {
		t.Errorf("the same engine is %q, %v, it was %q", again, err, one)
	}
	if other, err := info(id + `other"}`).ID(t.Context()); err != nil || other == one {
		t.Errorf("another engine is %q, %v as well", other, err)
	}
	if got, err := info(`{"DockerRootDir":"/var/lib/docker"}`).ID(t.Context()); err == nil {
		t.Errorf("an engine without ID is %q", got)
	}
}

func TestDetails(t *testing.T) {
	client := serve(t, answers)
	got, found, err := client.Details(t.Context(), "n1")
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	slices.Sort(got.Endpoints)
	if want := []string{"e1", "e2"}; !slices.Equal(got.Endpoints, want) {
		t.Errorf("endpoints are %q, want %q", got.Endpoints, want)
	}
	if len(got.Facts) != 2 || len(got.Facts[0].Used) != 3 {
		t.Errorf("facts are %+v, want two subnets, the first with three addresses", got.Facts)
	}
	if _, found, err := client.Details(t.Context(), "n2"); found || err != nil {
		t.Errorf("a network that is gone: found %v, %v", found, err)
	}
}

// TestPartialInventory wants an answer that is not understood as a whole to be none,
// and one that nobody gave to be told from it.
func TestPartialInventory(t *testing.T) {
	for name, answer := range map[string]string{
		"not JSON":   `[{"Id":"n1"},`,
		"bad subnet": `[{"Id":"n1","IPAM":{"Config":[{"Subnet":"ten"}]}},{"Id":"n2"}]`,
		"no list":    `{"message":"starting"}`,
	} {
		got, err := serve(t, map[string]string{"/networks": answer}).Networks(t.Context())
		if err == nil || got != nil || errors.Is(err, ErrNotReached) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if _, err := NewClient("/nowhere/engine.sock").Networks(t.Context()); !errors.Is(err, ErrNotReached) {
		t.Errorf("no socket: got %v, want ErrNotReached", err)
	}
}
