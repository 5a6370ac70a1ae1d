package engine

// TB is what the package needs of a test, so that a program that is none can run
// engines too. *testing.T fills it.
type TB interface {
	Helper()
	Logf(format string, arguments ...any)
	Error(arguments ...any)
	Errorf(format string, arguments ...any)
	Fatal(arguments ...any)
	Fatalf(format string, arguments ...any)
	Failed() bool
	Skip(arguments ...any)
	TempDir() string
	Cleanup(function func())
}
