package ospkg_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
)

// diverted has the extractor read a file of diversions.
func diverted(t testing.TB, text string) extract.Facts {
	t.Helper()
	const p = "var/lib/dpkg/diversions"
	if !claimed(ospkg.DpkgFiles{}, p) {
		t.Fatalf("%s is not claimed", p)
	}
	var facts extract.Facts
	if err := (ospkg.DpkgFiles{}).Extract(t.Context(), extract.NewFile(p, []byte(text), 0o644), &facts); err != nil {
		facts.Report(artifact.Unparsable, err.Error())
	}
	return facts
}

func TestDiversions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       []extract.Diversion
		damaged    bool
	}{
		{name: "none"},
		{
			name: "by a package, and by the administrator",
			text: "/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/x\n/opt/x\n:\n",
			want: []extract.Diversion{{From: "bin/sh", To: "bin/sh.distrib", By: "dash"}, {From: "usr/bin/x", To: "opt/x"}},
		},
		{name: "out of the root", text: "/../a\n/../../b\np\n", want: []extract.Diversion{{From: "a", To: "b", By: "p"}}},
		{name: "cut off", text: "/a\n/b\np\n/c\n", want: []extract.Diversion{{From: "a", To: "b", By: "p"}}, damaged: true},
		{name: "no package", text: "/a\n/b\n\n", damaged: true},
		{name: "a line too many", text: "/a\n/b\np\n\n/c\n/d\nq\n", want: []extract.Diversion{{From: "a", To: "b", By: "p"}}, damaged: true},
	} {
		facts := diverted(t, tc.text)
		if diff := cmp.Diff(tc.want, facts.Diverted); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if damaged := len(facts.Incomplete) > 0; damaged != tc.damaged {
			t.Errorf("%s: %+v", tc.name, facts.Incomplete)
		}
	}
	many := diverted(t, strings.Repeat("/a\n/b\np\n", 10_001))
	if len(many.Diverted) != 10_000 || len(many.Incomplete) != 1 {
		t.Errorf("%d diversions are read, and %+v is said", len(many.Diverted), many.Incomplete)
	}
}

// dpkg-divert writes the file and lists it in words of its own.
func TestDiversionsAgreeWithDpkg(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dpkg-divert"); err != nil {
		t.Skip("dpkg-divert is not installed")
	}
	admin := t.TempDir()
	for _, args := range [][]string{
		{"--package", "postgresql-common", "--divert", "/usr/bin/pg_config.libpq-dev", "/usr/bin/pg_config"},
		{"--local", "--divert", "/opt/a name.real", "/opt/a name"},
		{"--package", "dash", "/bin/sh"},
	} {
		args = append([]string{"--admindir", admin, "--no-rename", "--add"}, args...)
		if out, err := exec.CommandContext(t.Context(), "dpkg-divert", args...).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-divert %v: %v\n%s", args, err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(admin, "diversions"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diverted(t, string(text)).Diverted {
		by := d.By
		if by == "" {
			by = "LOCAL"
		}
		for option, want := range map[string]string{"--listpackage": by, "--truename": "/" + d.To} {
			out, err := exec.CommandContext(t.Context(), "dpkg-divert", "--admindir", admin, option, "/"+d.From).Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != want {
				t.Errorf("dpkg-divert %s /%s: %q, %v; want %q", option, d.From, got, err, want)
			}
		}
	}
	if n := len(diverted(t, string(text)).Diverted); n != 3 {
		t.Errorf("%d diversions in\n%s", n, text)
	}
}

func FuzzDiversions(f *testing.F) {
	f.Add("/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/x\n/opt/x\n:\n")
	f.Add("/../a\n/b/../../c\np")
	f.Fuzz(func(t *testing.T, text string) {
		facts := diverted(t, text)
		// What was read, written again, is read as the same.
		var again strings.Builder
		for _, d := range facts.Diverted {
			by := d.By
			if by == "" {
				by = ":"
			}
			fmt.Fprintf(&again, "/%s\n/%s\n%s\n", d.From, d.To, by)
		}
		if diff := cmp.Diff(facts.Diverted, diverted(t, again.String()).Diverted); diff != "" {
			t.Errorf("%q (-first +again):\n%s", text, diff)
		}
		if lines := strings.Count(text, "\n") + 1; len(facts.Diverted)*3 > lines {
			t.Errorf("%d diversions in %d lines", len(facts.Diverted), lines)
		}
	})
}
