package engine

import (
	"path"
	"strings"
)

// IsDriver reports whether the engine may mean the driver called name by that of one
// of its networks: a managed plugin's has the repository before it and the tag
// behind, as in registry.example/mybridge:latest.
func IsDriver(listed, name string) bool {
	last, _, managed := strings.Cut(path.Base(listed), ":")
	return listed == name || managed && last == name
}
