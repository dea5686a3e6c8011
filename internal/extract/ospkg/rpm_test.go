package ospkg_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// TestRpmDatabasesEqualRpmQuery has rpm and Berkeley DB write databases, and compares with what rpm lists.
func TestRpmDatabasesEqualRpmQuery(t *testing.T) {
	t.Parallel()
	rpms := buildRPMs(t, 60)
	dbpath := sqliteDatabase(t, rpms)
	compare := func(t *testing.T, backend, dbpath, file string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dbpath, file))
		if err != nil {
			t.Fatal(err)
		}
		facts := run(t, ospkg.Rpm{}, "var/lib/rpm/"+file, string(text))
		want := shortModules(rpmPackages(t, backend, dbpath))
		if len(want) != len(rpms)-4 || len(facts.Incomplete) > 0 {
			t.Fatalf("rpm lists %d of %d packages, and we report %v", len(want), len(rpms), facts.Incomplete)
		}
		if d := cmp.Diff(want, asRPM(facts.Packages)); d != "" {
			t.Errorf("packages differ from rpm's (-want +got):\n%s", d)
		}
		files := rpmFiles(t, backend, dbpath)
		if len(files) < 2500 {
			t.Errorf("rpm lists %d files", len(files))
		}
		if d := cmp.Diff(files, ownedFiles(&facts)); d != "" {
			t.Errorf("files differ from rpm's (-want +got):\n%s", d)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		compare(t, "sqlite", dbpath, "rpmdb.sqlite")
		log, err := os.ReadFile(filepath.Join(dbpath, "rpmdb.sqlite-wal"))
		if err != nil {
			t.Skip("rpm left no log")
		}
		if facts := run(t, ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite-wal", string(log)); len(facts.Incomplete) > 0 {
			t.Errorf("a log that rpm closed is reported: %v", facts.Incomplete)
		}
	})
	for _, pageSize := range []string{"512", "1024", "8192", "65536"} {
		t.Run("sqlite with pages of "+pageSize, func(t *testing.T) {
			t.Parallel()
			need(t, "sqlite3")
			copied := t.TempDir()
			file := filepath.Join(copied, "rpmdb.sqlite")
			command(t, "sqlite3", "-readonly", filepath.Join(dbpath, "rpmdb.sqlite"), "VACUUM INTO '"+file+"'")
			command(t, "sqlite3", file, "PRAGMA journal_mode=DELETE; PRAGMA page_size="+pageSize+"; VACUUM;")
			if got := strings.TrimSpace(command(t, "sqlite3", file, "PRAGMA page_size")); got != pageSize {
				t.Fatalf("pages of %s bytes", got)
			}
			compare(t, "sqlite", copied, "rpmdb.sqlite")
		})
	}
	headers := headersOf(t, filepath.Join(dbpath, "rpmdb.sqlite"))
	for name, order := range map[string]string{"little-endian": "1234", "big-endian": "4321"} {
		for _, pageSize := range []int{512, 4096, 65536} {
			t.Run("berkeley "+name, func(t *testing.T) {
				t.Parallel()
				compare(t, "bdb_ro", berkeleyDatabase(t, headers, order, pageSize), "Packages")
			})
		}
	}
}

// TestNDB reads a file that rpm's own code wrote (see testdata/README), and compares with what rpm lists of the same headers.
func TestNDB(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/rpm/Packages.db")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/rpm/Packages.db.list")
	if err != nil {
		t.Fatal(err)
	}
	facts := run(t, ospkg.Rpm{}, "usr/lib/sysimage/rpm/Packages.db", string(text))
	if len(facts.Incomplete) > 0 {
		t.Errorf("reports of a sound database: %v", facts.Incomplete)
	}
	if d := cmp.Diff(string(want), strings.Join(asRPM(facts.Packages), "")); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if owned := ownedFiles(&facts); len(owned) != 12 || owned[3] != "language.x86_64 /usr/bin/lang" {
		t.Errorf("owned: %v", owned)
	}
}

func TestSourceHasTheEpochOfItsOwnVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/rpm/Packages.db")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]inventory.Source{
		"language":                  {Name: "language", Version: "4:5.32.1-481.el9"},
		"language-Errno":            {Name: "language", Version: "4:5.32.1-481.el9"}, // itself 1.30-481.el9, without an epoch
		"runtime-packaging-2024.06": {Name: "runtime", Version: "1:18.20.2-1.module+el8.9.0+21535+abcdef"},
		"runtime":                   {Name: "runtime", Version: "1:18.20.2-1.module+el8.9.0+21535+abcdef"},
	}
	got := map[string]inventory.Source{}
	for _, p := range run(t, ospkg.Rpm{}, "usr/lib/sysimage/rpm/Packages.db", string(text)).Packages {
		if _, ok := want[p.Name]; ok {
			got[p.Name] = *p.Source
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
