package protocol

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// TestDefaults wants the default that people read to be what holds without the
// option, and each option to have one or the other.
func TestDefaults(t *testing.T) {
	without := networkWith(t, map[string]string{})
	for _, option := range NetworkOptions() {
		if (option.Default == "") == (option.Otherwise == "") || option.Value == "" || option.Meaning == "" {
			t.Errorf("%+v: want a value, a meaning, and a default or what holds otherwise", option)
		}
		if option.Default == "" {
			continue
		}
		if got := networkWith(t, map[string]string{option.Name: option.Default}); !reflect.DeepEqual(got, without) {
			t.Errorf("%s=%s is %+v, without the option it is %+v", option.Name, option.Default, got, without)
		}
	}
}

// TestValues wants what people read to be a value to be one.
func TestValues(t *testing.T) {
	for _, option := range NetworkOptions() {
		for i, part := range strings.Split(option.Value, "`") {
			if isQuoted := i%2 == 1; isQuoted && len(part) > 1 {
				networkWith(t, map[string]string{option.Name: part})
			}
		}
	}
}

// networkWith is the network that these options make.
func networkWith(t *testing.T, options map[string]string) any {
	t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	e := start(t)
	status, answer := e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n1","Options":{"com.docker.network.generic":`+string(text)+`},
		"IPv4Data":[{"Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24"}]}`)
	if status != http.StatusOK {
		t.Errorf("%s: got %d %v", text, status, answer)
	}
	return e.network
}
