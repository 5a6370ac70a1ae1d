package main

import (
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

// tellReady lets systemd, where it started the plugin, go on to what waits for it:
// the engine.
func tellReady(log logrus.FieldLogger) {
	if _, err := daemon.SdNotify(true, daemon.SdNotifyReady); err != nil {
		log.WithError(err).Error("systemd could not be told that the plugin is ready")
	}
}
