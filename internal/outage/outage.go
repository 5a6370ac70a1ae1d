// Package outage tells of work that is tried again and again when it begins to fail
// and when it succeeds again, and not each time: a full disk would fill the log too.
// It touches nothing.
package outage

import "github.com/sirupsen/logrus"

// Outage is that of one kind of work. Its zero value is for one that does not fail.
// Its method is not for concurrent use.
type Outage struct{ lasts bool }

// Note takes note of a try that ended with err. The first one that fails is logged as
// failing, as an error, those behind it only for who debugs, and the first that does
// not as over.
func (o *Outage) Note(log logrus.FieldLogger, err error, failing, over string) {
	lasted := o.lasts
	o.lasts = err != nil
	switch {
	case err != nil && lasted:
		log.WithError(err).Debug(failing)
	case err != nil:
		log.WithError(err).Error(failing)
	case lasted:
		log.Info(over)
	}
}
