package main

import (
	"os"

	"github.com/sirupsen/logrus"

	"mybridge/internal/cli"
)

func newLog(config cli.ServeConfig) *logrus.Logger {
	log := logrus.New()
	if config.ManagedSocket != "" {
		// The engine logs all that a plugin writes to stderr as errors.
		log.SetOutput(os.Stdout)
	}
	log.SetLevel(config.LogLevel)
	if config.LogFormat == "json" {
		log.SetFormatter(&logrus.JSONFormatter{})
	} else {
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true})
	}
	return log
}
