package engine

import "testing"

func TestIsDriver(t *testing.T) {
	for listed, want := range map[string]bool{
		"mybridge": true, "mybridge:latest": true, "localhost:5000/mybridge:1.0": true, "registry.example/net/mybridge:1.0": true,
		"": false, "bridge": false, "mybridge2": false, "registry.example/mybridge2:1.0": false, "mybridge/other:1.0": false, "dir/mybridge": false,
	} {
		if got := IsDriver(listed, "mybridge"); got != want {
			t.Errorf("driver %q is ours: %t, want %t", listed, got, want)
		}
	}
}
