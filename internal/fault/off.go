//go:build !faults

package fault

// Point is a place where a test lets something go wrong. It returns nil.
func Point(string) error { return nil }
