package firewall

import (
	"fmt"
	"slices"
)

// Difference says in which way a chain's rules are not those wanted, as a person
// is told: "has 3 of 6 rules". It is "" where they are the same.
func Difference[R any](have, want []R, equal func(a, b R) bool) string {
	if slices.EqualFunc(have, want, equal) {
		return ""
	}
	surplus, found := slices.Clone(have), 0
	for _, rule := range want {
		if i := slices.IndexFunc(surplus, func(other R) bool { return equal(other, rule) }); i >= 0 {
			surplus = slices.Delete(surplus, i, i+1)
			found++
		}
	}
	lacking := fmt.Sprintf("has %d of %s", found, Plural(len(want), "rule"))
	switch {
	case found == len(want) && len(surplus) == 0:
		return "has its rules in another order"
	case found == len(want):
		return fmt.Sprintf("has %s too many", Plural(len(surplus), "rule"))
	case len(surplus) == 0:
		return lacking
	}
	return fmt.Sprintf("%s and %d too many", lacking, len(surplus))
}

// Plural is so many of what the noun names.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
