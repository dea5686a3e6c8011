package golang

import (
	"runtime/debug"
	"testing"
)

func TestStdlibVersion(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"go1.22.1":                             "1.22.1",
		"go1.20":                               "1.20",
		"go1.21rc2":                            "1.21.0-rc.2",
		"go1.18beta1":                          "1.18.0-beta.1",
		"go1.22.1 X:boringcrypto":              "1.22.1",
		"go1.20.3 (Red Hat 1.20.3-1.el9)":      "1.20.3",
		"go1.20.3-fips":                        "1.20.3+fips",
		"go1.23.2 X:rangefunc,aliastypeparams": "1.23.2",
		"devel go1.22-3c6b1d9 Mon Aug 1 2023":  "1.22-3c6b1d9",
		"devel +7e33f6a Tue May 10 2022":       "",
		"go1.x":                                "",
		"":                                     "",
	} {
		if got := stdlibVersion(in); got != want {
			t.Errorf("stdlibVersion(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestModule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		m             debug.Module
		path, version string
	}{
		{"as it is", debug.Module{Path: "a.com/b", Version: "v1.0.0"}, "a.com/b", "v1.0.0"},
		{"a development version is none", debug.Module{Path: "a.com/b", Version: "(devel)"}, "a.com/b", ""},
		{"a fork counts for what it stands in", debug.Module{Path: "a.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "c.com/d", Version: "v2.0.0"}}, "c.com/d", "v2.0.0"},
		{"a directory has no version", debug.Module{Path: "k8s.io/api", Version: "v0.0.0", Replace: &debug.Module{Path: "./staging/src/k8s.io/api", Version: "(devel)"}}, "k8s.io/api", ""},
		{"an absolute directory too", debug.Module{Path: "a.com/b", Version: "v0.0.0", Replace: &debug.Module{Path: "/src/b"}}, "a.com/b", ""},
		{"also on Windows", debug.Module{Path: "a.com/b", Version: "v0.0.0", Replace: &debug.Module{Path: `C:\src\b`}}, "a.com/b", ""},
	} {
		if path, version := moduleVersion(&c.m); path != c.path || version != c.version {
			t.Errorf("%s: got %s %q, want %s %q", c.name, path, version, c.path, c.version)
		}
	}
}
