package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
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
