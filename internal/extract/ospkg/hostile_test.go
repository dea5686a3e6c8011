package ospkg_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
)

// TestHostileFilesCostBoundedTimeAndMemory is not parallel: it measures what is allocated.
func TestHostileFilesCostBoundedTimeAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("large files")
	}
	fill := func(unit string) []byte { return bytes.Repeat([]byte(unit), 24<<20/len(unit)) }
	long := func(before string) []byte { return append([]byte(before), bytes.Repeat([]byte("x"), 100<<20)...) }
	for name, tc := range map[string]struct {
		x    extract.Extractor
		path string
		text []byte
		most int // bytes that may be allocated
	}{
		"dpkg: one line":              {ospkg.Dpkg{}, "var/lib/dpkg/status", long("Package: "), 1 << 24},
		"dpkg: a version of one line": {ospkg.Dpkg{}, "var/lib/dpkg/status", long("Package: a\nStatus: x installed\nVersion: "), 1 << 24},
		"dpkg: zero bytes":            {ospkg.Dpkg{}, "var/lib/dpkg/status", fill("\x00"), 1 << 24},
		"dpkg: newlines":              {ospkg.Dpkg{}, "var/lib/dpkg/status", fill("\n"), 1 << 24},
		"dpkg: small stanzas":         {ospkg.Dpkg{}, "var/lib/dpkg/status.d/x", numbered("Package:%\nVersion:1\n\n", 1_000_000), 1 << 29},
		"dpkg: the same stanza":       {ospkg.Dpkg{}, "var/lib/dpkg/status.d/x", fill("Package:a\nVersion:1\n\n"), 1 << 29}, // garbage, not kept
		"dpkg: broken stanzas":        {ospkg.Dpkg{}, "var/lib/dpkg/status", fill("Version:1\n\n"), 1 << 24},
		"list: one line":              {ospkg.DpkgFiles{}, "var/lib/dpkg/info/a.list", long("/"), 1 << 28},
		"list: newlines":              {ospkg.DpkgFiles{}, "var/lib/dpkg/info/a.list", fill("\n"), 1 << 28},
		"list: short paths":           {ospkg.DpkgFiles{}, "var/lib/dpkg/info/a.list", fill("/a\n/b\n"), 1 << 28},
		"list: up and up":             {ospkg.DpkgFiles{}, "var/lib/dpkg/info/a.list", fill("/../../a\n/b\n"), 1 << 28},
		"apk: one line":               {ospkg.Apk{}, "lib/apk/db/installed", long("P:"), 1 << 24},
		"apk: zero bytes":             {ospkg.Apk{}, "lib/apk/db/installed", fill("\x00"), 1 << 24},
		"apk: small packages":         {ospkg.Apk{}, "lib/apk/db/installed", fill("P:a\nV:1\n\n"), 1 << 28},
		"apk: a long directory":       {ospkg.Apk{}, "lib/apk/db/installed", append([]byte("P:a\nV:1\nF:"+strings.Repeat("d", 4000)+"\n"), fill("R:x\n")...), 1 << 29},
		"apk: broken lines":           {ospkg.Apk{}, "lib/apk/db/installed", fill("xyz\n"), 1 << 24},
		"copyright: one line":         {ospkg.DpkgCopyright{}, "usr/share/doc/a/copyright", long(dep5 + "License: "), 1 << 24},
		"copyright: licences":         {ospkg.DpkgCopyright{}, "usr/share/doc/a/copyright", append([]byte(dep5), numbered("\nFiles: *\nLicense: L%\n", 500_000)...), 1 << 24},
		"copyright: mentions":         {ospkg.DpkgCopyright{}, "usr/share/doc/a/copyright", fill("/usr/share/common-licenses/GPL "), 1 << 28},
		"rpm: zero bytes":             {ospkg.Rpm{}, "var/lib/rpm/Packages", fill("\x00"), 1 << 24},
		"rpm: cells at one place":     {ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite", cellsAtOnePlace(24 << 20), 1 << 27},
		"rpm: branches to one page":   {ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite", branchesToOnePage(24 << 20), 1 << 27},
		"rpm: slots of one blob":      {ospkg.Rpm{}, "var/lib/rpm/Packages.db", slotsOfOneBlob(24 << 20), 1 << 24},
		"rpm: items of one chain":     {ospkg.Rpm{}, "var/lib/rpm/Packages", itemsOfOneChain(24 << 20), 1 << 27},
		"rpm: an endless chain":       {ospkg.Rpm{}, "var/lib/rpm/Packages", endlessChain(24 << 20), 1 << 27},
		"rpm: a header of tags":       {ospkg.Rpm{}, "var/lib/rpm/Packages.db", writeNDB(headersOfTags(20)), 1 << 24},
		"rpm: directories of nothing": {ospkg.Rpm{}, "var/lib/rpm/Packages.db", writeNDB([][]byte{headerOfNothing(24 << 20)}), 1 << 28},
		"rpm: a long directory":       {ospkg.Rpm{}, "var/lib/rpm/Packages.db", writeNDB([][]byte{headerOfLongPaths(900_000)}), 1 << 29},
		"rpm: small packages":         {ospkg.Rpm{}, "var/lib/rpm/Packages.db", writeNDB(smallHeaders(200_000)), 1 << 28},
		"rpm-manifest: one line":      {ospkg.RpmManifest{}, "var/lib/rpmmanifest/container-manifest-2", long("a\t1-1\t"), 1 << 24},
		"rpm-manifest: tabs":          {ospkg.RpmManifest{}, "var/lib/rpmmanifest/container-manifest-2", fill("\t"), 1 << 24},
		"os-release: one line":        {ospkg.OSRelease{}, "etc/os-release", long("ID="), 1 << 24},
		"os-release: assignments":     {ospkg.OSRelease{}, "etc/os-release", numbered("A%=1\n", 1_000_000), 1 << 24},
		"debian_version: one line":    {ospkg.OSRelease{}, "etc/debian_version", long("1"), 1 << 24},
		"alpine-release: zero bytes":  {ospkg.OSRelease{}, "etc/alpine-release", fill("\x00"), 1 << 24},
	} {
		var facts extract.Facts
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		if err := tc.x.Extract(t.Context(), extract.NewFile(tc.path, tc.text, 0o644), &facts); err != nil {
			if tc.x.Name() != "rpm" { // which has nothing to say of a file that is no database
				t.Errorf("%s: %v", name, err)
			}
			t.Log(err)
		}
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		allocated := int(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%-30s %4d MB read in %4d ms, %4d MB allocated, %d packages, %d reports",
			name, len(tc.text)>>20, took.Milliseconds(), allocated>>20, len(facts.Packages), len(facts.Incomplete))
		if allocated > tc.most {
			t.Errorf("%s: %d MB allocated, at most %d allowed", name, allocated>>20, tc.most>>20)
		}
		if took > time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
		if len(facts.Packages) > 200_000 || len(facts.Incomplete) > 10 {
			t.Errorf("%s: %d packages, %d reports", name, len(facts.Packages), len(facts.Incomplete))
		}
	}
}

// numbered repeats a unit with another number in the place of each "%".
func numbered(unit string, times int) []byte {
	var b bytes.Buffer
	digits := []byte("0000000")
	for range times {
		for i := len(digits) - 1; i >= 0; i-- {
			if digits[i]++; digits[i] <= '9' {
				break
			}
			digits[i] = '0'
		}
		before, after, _ := strings.Cut(unit, "%")
		b.WriteString(before)
		b.Write(digits)
		b.WriteString(after)
	}
	return b.Bytes()
}
