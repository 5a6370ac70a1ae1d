//go:build faults

package fault

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// order says what is to happen at a point when it is passed for that time.
type order struct {
	point string
	// time counts from 1.
	time   int
	action action
}

type action struct {
	kind kind
	// time is how long a delay takes.
	time time.Duration
}

type kind string

const (
	kill  kind = "kill"
	fail  kind = "error"
	delay kind = "delay"
)

// parseOrder reads NAME[#N]:ACTION.
func parseOrder(text string) (order, error) {
	place, what, _ := strings.Cut(strings.TrimSpace(text), ":")
	name, number, numbered := strings.Cut(place, "#")
	o := order{point: name, time: 1}
	if numbered {
		var err error
		if o.time, err = strconv.Atoi(number); err != nil || o.time < 1 {
			return order{}, fmt.Errorf("fault %q: %q is no number from 1 up", text, number)
		}
	}
	word, value, _ := strings.Cut(what, "=")
	o.action.kind = kind(word)
	switch o.action.kind {
	case kill, fail:
		return o, nil
	case delay:
		var err error
		if o.action.time, err = time.ParseDuration(value); err != nil {
			return order{}, fmt.Errorf("fault %q: %w", text, err)
		}
		return o, nil
	}
	return order{}, fmt.Errorf("fault %q: the form is NAME:kill, NAME:error or NAME:delay=1s, with #N after the name for the N-th time", text)
}
