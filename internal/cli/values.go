package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/ipam"
)

// checked is a flag's text that is refused where check has an objection, so that
// the flag and its environment variable are refused alike.
type checked struct {
	text  *string
	check func(text string) error
}

// newChecked sets the default and returns the flag's value.
func newChecked(text *string, standard string, check func(text string) error) checked {
	*text = standard
	return checked{text, check}
}

// String is the flag's text.
func (c checked) String() string { return *c.text }

// Type is what the help shows.
func (c checked) Type() string { return "string" }

// Set takes the text, or says what is allowed.
func (c checked) Set(text string) error {
	if err := c.check(text); err != nil {
		return err
	}
	*c.text = text
	return nil
}

// oneOf allows the choices and nothing else.
func oneOf(choices ...string) func(text string) error {
	return func(text string) error {
		if !slices.Contains(choices, text) {
			return fmt.Errorf("allowed is %s", strings.Join(choices, ", "))
		}
		return nil
	}
}

// logLevel is a flag's level.
type logLevel struct{ level *logrus.Level }

// String is the level's name.
func (l logLevel) String() string { return l.level.String() }

// Type is what the help shows.
func (l logLevel) Type() string { return "string" }

// Set takes a level's name, or says what is allowed.
func (l logLevel) Set(text string) error {
	if err := oneOf("error", "warning", "info", "debug")(text); err != nil {
		return err
	}
	return l.level.UnmarshalText([]byte(text))
}

// reuseDelay is a flag's duration from 0 on.
type reuseDelay struct{ delay *time.Duration }

// String is the duration as Go writes it.
func (r reuseDelay) String() string { return r.delay.String() }

// Type is what the help shows.
func (r reuseDelay) Type() string { return "duration" }

// Set takes a duration such as 90s or 2m, or says what is allowed.
func (r reuseDelay) Set(text string) error {
	delay, err := time.ParseDuration(text)
	if err != nil || delay < 0 || delay > longestReuseDelay {
		return fmt.Errorf("allowed is 0s to %s", longestReuseDelay)
	}
	*r.delay = delay
	return nil
}

const longestReuseDelay = 30 * 24 * time.Hour

// addressPools is a flag's list; the first that is given replaces the default.
type addressPools struct {
	pools *[]ipam.AddressPool
	given bool
}

// String is the list, separated by spaces.
func (a *addressPools) String() string {
	if a.pools == nil {
		return ""
	}
	texts := make([]string, len(*a.pools))
	for i, pool := range *a.pools {
		texts[i] = pool.String()
	}
	return strings.Join(texts, " ")
}

// Type is what the help shows.
func (a *addressPools) Type() string { return "pool" }

// Set adds one pool or several, separated by spaces.
func (a *addressPools) Set(text string) error {
	var pools []ipam.AddressPool
	for _, field := range strings.Fields(text) {
		pool, err := ipam.ParseAddressPool(field)
		if err != nil {
			return err
		}
		pools = append(pools, pool)
	}
	if a.given {
		pools = append(*a.pools, pools...)
	}
	*a.pools, a.given = pools, true
	return nil
}
