package nevra_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]nevra.NEVRA{
		"httpd-0:2.4.6-97.el7_9":              {Name: "httpd", Version: "2.4.6", Release: "97.el7_9"},
		"bind-32:9.16.23-14.el9_3.4":          {Name: "bind", Epoch: "32", Version: "9.16.23", Release: "14.el9_3.4"},
		"libgcrypt20-32bit-1.6.1-16.62.1.src": {Name: "libgcrypt20-32bit", Version: "1.6.1", Release: "16.62.1", Arch: "src"},
		"nodejs-1:14.18.2-2.module+el8.5.0+13644+8d46dafd.x86_64": {
			Name: "nodejs", Epoch: "1", Version: "14.18.2", Release: "2.module+el8.5.0+13644+8d46dafd", Arch: "x86_64",
		},
		"2:shadow-utils-4.1.5.1-13.el7": {Name: "shadow-utils", Epoch: "2", Version: "4.1.5.1", Release: "13.el7"},
		"a-1~rc1-2^git":                 {Name: "a", Version: "1~rc1", Release: "2^git"},
	} {
		got, ok := nevra.Parse(in)
		if !ok {
			t.Errorf("%s was not read", in)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	for _, in := range []string{
		"", "kernel", "kernel-1", "-1-2", "a--", "a-1-", "a--1", "nodejs:18-8060020211223.a", "openshift4/ose:v4.8.0-1-2", "a-x:1-2", "a-1 2-3", "a-99999999999:1-2",
	} {
		if got, ok := nevra.Parse(in); ok {
			t.Errorf("%q was read as %+v", in, got)
		}
	}
}

// FuzzParse: what is read has a version with an order, and reads the same when it is written again.
func FuzzParse(f *testing.F) {
	f.Add("nodejs-1:14.18.2-2.module+el8.5.0+13644+8d46dafd.x86_64")
	f.Add("2:shadow-utils-4.1.5.1-13.el7")
	f.Fuzz(func(t *testing.T, in string) {
		n, ok := nevra.Parse(in)
		if !ok {
			return
		}
		if _, err := version.Parse(purl.RedHat, n.EVR()); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		again := n.Name + "-" + n.EVR()
		if n.Arch != "" {
			again += "." + n.Arch
		}
		got, ok := nevra.Parse(again)
		if !ok || n.Arch != "" && got != n {
			t.Errorf("%q is %+v, written again %+v", in, n, got)
		}
	})
}
