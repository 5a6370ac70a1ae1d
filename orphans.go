package main

import (
	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/doctor"
	"mybridge/internal/engine"
	"mybridge/internal/link"
	"mybridge/internal/orphan"
	"mybridge/internal/store"
	"mybridge/ipam"
)

func newOrphans(name string, networks *driver.Driver, addresses *ipam.Manager, links *link.Manager, state *store.Store, log logrus.FieldLogger) *orphan.Finder {
	return &orphan.Finder{Name: name, Networks: networks, Addresses: addresses, Links: links, Engines: state, Log: log}
}

// askingEngine looks for orphans at the engine that is named, or the usual one; runs
// says that they are removed by themselves too.
func askingEngine(orphans *orphan.Finder, usual string, runs bool) func(socket string) doctor.Part {
	return func(socket string) doctor.Part {
		if socket == "" {
			socket = usual
		}
		return orphans.Doctor(engine.NewClient(socket), runs)
	}
}
