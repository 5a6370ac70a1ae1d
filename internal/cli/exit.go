package cli

import "errors"

// Exit codes.
const (
	// exitFailure also stands for differences that a check has found.
	exitFailure = 1
	// exitUsage also stands for a check that could not tell.
	exitUsage = 2
)

// exitError is an error of a command that understood its arguments, with the
// code that the process ends with.
type exitError struct {
	error
	code int
}

// Unwrap is the error without its code.
func (e exitError) Unwrap() error { return e.error }

// withCode gives the error a code unless it has one; nil stays nil.
func withCode(code int, err error) error {
	if _, has := errors.AsType[exitError](err); err == nil || has {
		return err
	}
	return exitError{err, code}
}

// failure is an error that ends the process with exitFailure.
func failure(err error) error { return withCode(exitFailure, err) }
