package main

import (
	"os"
	"os/signal"
	"syscall"
)

// sleep does nothing until it is told to end. As the first process of a
// container it would not even notice a signal that it does not ask for.
func sleep([]string) error {
	<-terminated()
	return nil
}

// terminated returns a channel that receives the first signal to end.
func terminated() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}
