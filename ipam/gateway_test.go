package ipam_test

import (
	"testing"

	"mybridge/ipam"
)

// TestGateway checks which gateway a pool gives after some requests.
func TestGateway(t *testing.T) {
	tests := []struct {
		name, subnet, addressRange string
		taken                      []string
		asked, want                string
	}{
		{"first address", "192.168.0.0/24", "", nil, "", "192.168.0.1/24"},
		{"first address with a range", "192.168.0.0/24", "192.168.0.64/26", nil, "", "192.168.0.1/24"},
		{"first is taken", "192.168.0.0/24", "", []string{"192.168.0.1", "192.168.0.2"}, "", "192.168.0.3/24"},
		{"address asked for", "192.168.0.0/24", "", nil, "192.168.0.254", "192.168.0.254/24"},
		{"asked for outside the range", "192.168.0.0/24", "192.168.0.64/26", nil, "192.168.0.2", "192.168.0.2/24"},
		{"/31", "192.168.0.0/31", "", nil, "", "192.168.0.0/31"},
		{"/32", "192.168.0.4/32", "", nil, "", "192.168.0.4/32"},
		{"/30", "192.168.0.4/30", "", nil, "", "192.168.0.5/30"},
		{"/8", "10.0.0.0/8", "", nil, "", "10.0.0.1/8"},
		{"/64", "2001:db8::/64", "2001:db8::8000:0:0:0/80", nil, "", "2001:db8::1/64"},
		{"/127", "2001:db8::/127", "", nil, "", "2001:db8::/127"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			state := newFakeState()
			m := open(t, state, &fakeHost{})
			pool := needPool(t, m, test.subnet, test.addressRange)
			for _, a := range test.taken {
				if _, err := requestExplicit(m, pool.ID, a); err != nil {
					t.Fatal(err)
				}
			}
			got, err := requestGateway(m, pool.ID, test.asked)
			if err != nil || got.String() != test.want {
				t.Fatalf("gateway asked for %q: got %s, %v, want %s", test.asked, got, err, test.want)
			}
			if kind := state.leases[pool.ID][got.Addr()].Kind; kind != ipam.Gateway {
				t.Errorf("the gateway's lease is %s, want gateway", kind)
			}
			_, err = requestExplicit(m, pool.ID, got.Addr().String())
			wantError(t, "an endpoint with the gateway's address", err, ipam.ErrTaken, got.Addr().String())
		})
	}
}

func TestGatewayRefused(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "192.168.0.0/30")
	for asked, want := range map[string]error{
		"192.168.0.0": ipam.ErrOutOfPool,
		"192.168.0.3": ipam.ErrOutOfPool,
		"192.168.0.4": ipam.ErrOutOfPool,
	} {
		_, err := requestGateway(m, pool.ID, asked)
		wantError(t, "gateway "+asked, err, want, asked)
	}
	drainPool(t, m, pool.ID)
	_, err := requestGateway(m, pool.ID, "")
	wantError(t, "gateway of a full pool", err, ipam.ErrExhausted, "192.168.0.0/30", "gateway")
	_, err = requestGateway(m, pool.ID, "192.168.0.1")
	wantError(t, "gateway at a leased address", err, ipam.ErrTaken, "192.168.0.1")
}
