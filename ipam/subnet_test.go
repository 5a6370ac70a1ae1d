package ipam_test

import (
	"strings"
	"testing"

	"mybridge/ipam"
)

func TestParseSubnetRefuses(t *testing.T) {
	for s, part := range map[string]string{
		"":                    "CIDR",
		"192.168.0.0":         "CIDR",
		"192.168.0.0/":        "CIDR",
		"192.168.0.0/33":      "CIDR",
		"192.168.0.0/-1":      "CIDR",
		"192.168.0.0/024":     "CIDR",
		"192.168.0.0/24 ":     "CIDR",
		"192.168.0/24":        "CIDR",
		"192.168.00.0/24":     "CIDR",
		"192.168.0.0/24/24":   "CIDR",
		"example.org/24":      "CIDR",
		"fe80::%eth0/64":      "CIDR",
		"2001:db8::/129":      "CIDR",
		"10.0.0.0/7":          "too wide: allowed is /8 to /32",
		"0.0.0.0/0":           "too wide",
		"2000::/15":           "too wide: allowed is /16 to /128",
		"::/0":                "too wide",
		"192.168.0.7/24":      "host bits set: the subnet is 192.168.0.0/24",
		"2001:db8::1/64":      "host bits set: the subnet is 2001:db8::/64",
		"::ffff:10.0.0.0/104": "write it as IPv4",
		"127.0.0.0/8":         "unicast",
		"127.0.0.1/32":        "unicast",
		"0.0.0.0/8":           "unicast",
		"0.1.0.0/16":          "unicast",
		"224.0.0.0/8":         "unicast",
		"239.1.2.0/24":        "unicast",
		"255.0.0.0/8":         "unicast",
		"255.255.255.255/32":  "unicast",
		"ff02::/16":           "unicast",
		"::1/128":             "unicast",
		"::/16":               "unicast",
	} {
		subnet, err := ipam.ParseSubnet("Pool", s)
		if err == nil {
			t.Errorf("ParseSubnet(%q) = %s, want an error", s, subnet)
			continue
		}
		if text := err.Error(); !strings.Contains(text, part) || !strings.Contains(text, `Pool "`+s+`"`) {
			t.Errorf("ParseSubnet(%q): got error %q, want it to name the field, the value and %q", s, text, part)
		}
	}
}

func TestParseSubnetTakes(t *testing.T) {
	for _, s := range []string{
		"10.0.0.0/8", "192.168.0.0/24", "192.168.0.4/30", "192.168.0.4/31", "192.168.0.4/32", "169.254.0.0/16", "223.255.255.0/24",
		"2001::/16", "2001:db8::/64", "fd00::/127", "fd00::1/128", "fe80::/64",
	} {
		if subnet, err := ipam.ParseSubnet("Pool", s); err != nil || subnet.String() != s {
			t.Errorf("ParseSubnet(%q) = %s, %v, want it back", s, subnet, err)
		}
	}
}

func FuzzParseSubnet(f *testing.F) {
	for _, s := range []string{
		"", "10.0.0.0/8", "192.168.0.4/31", "10.0.0.1/32", "10.0.0.0/7", "192.168.0.7/24", "127.0.0.0/8", "255.255.255.255/32", "0.1.0.0/16",
		"2001:db8::/64", "fd00::1/128", "::/16", "ff02::/16", "::ffff:10.0.0.0/104", "fe80::%eth0/64", "192.168.0.0/024",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		subnet, err := ipam.ParseSubnet("Pool", s)
		if err != nil {
			if subnet.IsValid() || !strings.HasPrefix(err.Error(), "Pool ") {
				t.Errorf("ParseSubnet(%q) = %s, %v, want an error that begins with the field", s, subnet, err)
			}
			return
		}
		widest := 8
		if subnet.Addr().Is6() {
			widest = 16
		}
		switch a := subnet.Addr(); {
		case !subnet.IsValid() || subnet != subnet.Masked() || subnet.Bits() < widest:
			t.Errorf("ParseSubnet(%q) = %s, want one without host bits, /%d or narrower", s, subnet, widest)
		case a.Zone() != "" || a.Is4In6() || a.IsMulticast() || a.IsLoopback() || a.IsUnspecified():
			t.Errorf("ParseSubnet(%q) = %s, want a unicast subnet", s, subnet)
		}
		if again, err := ipam.ParseSubnet("Pool", subnet.String()); err != nil || again != subnet {
			t.Errorf("ParseSubnet(%q) = %s, %v, want %s", subnet, again, err, subnet)
		}
		m := newManager(t)
		pool := needPool(t, m, subnet.String())
		// A gateway and an endpoint, where two addresses fit.
		gateway, err := requestGateway(m, pool.ID, "")
		if err != nil || !subnet.Contains(gateway.Addr()) {
			t.Errorf("gateway of %s: got %s, %v", subnet, gateway, err)
		}
		if got, err := requestDynamic(m, pool.ID); !subnet.IsSingleIP() && (err != nil || !subnet.Contains(got.Addr()) || got == gateway) {
			t.Errorf("address of %s with gateway %s: got %s, %v", subnet, gateway, got, err)
		}
	})
}

func TestParseAddressSpace(t *testing.T) {
	for _, space := range []ipam.AddressSpace{ipam.LocalAddressSpace, ipam.GlobalAddressSpace} {
		if got, err := ipam.ParseAddressSpace(string(space)); err != nil || got != space {
			t.Errorf("ParseAddressSpace(%q) = %q, %v", space, got, err)
		}
	}
	for _, s := range []string{"", "LocalDefault", "mybridge-local "} {
		if _, err := ipam.ParseAddressSpace(s); err == nil || !strings.Contains(err.Error(), `"`+s+`"`) {
			t.Errorf("ParseAddressSpace(%q): got error %v, want one that names it", s, err)
		}
	}
}
