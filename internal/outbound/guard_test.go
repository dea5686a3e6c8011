package outbound

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "0.0.0.0", "0.1.2.3",
		"100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1", "2001:db8::1", "::10.0.0.1", "::7f00:1", "100::1",
	} {
		if public(netip.MustParseAddr(s)) {
			t.Errorf("%s may be asked", s)
		}
	}
	for _, s := range []string{"8.8.8.8", "172.15.0.1", "172.32.0.1", "11.0.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"} {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s may not be asked", s)
		}
	}
}

// FuzzPublic holds the rule against its forms: an IPv4 address is judged the same in whatever IPv6 address it is wrapped.
func FuzzPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{8, 8, 8, 8})
	f.Add([]byte{169, 254, 169, 254})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4 {
			return
		}
		v4 := [4]byte(b)
		plain := netip.AddrFrom4(v4)
		want := public(plain)
		mapped := netip.AddrFrom16(plain.As16())
		nat64 := [16]byte{0, 0x64, 0xff, 0x9b, 12: v4[0], v4[1], v4[2], v4[3]}
		sixToFour := [16]byte{0x20, 0x02, v4[0], v4[1], v4[2], v4[3], 15: 1}
		for _, ip := range []netip.Addr{mapped, netip.AddrFrom16(nat64), netip.AddrFrom16(sixToFour)} {
			if public(ip) != want {
				t.Errorf("%s: %v, but %s: %v", ip, public(ip), plain, want)
			}
		}
		if want && (plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast()) {
			t.Errorf("%s may be asked", plain)
		}
	})
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 100-199/200")
	f.Add("bytes 0-0/*")
	f.Add("bytes */200")
	f.Fuzz(func(t *testing.T, s string) {
		offset, length, err := contentRange(s)
		if err == nil && (offset < 0 || length != -1 && offset >= length) {
			t.Errorf("%q: %d of %d", s, offset, length)
		}
		if d := retryAfter(s, time.Unix(0, 0)); d < 0 {
			t.Errorf("%q: %s", s, d)
		}
		if r := Redact("http://user:canary@host/?canary#canary" + s); strings.Contains(r, "canary") && !strings.Contains(s, "canary") {
			t.Errorf("%q: %s", s, r)
		}
	})
}
