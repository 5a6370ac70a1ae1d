package ipam_test

import (
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"mybridge/ipam"
)

func TestReadBitmapsRefuses(t *testing.T) {
	tests := []struct {
		name, file string
		parts      []string // of the error
	}{
		{"empty file", "", []string{"not a bitmap file", "unexpected EOF"}},
		{"blank file", " \n", []string{"not a bitmap file", "unexpected EOF"}},
		{"no JSON", "hello", []string{"not a bitmap file", "invalid character 'h'"}},
		{"array", `["000"]`, []string{"not a bitmap file", "one JSON object"}},
		{"string", `"000"`, []string{"not a bitmap file", "one JSON object"}},
		{"null", `null`, []string{"not a bitmap file", "one JSON object"}},
		{"bare key", `{10.0.0.0/30:"000"}`, []string{"not a bitmap file", "invalid character"}},
		{"number value", `{"10.0.0.0/30":0}`, []string{"10.0.0.0/30", "number"}},
		{"null value", `{"10.0.0.0/30":null}`, []string{"10.0.0.0/30", "no bitmap"}},
		{"array value", `{"10.0.0.0/30":["000"]}`, []string{"10.0.0.0/30", "array"}},
		{"nested object", `{"10.0.0.0/30":{"bitmap":"000"}}`, []string{"10.0.0.0/30", "object"}},
		{"boolean value", `{"10.0.0.0/30":true}`, []string{"10.0.0.0/30", "bool"}},
		{"no value", `{"10.0.0.0/30"}`, []string{"10.0.0.0/30", "not a bitmap file"}},
		{"truncated in the object", `{"10.0.0.0/30":"000"`, []string{"not a bitmap file", "unexpected EOF"}},
		{"truncated in a key", `{"10.0.0`, []string{"not a bitmap file", "unexpected EOF"}},
		{"truncated in a value", `{"10.0.0.0/30":"0`, []string{"10.0.0.0/30", "unexpected EOF"}},
		{"truncated after a comma", `{"10.0.0.0/30":"000",`, []string{"not a bitmap file", "unexpected EOF"}},
		{"trailing text", `{"10.0.0.0/30":"000"} x`, []string{`more after the closing "}"`}},
		{"second object", `{"10.0.0.0/30":"000"}{}`, []string{`more after the closing "}"`}},
		{"too short", `{"10.0.0.0/30":"00"}`, []string{"10.0.0.0/30", "2 characters", "/30 has 3"}},
		{"too long", `{"10.0.0.0/30":"0000"}`, []string{"10.0.0.0/30", "4 characters", "/30 has 3"}},
		{"empty string", `{"10.0.0.0/30":""}`, []string{"10.0.0.0/30", "0 characters", "/30 has 3"}},
		{"256 characters for a /24", `{"10.0.0.0/24":"` + strings.Repeat("0", 256) + `"}`, []string{"10.0.0.0/24", "256 characters", "/24 has 255"}},
		{"character 2", `{"10.0.0.0/30":"012"}`, []string{"10.0.0.0/30", "'2'", "position 2", "0 or 1"}},
		{"space", `{"10.0.0.0/30":"0 1"}`, []string{"10.0.0.0/30", "' '", "position 1", "0 or 1"}},
		{"letter of two bytes", `{"10.0.0.0/30":"0é"}`, []string{"10.0.0.0/30", "position 1", "0 or 1"}},
		{"IPv6", `{"2001:db8::/126":"000"}`, []string{"2001:db8::/126", "IPv4 /12 to /32"}},
		{"/8", `{"10.0.0.0/8":"0"}`, []string{"10.0.0.0/8", "IPv4 /12 to /32"}},
		{"/11", `{"10.0.0.0/11":"0"}`, []string{"10.0.0.0/11", "IPv4 /12 to /32"}},
		{"host bits", `{"10.0.0.1/30":"000"}`, []string{"10.0.0.1/30", "host bits"}},
		{"no subnet", `{"web":"000"}`, []string{`"web"`, "CIDR"}},
		{"empty key", `{"":"000"}`, []string{`""`, "CIDR"}},
		{"address for a key", `{"10.0.0.0":"000"}`, []string{`"10.0.0.0"`, "CIDR"}},
		{"loopback", `{"127.0.0.0/30":"000"}`, []string{"127.0.0.0/30", "unicast"}},
		{"subnet twice", `{"10.0.0.0/30":"000","10.0.0.0/30":"100"}`, []string{"10.0.0.0/30", "twice"}},
		{"subnet twice with an escape", `{"10.0.0.0/30":"000","10.0.0.0\/30":"000"}`, []string{"10.0.0.0/30", "twice"}},
		{"second subnet wrong", `{"10.0.0.0/30":"000","10.0.1.0/30":"0"}`, []string{"10.0.1.0/30", "1 characters"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bitmaps, err := ipam.ReadBitmaps(strings.NewReader(test.file))
			if err == nil {
				t.Fatalf("got %v, want an error", bitmaps)
			}
			for _, part := range test.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got error %q, want it to name %q", err, part)
				}
			}
		})
	}
}

func TestReadBitmapsTakes(t *testing.T) {
	tests := []struct {
		name, file string
		want       map[string]string
	}{
		{"empty object", `{}`, nil},
		{"white space around", "\n { \"10.0.0.0/30\" : \"010\" } \n", map[string]string{"10.0.0.0/30": "010"}},
		{"two subnets", `{"10.0.0.0/30":"010","10.0.1.0/31":"1"}`, map[string]string{"10.0.0.0/30": "010", "10.0.1.0/31": "1"}},
		{"/32 has no host numbers from 1 up", `{"10.0.0.0/32":""}`, map[string]string{"10.0.0.0/32": ""}},
		{"/12", `{"10.16.0.0/12":"` + strings.Repeat("0", 1<<20-1) + `"}`, map[string]string{"10.16.0.0/12": strings.Repeat("0", 1<<20-1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ipam.ReadBitmaps(iotest.HalfReader(strings.NewReader(test.file)))
			if err != nil {
				t.Fatal(err)
			}
			want := ipam.Bitmaps{}
			for subnet, bits := range test.want {
				want[netip.MustParsePrefix(subnet)] = bits
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %.200v, want %.200v", got, want)
			}
		})
	}
}

// TestReadBitmapsUnreadable checks that what the disk said arrives.
func TestReadBitmapsUnreadable(t *testing.T) {
	cause := errors.New("input/output error")
	_, err := ipam.ReadBitmaps(iotest.ErrReader(cause))
	wantError(t, "ReadBitmaps", err, cause)
}

func FuzzReadBitmaps(f *testing.F) {
	for _, s := range []string{`{}`, `{"10.0.0.0/30":"010"}`, `{"10.0.0.0/30":null}`, `[`, `{"10.0.0.0/30":"01`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bitmaps, err := ipam.ReadBitmaps(strings.NewReader(s))
		if err != nil {
			return
		}
		m := newManager(t)
		if err := m.Load(t.Context(), bitmaps); err != nil {
			t.Fatalf("Load of what ReadBitmaps took: %v", err)
		}
		for subnet, bits := range bitmaps {
			if dumped, _ := m.Dump(); strings.Contains(bits, "1") && !contains(dumped[subnet], bits) {
				t.Errorf("dump of %s is %q, want at least %q", subnet, dumped[subnet], bits)
			}
		}
	})
}

// contains reports whether each 1 of part is a 1 of whole.
func contains(whole, part string) bool {
	for i := range part {
		if part[i] == '1' && (i >= len(whole) || whole[i] != '1') {
			return false
		}
	}
	return true
}
