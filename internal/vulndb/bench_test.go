package vulndb_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// world makes advisories in the shape of a distribution's: some releases, thousands of packages, one kernel.
func world() []vuln.Advisory {
	r := rand.New(rand.NewPCG(1, 1))
	var out []vuln.Advisory
	for i := range 20_000 {
		name := fmt.Sprintf("package-%04d", r.IntN(2000))
		if i%4 == 0 {
			name = "linux"
		}
		a := vuln.Advisory{Feed: "osv/Debian", ID: fmt.Sprintf("CVE-%d-%05d", 2005+i%20, i), Title: "a title of some length"}
		a.Ratings = []vuln.Rating{{Feed: a.Feed, Severity: vuln.High, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}}
		for release := range 4 {
			a.Affected = append(a.Affected, vuln.Affected{
				Namespace: fmt.Sprintf("Debian:%d", 10+release), Package: name,
				Ranges: []vuln.Range{{Introduced: "0", Fixed: fmt.Sprintf("%d.%d.%d-1", r.IntN(7), r.IntN(8), r.IntN(8))}},
			})
		}
		out = append(out, a)
	}
	return out
}

// benchDB gives the path of a database: the one that SIGHTLINE_BENCH_DB names, else a made one.
func benchDB(b *testing.B) string {
	b.Helper()
	if path := os.Getenv("SIGHTLINE_BENCH_DB"); path != "" {
		return path
	}
	path := filepath.Join(b.TempDir(), "vuln.db")
	bytes, err := vulndb.BuildBytes(b.Context(), vulndb.BuildOptions{}, world()...)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, bytes, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkOpen(b *testing.B) {
	path := benchDB(b)
	b.ReportAllocs()
	for b.Loop() {
		db, err := vulndb.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		_ = db.Close()
	}
}

func openBench(b *testing.B) *vulndb.DB {
	b.Helper()
	db, err := vulndb.Open(benchDB(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// names lists different packages of one release that vulnerabilities all over the database are about.
func names(b *testing.B, db *vulndb.DB, n int) (out [][2]string) {
	b.Helper()
	seen := map[string]bool{"linux": true}
	for i := 0; len(out) < n; i++ {
		for a, err := range db.Affected(vulndb.Ordinal(i * 7919 % db.Len())) {
			if err != nil {
				b.Fatal(err)
			}
			if a.Namespace == "Debian:12" && !seen[a.Name] {
				seen[a.Name] = true
				out = append(out, [2]string{a.Namespace, a.Name})
			}
		}
	}
	return out
}

// Half of the look-ups of a scan find nothing.
func BenchmarkThousandPackages(b *testing.B) {
	db := openBench(b)
	list := names(b, db, 500)
	b.ReportAllocs()
	for b.Loop() {
		for _, n := range list {
			if _, ok, err := db.Package(n[0], n[1]); !ok || err != nil {
				b.Fatal(ok, err)
			}
			if _, ok, err := db.Package(n[0], n[1]+"-miss"); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	}
}

func BenchmarkMiss(b *testing.B) {
	db := openBench(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := db.Package("Debian:12", "a package that is not there"); ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkKernel(b *testing.B) {
	db := openBench(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := db.Package("Debian:12", "linux"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkVulnerability(b *testing.B) {
	db := openBench(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := db.Vulnerability(vulndb.Ordinal(i * 7919 % db.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDetails(b *testing.B) {
	db := openBench(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := db.Details(vulndb.Ordinal(i * 7919 % db.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	list := world()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vulndb.BuildBytes(b.Context(), vulndb.BuildOptions{}, list...); err != nil {
			b.Fatal(err)
		}
	}
}
