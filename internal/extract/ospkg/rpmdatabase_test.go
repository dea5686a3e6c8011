package ospkg_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// databases are the three kinds, in all their forms, with the same headers.
func databases(headers [][]byte) map[string]string {
	all := map[string]string{"ndb": string(writeNDB(headers))}
	for _, size := range []int{512, 4096, 65536} {
		all[fmt.Sprint("sqlite ", size)] = string(writeSQLite(headers, size))
		all[fmt.Sprint("berkeley big-endian ", size)] = string(writeBerkeley(headers, binary.BigEndian, size, true))
		all[fmt.Sprint("berkeley little-endian ", size)] = string(writeBerkeley(headers, binary.LittleEndian, size, false))
	}
	return all
}

func TestRpmHeaders(t *testing.T) {
	t.Parallel()
	base := func(name string, more ...rpmEntry) []byte {
		return rpmHeader(append([]rpmEntry{rpmText(1000, name), rpmText(1001, "1"), rpmText(1002, "2")}, more...)...)
	}
	wide := strings.Repeat("d", 3000)
	headers := [][]byte{
		base("plain"),
		base("gpg-pubkey", rpmText(1044, "(none)")),
		base("epoch-zero", rpmNumbers(1003, 0)),
		base("epoch", rpmNumbers(1003, 7), rpmText(1044, "epoch-1-2.nosrc.rpm")),
		base("later-entry-wins", rpmText(1022, "i686"), rpmText(1022, "x86_64")),
		base("module", rpmText(5096, "postgresql:15:920:rhel9")),
		base("no-module", rpmText(5096, "(none)"), rpmText(1011, "(none)")),
		base("odd-source", rpmText(1044, "odd.src.rpm"), rpmText(1011, "A\x1b[31m\nvendor\xff")),
		base("two words"),
		base("files",
			rpmTexts(1117, "a", "dir", "b", "gone", "replaced", "..", "long"), rpmNumbers(1116, 0, 0, 1, 0, 0, 0, 2),
			rpmTexts(1118, "/usr/bin/", "/opt/../etc/", "/"+wide+wide+"/"),
			rpmShorts(1030, 0o100755, 0o040755, 0o120777, 0o100644, 0o100644, 0o100644, 0o100644),
			rpmEntry{1029, 1, 7, []byte{0, 0, 0, 2, 1, 0, 0}}),
		base("bad-files", rpmTexts(1117, "a", "b"), rpmNumbers(1116, 0, 9), rpmTexts(1118, "/x/")),
		base("worse-files", rpmTexts(1117, "a", "b"), rpmNumbers(1116, 0), rpmTexts(1118, "/x/")),
		base("plain"),
		[]byte("no header at all"),
		rpmHeader(rpmText(1000, "no-version")),
		rpmHeader(rpmNumbers(1000, 1), rpmText(1001, "1"), rpmText(1002, "2")),
		base("last", rpmText(1014, strings.Repeat("MIT or ", 500)+"MIT")),
	}
	for kind, text := range databases(headers) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			facts := run(t, ospkg.Rpm{}, "var/lib/rpm/x", text)
			got := map[string]string{}
			for _, p := range facts.Packages {
				got[p.Name] = strings.Join([]string{p.Version, p.Arch, p.Source.Name, p.Source.Version, p.Vendor, p.Module + p.ModuleBuild}, "|")
			}
			if d := cmp.Diff(map[string]string{
				"plain": "1-2||plain|1-2||", "epoch-zero": "1-2||epoch-zero|1-2||", "epoch": "7:1-2||epoch|7:1-2||",
				"later-entry-wins": "1-2|x86_64|later-entry-wins|1-2||", "module": "1-2||module|1-2||postgresql:15920:rhel9",
				"no-module": "1-2||no-module|1-2||", "odd-source": "1-2||odd-source|1-2|A[31mvendor|",
				"files": "1-2||files|1-2||", "bad-files": "1-2||bad-files|1-2||", "worse-files": "1-2||worse-files|1-2||", "last": "1-2||last|1-2||",
			}, got); d != "" {
				t.Errorf("packages (-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"bad-files. /x/a", "files. /etc/b", "files. /usr", "files. /usr/bin/a"}, ownedFiles(&facts)); d != "" {
				t.Errorf("owned (-want +got):\n%s", d)
			}
			if last := facts.Packages[slices.IndexFunc(facts.Packages, func(p inventory.Package) bool { return p.Name == "last" })]; len(last.Licenses) != 1 || len(last.Licenses[0]) != 3503 {
				t.Errorf("a long licence is cut: %d", len(strings.Join(last.Licenses, "")))
			}
			var details []string
			for _, i := range facts.Incomplete {
				_, what, _ := strings.Cut(i.Detail, ": ")
				details = append(details, what)
			}
			slices.Sort(details)
			if d := cmp.Diff([]string{
				"a header that is damaged",
				"a package with a damaged list of files (2 times)",
				"a package without a name, or with one that rpm does not allow (2 times)",
				"a package without version and release, or with ones that rpm does not allow",
				"a path that is too long, or has a line break",
			}, details); d != "" {
				t.Errorf("reports (-want +got):\n%s", d)
			}
		})
	}
}

func TestDamagedRpmDatabases(t *testing.T) {
	t.Parallel()
	headers := [][]byte{samplePackage(0, 5), samplePackage(1, 300), samplePackage(2, 5)}
	for kind, whole := range databases(headers) {
		for name, text := range map[string]string{
			"cut in half": whole[:len(whole)/2], "cut in its header": whole[:20], "a byte too short": whole[:len(whole)-1],
		} {
			var facts extract.Facts
			err := (ospkg.Rpm{}).Extract(t.Context(), extract.NewFile("var/lib/rpm/x", []byte(text), 0o644), &facts)
			if err == nil && len(facts.Incomplete) == 0 {
				t.Errorf("%s, %s: nothing is reported, %d packages", kind, name, len(facts.Packages))
			}
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "another file": strings.Repeat("not a database ", 100), "a btree": string(make([]byte, 12)) + "\x62\x31\x05\x00" + string(make([]byte, 1000)),
		"a SQLite database of something else": strings.Replace(string(writeSQLite(headers, 4096)), "tablePackages", "tableBackages", 1),
	} {
		var facts extract.Facts
		err := (ospkg.Rpm{}).Extract(t.Context(), extract.NewFile("var/lib/rpm/Packages", []byte(text), 0o644), &facts)
		if err == nil && len(facts.Incomplete) == 0 {
			t.Errorf("%s: nothing is reported", name)
		}
	}
}

func TestWriteAheadLogWithChangesIsReported(t *testing.T) {
	t.Parallel()
	need(t, "sqlite3")
	dir := t.TempDir()
	db := filepath.Join(dir, "rpmdb.sqlite")
	// A copy made while the database is open has what a killed rpm leaves behind.
	command(t, "sqlite3", db, "PRAGMA journal_mode=WAL; CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL); PRAGMA wal_checkpoint(TRUNCATE);"+
		"INSERT INTO Packages VALUES(1, zeroblob(9000));", ".shell cp "+db+"-wal "+db+"-kept")
	log, err := os.ReadFile(db + "-kept")
	if err != nil || len(log) == 0 {
		t.Fatalf("%d bytes of log, %v", len(log), err)
	}
	for name, tc := range map[string]struct {
		text string
		want string
	}{
		"changes":                     {string(log), "changed pages of rpmdb.sqlite are only in this log"},
		"emptied":                     {"", ""},
		"zeroed":                      {strings.Repeat("\x00", 5000), ""},
		"begun and not committed":     {string(log[:32+24+4096]), ""},
		"frames of an earlier log":    {string(log[:16]) + "another " + string(log[24:]), ""},
		"not a log":                   {"something else that is no log at all", "not a write-ahead log"},
		"a log of impossible numbers": {string(log[:8]) + "\xff\xff\xff\xff" + string(log[12:]), "damaged header"},
	} {
		facts := run(t, ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite-wal", tc.text)
		switch {
		case tc.want == "" && len(facts.Incomplete) > 0:
			t.Errorf("%s: reported %v", name, facts.Incomplete)
		case tc.want != "" && (len(facts.Incomplete) != 1 || !strings.Contains(facts.Incomplete[0].Detail, tc.want)):
			t.Errorf("%s: reported %v", name, facts.Incomplete)
		}
	}
	if facts := run(t, ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite-journal", "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"+string(log)); len(facts.Incomplete) != 1 {
		t.Errorf("a hot journal: %v", facts.Incomplete)
	}
	if facts := run(t, ospkg.Rpm{}, "var/lib/rpm/rpmdb.sqlite-journal", strings.Repeat("\x00", 600)); len(facts.Incomplete) != 0 {
		t.Errorf("a finished journal: %v", facts.Incomplete)
	}
}

func TestRpmManifest(t *testing.T) {
	t.Parallel()
	// The first two lines are of a distroless image of Mariner 2.0.
	facts := run(t, ospkg.RpmManifest{}, "var/lib/rpmmanifest/container-manifest-2",
		"mariner-release\t2.0-12.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t580\tnoarch\t0\tmariner-release-2.0-12.cm2.src.rpm\n"+
			"openssl-libs\t1.1.1k-15.cm2\t1653816591\t1653631623\tMicrosoft Corporation\t(none)\t4365593\tx86_64\t0\topenssl-1.1.1k-15.cm2.src.rpm\n"+
			"bind-utils\t9.16-1.cm2\t1\t1\tMicrosoft Corporation\t32\t1\tx86_64\t32\tbind-9.16-1.cm2.src.rpm\r\n\n"+
			"gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n"+
			"short\t1-1\n"+
			"odd\t1-1\t1\t1\t(none)\t(none)\t0\tnoarch\tmany\t(none)\n"+
			"unreleased\t1\t1\t1\t(none)\t(none)\t0\tnoarch\t0\t(none)\n")
	want := []string{
		"bind-utils\t32\t9.16-1.cm2\tx86_64\tbind-9.16-1.cm2.src.rpm\tMicrosoft Corporation\t(none)\t(none)\n",
		"mariner-release\t0\t2.0-12.cm2\tnoarch\tmariner-release-2.0-12.cm2.src.rpm\tMicrosoft Corporation\t(none)\t(none)\n",
		"openssl-libs\t0\t1.1.1k-15.cm2\tx86_64\topenssl-1.1.1k-15.cm2.src.rpm\tMicrosoft Corporation\t(none)\t(none)\n",
	}
	if d := cmp.Diff(want, asRPM(facts.Packages)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	var details []string
	for _, i := range facts.Incomplete {
		details = append(details, i.Detail)
	}
	if d := cmp.Diff([]string{
		"line 6: a line that has not ten fields", "line 7: an epoch that is not a number",
		"line 8: a package without version and release, or with ones that rpm does not allow",
	}, details); d != "" {
		t.Errorf("reports (-want +got):\n%s", d)
	}
}

// FuzzRpmRoundTrip writes headers in each kind of database and wants back what is in them.
func FuzzRpmRoundTrip(f *testing.F) {
	f.Add([]byte("name\x00other"), uint16(3), uint16(300), uint8(1))
	f.Add([]byte("x"), uint16(200), uint16(5000), uint8(200))
	f.Add([]byte("long"), uint16(0), uint16(65535), uint8(3))
	f.Fuzz(func(t *testing.T, noise []byte, size, step uint16, count uint8) {
		var headers [][]byte
		var want []string
		for i := range int(count) % 32 {
			padding := strings.Repeat("p", (int(size)+i*int(step))%9000)
			name := fmt.Sprintf("package-%d", i)
			headers = append(headers, rpmHeader(
				rpmEntry{63, 7, 16, make([]byte, 16)}, rpmEntry{5555, 7, uint32(len(noise)), noise}, rpmText(1000, name),
				rpmText(1001, "1"), rpmText(1004, padding), rpmText(1002, "2"), rpmText(1011, "v"+padding[:len(padding)%50])))
			want = append(want, name+" 1-2 "+"v"+padding[:len(padding)%50])
		}
		for kind, text := range databases(headers) {
			facts := run(t, ospkg.Rpm{}, "var/lib/rpm/x", text)
			var got []string
			for _, p := range facts.Packages {
				got = append(got, p.Name+" "+p.Version+" "+p.Vendor)
			}
			if d := cmp.Diff(want, got); d != "" || len(facts.Incomplete) > 0 {
				t.Fatalf("%s: %v (-want +got):\n%s", kind, facts.Incomplete, d)
			}
		}
	})
}

// fuzzDatabase holds the reader to its bounds for any bytes, and to saying nothing that the file does not have: no byte counts
// for two packages, and where records are never parted (whole), names stand in the file.
func fuzzDatabase(t *testing.T, text []byte, whole bool) {
	t.Helper()
	var facts extract.Facts
	_ = (ospkg.Rpm{}).Extract(t.Context(), extract.NewFile("var/lib/rpm/x", text, 0o644), &facts) // most are no databases
	// A package takes the index entries of three tags and a byte of each at least.
	if len(facts.Packages) > len(text)/(8+3*16+1) || len(facts.Incomplete) > 20 {
		t.Fatalf("%d packages and %d reports of %d bytes", len(facts.Packages), len(facts.Incomplete), len(text))
	}
	for _, p := range facts.Packages {
		if p.Name == "" || strings.ContainsAny(p.Name, "\x00\n /") || strings.ContainsAny(p.Version+p.Arch, "\x00\n ") || strings.Count(p.Version, "-") != 1 || p.Source == nil {
			t.Fatalf("%+v", p)
		}
		if whole && !strings.Contains(string(text), p.Name+"\x00") {
			t.Fatalf("%q is not in the file", p.Name)
		}
	}
	for _, o := range facts.Owned {
		for _, file := range o.Paths {
			if file == "" || strings.HasPrefix(file, "/") || strings.HasPrefix(file, "../") || file == ".." {
				t.Fatalf("%q is not under the root", file)
			}
		}
	}
}

// smallPackage is a header of which few fill a page.
func smallPackage(i int) []byte {
	return rpmHeader(
		rpmText(1000, fmt.Sprint("p", i)), rpmText(1001, "1"), rpmText(1002, "2"), rpmText(1044, "p-1-2.src.rpm"), rpmText(1004, strings.Repeat("s", i*300)),
		rpmTexts(1117, "a", "b"), rpmNumbers(1116, 0, 0), rpmTexts(1118, "/c/"))
}

func FuzzRpmSQLite(f *testing.F) {
	f.Add(writeSQLite([][]byte{smallPackage(0), smallPackage(1), smallPackage(2)}, 512))
	f.Add(writeSQLite([][]byte{smallPackage(3)}, 512))
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzDatabase(t, append([]byte("SQLite format 3\x00"), text[min(len(text), 16):]...), false)
	})
}

func FuzzRpmNDB(f *testing.F) {
	f.Add(writeNDB([][]byte{smallPackage(0), smallPackage(1)}))
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzDatabase(t, append([]byte("RpmP"), text[min(len(text), 4):]...), true)
	})
}

func FuzzRpmBerkeley(f *testing.F) {
	f.Add(writeBerkeley([][]byte{smallPackage(0), smallPackage(1)}, binary.BigEndian, 512, true))
	f.Add(writeBerkeley([][]byte{smallPackage(0), smallPackage(1)}, binary.LittleEndian, 512, false))
	f.Fuzz(func(t *testing.T, text []byte) { fuzzDatabase(t, text, false) })
}

func FuzzRpmManifest(f *testing.F) {
	f.Add("a\t1-2\t1\t1\tV\t(none)\t1\tnoarch\t0\ta-1-2.src.rpm\n")
	f.Fuzz(func(t *testing.T, text string) {
		facts := run(t, ospkg.RpmManifest{}, "var/lib/rpmmanifest/container-manifest-2", text)
		var again strings.Builder
		for _, p := range facts.Packages {
			epoch, version, ok := strings.Cut(p.Version, ":")
			if !ok {
				epoch, version = "0", p.Version
			}
			fmt.Fprintf(&again, "%s\t%s\t1\t1\t%s\t(none)\t1\t%s\t%s\t(none)\n", p.Name, version, p.Vendor, p.Arch, epoch)
		}
		second := run(t, ospkg.RpmManifest{}, "var/lib/rpmmanifest/container-manifest-2", again.String())
		for i := range facts.Packages {
			facts.Packages[i].Source = nil
		}
		for i := range second.Packages {
			second.Packages[i].Source = nil
		}
		if d := cmp.Diff(facts.Packages, second.Packages); d != "" {
			t.Fatalf("written and read again (-first +second):\n%s", d)
		}
	})
}

func BenchmarkRpm(b *testing.B) {
	headers := make([][]byte, 500)
	for i := range headers {
		headers[i] = samplePackage(i, i%120)
	}
	for name, text := range map[string][]byte{
		"sqlite": writeSQLite(headers, 4096), "ndb": writeNDB(headers), "berkeley": writeBerkeley(headers, binary.LittleEndian, 4096, false),
	} {
		b.Run(name, func(b *testing.B) {
			f := extract.NewFile("var/lib/rpm/x", text, 0o644)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var facts extract.Facts
				if err := (ospkg.Rpm{}).Extract(b.Context(), f, &facts); err != nil || len(facts.Packages) != 500 || len(facts.Incomplete) > 0 {
					b.Fatal(err, len(facts.Packages), facts.Incomplete)
				}
			}
		})
	}
}
