package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The results of a call.
const (
	resultOK    = "ok"
	resultError = "error"
)

// result is the label for what ended with the error.
func result(err error) string {
	if err != nil {
		return resultError
	}
	return resultOK
}

// Calls counts the engine's calls. Its methods may be called concurrently.
type Calls struct {
	count    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// NewCalls returns a count of none yet.
func NewCalls() *Calls {
	return &Calls{
		count: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mybridge_calls_total",
			Help: "Calls of the engine that were answered.",
		}, []string{"method", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mybridge_call_duration_seconds",
			Help: "Time from a call to its answer.",
			// A start of a container makes some ten calls; a call's deadline is 30 s.
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "result"}),
	}
}

// Observe counts a call that has ended. The method is one of the protocols'. Both of its
// results are told from its first call on: what begins at 1 is no increase to Prometheus.
func (c *Calls) Observe(method string, took time.Duration, err error) {
	for _, possible := range []string{resultOK, resultError} {
		c.count.WithLabelValues(method, possible)
	}
	c.count.WithLabelValues(method, result(err)).Inc()
	c.duration.WithLabelValues(method, result(err)).Observe(took.Seconds())
}
