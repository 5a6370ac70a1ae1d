package engine

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/ipam"
)

// The time between two attempts to ask the engine, which doubles from the
// shortest to the longest.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 30 * time.Second
)

// Teach asks the engine until it answers, and hands what it knows to learn. It
// ends when learn has taken it, or with ctx.
func (c *Client) Teach(ctx context.Context, driver string, learn func(context.Context, []ipam.Fact) error, log logrus.FieldLogger) {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		facts, err := c.Facts(ctx, driver)
		if err == nil {
			err = learn(ctx, facts)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		log.WithError(err).WithField("retry", pause).Warn("the engine has not told yet which addresses are in use")
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
