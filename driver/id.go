package driver

import (
	"fmt"
	"regexp"
)

// NetworkID is the engine's ID of a network: 64 hexadecimal digits, or 25
// letters and digits where swarm made it.
type NetworkID string

// EndpointID is the engine's ID of an endpoint: 64 hexadecimal digits.
type EndpointID string

// idPattern allows what is harmless in an alias and a log line; IDs are map
// keys, never parts of paths.
var idPattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`)

// shortLength is how many characters of an ID people are shown, as by the engine.
const shortLength = 12

// ParseNetworkID returns s as a network's ID.
func ParseNetworkID(s string) (NetworkID, error) {
	return parseID[NetworkID]("NetworkID", s)
}

// ParseEndpointID returns s as an endpoint's ID.
func ParseEndpointID(s string) (EndpointID, error) {
	return parseID[EndpointID]("EndpointID", s)
}

func parseID[ID ~string](field, s string) (ID, error) {
	if !idPattern.MatchString(s) {
		return "", fmt.Errorf("%s %q is not an ID: allowed are 1 to 64 letters, digits, '_', '.' and '-', a letter or digit first", field, s)
	}
	return ID(s), nil
}

// Short is the ID as people know it.
func (id NetworkID) Short() string { return short(string(id)) }

// Short is the ID as people know it.
func (id EndpointID) Short() string { return short(string(id)) }

func short(id string) string { return id[:min(len(id), shortLength)] }
