package admin_test

import (
	"context"
	"reflect"
	"testing"

	"mybridge/internal/admin"
	"mybridge/internal/doctor"
	"mybridge/internal/health"
)

// fakeDoctor answers with a report, and remembers what was asked.
type fakeDoctor struct {
	report doctor.Report
	asked  []doctor.Request
}

func (f *fakeDoctor) Examine(_ context.Context, request doctor.Request) doctor.Report {
	f.asked = append(f.asked, request)
	return f.report
}

// TestExamine checks that question and report arrive as they are.
func TestExamine(t *testing.T) {
	finding := health.Finding{Part: health.Links, Subject: "bridge mb-1", Problem: "is gone", Meaning: "nobody is reached", Fix: "make it"}
	for _, report := range []doctor.Report{
		{},
		{Findings: []doctor.Finding{{Finding: finding}, {Finding: finding, Fixed: true}}, Unknown: []string{"no iptables"}, NotAsked: "no engine"},
	} {
		for _, request := range []doctor.Request{{}, {Fix: true}, {EngineSocket: "/run/a b&c.sock"}, {EngineSocket: "/run/docker.sock", Fix: true}} {
			fake := &fakeDoctor{report: report}
			got, err := dial(t, serve(t, newHandler(admin.Parts{Doctor: fake}))).Examine(t.Context(), request)
			if err != nil || !reflect.DeepEqual(got, report) {
				t.Errorf("%+v: got %+v, %v, want %+v", request, got, err, report)
			}
			if !reflect.DeepEqual(fake.asked, []doctor.Request{request}) {
				t.Errorf("asked is %+v, want %+v", fake.asked, request)
			}
		}
	}
}
