package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sirupsen/logrus"

	"mybridge/ipam"
)

// answers are an engine's, as engines 20.10 to 29 give them: fields that do not
// matter are there as well.
var answers = map[string]string{
	"/networks": `[
		{"Name":"bridge","Id":"b1","Driver":"bridge","IPAM":{"Driver":"default","Config":[{"Subnet":"172.17.0.0/16"}]}},
		{"Name":"n1","Id":"n1","Driver":"mybridge","IPAM":{"Driver":"mybridge","Options":null,"Config":[{"Subnet":"10.1.0.0/24"}]}},
		{"Name":"gone","Id":"n2","Driver":"mybridge","IPAM":{"Driver":"mybridge","Config":[{"Subnet":"10.2.0.0/24"}]}},
		{"Name":"lan","Id":"n3","Driver":"macvlan","IPAM":{"Driver":"mybridge","Config":[]}}]`,
	"/networks/n1": `{"Name":"n1","Id":"n1","EnableIPv6":true,"IPAM":{"Driver":"mybridge","Config":[
		{"Subnet":"10.1.0.0/24","IPRange":"10.1.0.128/25","Gateway":"10.1.0.1","AuxiliaryAddresses":{"printer":"10.1.0.9"}},
		{"Subnet":"fd00:1::/64","Gateway":"fd00:1::1/64"}]},
		"Containers":{"c1":{"Name":"web","EndpointID":"e1","MacAddress":"02:42","IPv4Address":"10.1.0.130/24","IPv6Address":"fd00:1::5/64"},
		              "c2":{"Name":"db","EndpointID":"e2","IPv4Address":"10.1.0.131/24","IPv6Address":""}}}`,
	"/networks/n3": `{"Name":"lan","Id":"n3","IPAM":{"Driver":"mybridge","Config":[{"Subnet":"192.168.1.0/24"}]},"Containers":{}}`,
}

// serve plays an engine that knows the answers.
func serve(t *testing.T, answers map[string]string) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.URL.Path]
		if !known {
			http.Error(w, `{"message":"network not found"}`, http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, answer)
	})}
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() { server.Close(); <-done })
	return NewClient(socket)
}

func TestFacts(t *testing.T) {
	got, err := serve(t, answers).Facts(t.Context(), "mybridge")
	if err != nil {
		t.Fatal(err)
	}
	address, subnet := netip.MustParseAddr, netip.MustParsePrefix
	want := []ipam.Fact{
		{Subnet: subnet("10.1.0.0/24"), Range: subnet("10.1.0.128/25"), Gateway: address("10.1.0.1"), Used: map[netip.Addr]string{
			address("10.1.0.9"): "printer", address("10.1.0.130"): "web", address("10.1.0.131"): "db",
		}},
		{Subnet: subnet("fd00:1::/64"), Range: subnet("fd00:1::/64"), Gateway: address("fd00:1::1"), Used: map[netip.Addr]string{address("fd00:1::5"): "web"}},
		{Subnet: subnet("192.168.1.0/24"), Range: subnet("192.168.1.0/24"), Used: map[netip.Addr]string{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestBadAnswers wants what cannot be understood to be an error, not a fact that
// is left out.
func TestBadAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"not JSON":    `nothing`,
		"bad subnet":  `{"Id":"n1","IPAM":{"Config":[{"Subnet":"ten"}]}}`,
		"bad range":   `{"Id":"n1","IPAM":{"Config":[{"Subnet":"10.1.0.0/24","IPRange":"x"}]}}`,
		"bad gateway": `{"Id":"n1","IPAM":{"Config":[{"Subnet":"10.1.0.0/24","Gateway":"x"}]}}`,
		"bad address": `{"Id":"n1","IPAM":{"Config":[{"Subnet":"10.1.0.0/24"}]},"Containers":{"c":{"Name":"web","IPv4Address":"x"}}}`,
	} {
		client := serve(t, map[string]string{"/networks": answers["/networks"], "/networks/n1": answer})
		if facts, err := client.Facts(t.Context(), "mybridge"); err == nil {
			t.Errorf("%s: got %+v and no error", name, facts)
		}
	}
}

// TestTeachGoesOn wants the engine asked again until it answers and what it says
// is taken.
func TestTeachGoesOn(t *testing.T) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	client := serve(t, answers)
	tries := 0
	client.Teach(t.Context(), "mybridge", func(_ context.Context, facts []ipam.Fact) error {
		if tries++; tries == 1 {
			return errors.New("the disk is full")
		}
		return nil
	}, log)
	if tries != 2 {
		t.Errorf("taught %d times, want 2", tries)
	}
}

// TestTeachEnds wants it to end with its context where no engine is.
func TestTeachEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		log := logrus.New()
		log.SetOutput(&said)
		ctx, cancel := context.WithTimeout(t.Context(), 10*longestPause)
		defer cancel()
		NewClient("/nowhere/engine.sock").Teach(ctx, "mybridge", func(context.Context, []ipam.Fact) error { return nil }, log)
		if lines := strings.Count(said.String(), "\n"); lines < 5 || lines > 30 {
			t.Errorf("said %d lines in %s, want some", lines, 10*longestPause)
		}
	})
}
