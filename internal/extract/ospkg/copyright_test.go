package ospkg_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
)

func licensesOf(t testing.TB, text string) []string {
	t.Helper()
	facts := run(t, ospkg.DpkgCopyright{}, "usr/share/doc/pkg/copyright", text)
	if len(facts.Licenses) == 0 {
		return nil
	}
	if len(facts.Licenses) > 1 || facts.Licenses[0].Package != "pkg" {
		t.Fatalf("licences: %+v", facts.Licenses)
	}
	return facts.Licenses[0].Licenses
}

const dep5 = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"

func TestCopyright(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"short names": {
			dep5 + "\nFiles: *\nCopyright: x\nLicense: GPL-2+\n This is\n .\n License: Expat\n\nFiles: a\nLicense: Expat\n\nFiles: b\nLicense: GPL-2+\n",
			[]string{"Expat", "GPL-2+"},
		},
		"texts on their own are not licences of files": {
			dep5 + "\nFiles: *\nLicense: GPL-1+ or Artistic\n\nLicense: GPL-1+\n text\n\nLicense: Artistic\n text\n",
			[]string{"GPL-1+ or Artistic"},
		},
		"texts on their own, where there is nothing else": {
			dep5 + "\nFiles: *\nCopyright: x\n\nLicense: LGPL-2.1\n text\n", []string{"LGPL-2.1"},
		},
		"the header's licence counts": {
			dep5 + "License: Apache-2\n\nFiles: *\nLicense: ISC\n", []string{"Apache-2", "ISC"},
		},
		"expressions stay as they are written": {
			dep5 + "\nFiles: *\nLicense: GPL-3+ with Bison exception\n\nFiles: a\nLicense: REGCOMP, and GPL-1+ or Artistic\n\n" +
				"Files: b\nLicense: public-domain\n\nFiles: c\nLicense: Sleepycat and BSD-3-clause\n\nFiles: d\nLicense: ISC and/or MIT\n",
			[]string{"GPL-3+ with Bison exception", "ISC and/or MIT", "REGCOMP, and GPL-1+ or Artistic", "Sleepycat and BSD-3-clause", "public-domain"},
		},
		"a draft's format, other case, no newline, CRLF": {
			"\ufeffFORMAT-SPECIFICATION: http://dep.debian.net/deps/dep5\r\n\r\nFILES: *\r\nLICENSE: gplv3+", []string{"gplv3+"},
		},
		"a licence without a short name": {dep5 + "\nFiles: *\nLicense:\n Do what you want\n", nil},
		"prose": {
			"This is the Debian package of x.\n\nOn Debian systems, the text is in /usr/share/common-licenses/GPL-2.\n" +
				"See `/usr/share/common-licenses/LGPL-2.1', (/usr/share/common-licenses/Apache-2.0) /usr/share/common-licenses/BSD, " +
				"/usr/share/common-licenses/Artistic\nand /usr/share/common-licenses/.",
			[]string{"Apache-2.0", "Artistic", "BSD", "common-licenses/GPL-2", "common-licenses/LGPL-2.1"},
		},
		"prose that names none": {"License: see the web page\nFormat: none\n", nil},
		"nothing":               {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, licensesOf(t, tc.text)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRealRootCopyrights(t *testing.T) {
	t.Parallel()
	root := realroot.Debian(t)
	files, err := filepath.Glob(filepath.Join(root, "usr/share/doc/*/copyright"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	none := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		facts := run(t, ospkg.DpkgCopyright{}, filepath.ToSlash(p), string(text))
		if len(facts.Licenses) == 0 {
			none++
			continue
		}
		got[facts.Licenses[0].Package] = facts.Licenses[0].Licenses
	}
	t.Logf("%d packages with licences, %d without", len(got), none)
	if len(files) < 70 || none*10 > len(files) {
		t.Errorf("%d of %d copyright files have no licence", none, len(files))
	}
	// Read from the files by a person.
	for pkg, want := range map[string][]string{
		"zlib1g":   {"Zlib"},
		"libzstd1": {"BSD-3-clause or GPL-2", "Expat", "zlib"},
		"hostname": {"GPL-2"},
	} {
		if d := cmp.Diff(want, got[pkg]); d != "" {
			t.Errorf("%s (-want +got):\n%s", pkg, d)
		}
	}
}

func BenchmarkDpkgCopyright(b *testing.B) {
	var text strings.Builder
	text.WriteString(dep5)
	for i := range 100 {
		fmt.Fprintf(&text, "\nFiles: src/part%d/*\nCopyright: 2001-2020 An Author <author@example.org>\nLicense: %s\n", i, []string{"GPL-2+", "Expat", "LGPL-2.1+ or MPL-1.1"}[i%3])
		for range 8 {
			text.WriteString(" This program is free software; you can redistribute it and/or modify it\n .\n")
		}
	}
	f := extract.NewFile("usr/share/doc/example/copyright", []byte(text.String()), 0o644)
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		var facts extract.Facts
		if err := (ospkg.DpkgCopyright{}).Extract(b.Context(), f, &facts); err != nil || len(facts.Licenses[0].Licenses) != 3 {
			b.Fatal(err, facts)
		}
	}
}

// FuzzDpkgCopyright holds the licences to be sorted, distinct, short lines, and to be the same when a machine-readable
// file is written from them and read.
func FuzzDpkgCopyright(f *testing.F) {
	f.Add(dep5 + "License: x\n\nFiles: *\nLicense: GPL-2+ or Artistic\n\nLicense: MIT\n")
	f.Add("see /usr/share/common-licenses/GPL-2. and /usr/share/common-licenses/Apache-2.0")
	f.Fuzz(func(t *testing.T, text string) {
		got := licensesOf(t, text)
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) || len(got) > 1000 {
			t.Fatalf("not sorted and distinct: %q", got)
		}
		again := strings.Builder{}
		again.WriteString(dep5)
		for _, l := range got {
			if l == "" || len(l) > 512 || strings.ContainsAny(l, "\n\r\x00\x1b") || strings.TrimSpace(l) != l {
				t.Fatalf("licence %q", l)
			}
			fmt.Fprintf(&again, "\nFiles: *\nLicense: %s\n", l)
		}
		if !strings.Contains(text, "common-licenses/") { // of prose, the GNU licences' names are kept
			if d := cmp.Diff(got, licensesOf(t, again.String())); d != "" && !slices.ContainsFunc(got, func(l string) bool { return len(l) > 256 }) {
				t.Fatalf("written and read again (-first +second):\n%s", d)
			}
		}
	})
}
