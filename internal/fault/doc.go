// Package fault names the places that stand between two effects, so that a test
// can kill the process there, let the next effect fail, or hold it up.
//
// It touches nothing: a point is an empty function, of which the compiler leaves
// nothing. Only what is built with the tag faults does at a point what its
// environment says, for test/fault:
//
//   - MYBRIDGE_FAULT is an order: NAME:ACTION for when the point NAME is passed, or
//     NAME#N:ACTION for when it is passed the N-th time. An action is kill (SIGKILL
//     to the process itself), error, or delay=DURATION. It is carried out once.
//   - MYBRIDGE_FAULT_FILE is a file with an order, read at each point, for what is to
//     happen in one chosen call. Who carries it out removes it before.
//   - MYBRIDGE_FAULT_TRACE is a file that gets a line for each point passed.
package fault
