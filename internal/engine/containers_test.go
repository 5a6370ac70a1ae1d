package engine

import (
	"reflect"
	"slices"
	"testing"
)

// listed is an engine's answer, with fields that do not matter: a container on two
// networks that another is linked to, one without a network, and one whose name
// has been taken away as it is being removed.
const listed = `[
	{"Id":"c1","Names":["/db/cache","/web","/shop/cache"],"Image":"busybox","State":"running","Ports":[{"PrivatePort":80,"Type":"tcp"}],
	 "HostConfig":{"NetworkMode":"n1"},"NetworkSettings":{"Networks":{
		"n1":{"IPAMConfig":{},"Links":null,"NetworkID":"n1","EndpointID":"e1","Gateway":"10.1.0.1","IPAddress":"10.1.0.2","MacAddress":"02:42:0a:01:00:02"},
		"n2":{"IPAMConfig":null,"NetworkID":"n2","EndpointID":"e2"}}}},
	{"Id":"c2","Names":["/job"],"NetworkSettings":{"Networks":{}}},
	{"Id":"c3","Names":null,"NetworkSettings":null}]`

func TestContainers(t *testing.T) {
	got, err := serve(t, map[string]string{"/containers/json": listed}).Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, container := range got {
		slices.Sort(container.Endpoints)
	}
	want := []Container{{ID: "c1", Name: "web", Endpoints: []string{"e1", "e2"}}, {ID: "c2", Name: "job"}, {ID: "c3"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestNoContainers wants none to be no error, and an engine that cannot be asked,
// or is not understood, to be one.
func TestNoContainers(t *testing.T) {
	if got, err := serve(t, map[string]string{"/containers/json": `[]`}).Containers(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("none: got %+v, %v", got, err)
	}
	for name, client := range map[string]*Client{
		"not there":      NewClient("/nowhere/engine.sock"),
		"not JSON":       serve(t, map[string]string{"/containers/json": `nothing`}),
		"another's JSON": serve(t, map[string]string{"/containers/json": `{"Id":"c1"}`}),
		"not an engine":  serve(t, nil),
	} {
		if got, err := client.Containers(t.Context()); err == nil {
			t.Errorf("%s: got %+v and no error", name, got)
		}
	}
}
