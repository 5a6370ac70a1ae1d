// Package health says what is found wrong between what should be and what is, in
// the words in which a person is told. It touches nothing.
package health

// The parts that a finding can be about.
const (
	Links     = "links"
	Rules     = "rules"
	Ports     = "ports"
	Addresses = "addresses"
	Engine    = "engine"
	Host      = "host"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	// Part is one of the constants.
	Part string `json:"part"`
	// Subject is what it is about, as a person finds it: "bridge mb-0a1b2c3d4e5f".
	Subject string `json:"subject"`
	// Problem is what is wrong with it: "is gone".
	Problem string `json:"problem"`
	// Meaning is what follows from it for who uses it.
	Meaning string `json:"meaning"`
	// Fix is what a repair does about it, empty where only a person can.
	Fix string `json:"fix,omitempty"`
}

// String is the finding on one line.
func (f Finding) String() string { return f.Subject + " " + f.Problem }
