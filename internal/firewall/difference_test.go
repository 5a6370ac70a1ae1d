package firewall

import (
	"strings"
	"testing"
)

func TestDifference(t *testing.T) {
	same := func(a, b string) bool { return a == b }
	for _, test := range []struct{ have, want, says string }{
		{"", "", ""},
		{"a b b", "a b b", ""},
		{"", "a", "has 0 of 1 rule"},
		{"a c", "a b c", "has 2 of 3 rules"},
		{"a b", "a b b", "has 2 of 3 rules"},
		{"a a b c", "a b c", "has 1 rule too many"},
		{"x a b c y", "a b c", "has 2 rules too many"},
		{"a x c", "a b c", "has 2 of 3 rules and 1 too many"},
		{"b a c", "a b c", "has its rules in another order"},
	} {
		if got := Difference(strings.Fields(test.have), strings.Fields(test.want), same); got != test.says {
			t.Errorf("of %q instead of %q it is said %q, want %q", test.have, test.want, got, test.says)
		}
	}
}
