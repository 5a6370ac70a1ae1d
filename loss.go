package main

import (
	"fmt"

	"github.com/sirupsen/logrus"

	"mybridge/internal/store"
)

// logLoss says what was lost, and from where it comes back.
func logLoss(log logrus.FieldLogger, loss store.Loss) {
	if loss.Reason == "" {
		return
	}
	log = log.WithFields(logrus.Fields{"reason": loss.Reason, "aside": loss.Aside})
	if loss.FromBackup {
		log.Error("state was lost: recovering from its backup, the links and the engine")
		return
	}
	log.WithField("backup", loss.WithoutBackup).Error("state was lost: recovering from the links and the engine")
}

// doubt says why leases may be missing, empty where none can. A state that does
// not know links which are there is an old copy, or was deleted.
func doubt(loss store.Loss, recovered int) string {
	switch {
	case loss.Reason != "":
		return "the state was lost: " + loss.Reason
	case recovered > 0:
		return fmt.Sprintf("the state did not know %d networks and endpoints that are there", recovered)
	}
	return ""
}
