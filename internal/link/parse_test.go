package link

import "testing"

func TestParseName(t *testing.T) {
	for _, bad := range []string{"", "a b", "a/b", "abcdefghijklmnop", "-br", "!br", "br+", ".", "..", "0br", "br:0", "all", "default", "b\x00r", "brü", "br\n"} {
		if name, err := ParseName("bridge", bad); err == nil {
			t.Errorf("%q was taken as %q", bad, name)
		}
	}
	for _, good := range []string{"b", "testbridge", "br-0_1.2", "abcdefghijklmno"} {
		if _, err := ParseName("bridge", good); err != nil {
			t.Error(err)
		}
	}
}

func TestMACText(t *testing.T) {
	for range 100 {
		mac := RandomMAC()
		if mac[0]&3 != 2 {
			t.Fatalf("%s is not local and unicast", mac)
		}
		text, _ := mac.MarshalText()
		var again MAC
		if err := again.UnmarshalText(text); err != nil || again != mac {
			t.Fatalf("%s read back is %s, %v", mac, again, err)
		}
	}
	var none MAC
	if err := none.UnmarshalText(nil); err != nil || !none.IsZero() || none.String() != "" {
		t.Errorf("no MAC read back is %q, %v", none, err)
	}
}
