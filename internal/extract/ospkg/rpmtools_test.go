package ospkg_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// rpmQuery is the format in which rpm and the tests tell a package.
const rpmQuery = `%{NAME}\t%{EPOCHNUM}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\t%{LICENSE}\t%{MODULARITYLABEL}\n`

func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}

func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %.300s: %v: %.2000s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// buildRPMs builds the packages of testdata/rpm and of a spec with some many subpackages.
func buildRPMs(t testing.TB, many int) []string {
	t.Helper()
	need(t, "rpm", "rpmbuild")
	top := t.TempDir()
	var spec strings.Builder
	spec.WriteString("Name: many\nVersion: 1\nRelease: 2.el9\nSummary: many\nLicense: MIT\nVendor: Another Vendor\n%description\nmany\n")
	for i := range many {
		fmt.Fprintf(&spec, "%%package -n lib%d\nSummary: one of many\nRelease: %d.el9\nBuildArch: noarch\n%%description -n lib%d\n%s\n", i, i%3+1, i, strings.Repeat("Some words about it. ", i%50*10))
	}
	spec.WriteString("%install\nmkdir -p %{buildroot}/usr/lib/many\n")
	fmt.Fprintf(&spec, "i=0; while [ $i -lt %d ]; do echo > %%{buildroot}/usr/lib/many/$i; i=$((i+1)); done\n", many)
	for i := range many {
		fmt.Fprintf(&spec, "%%files -n lib%d\n/usr/lib/many/%d\n", i, i)
	}
	generated := filepath.Join(top, "many.spec")
	if err := os.WriteFile(generated, []byte(spec.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"testdata/rpm/families.spec", "testdata/rpm/module.spec", generated} {
		command(t, "rpmbuild", "-bb", "--quiet", "--target", "x86_64", "--define", "_topdir "+top, "--define", "__os_install_post %{nil}",
			"--define", "_buildhost example.org", "--define", "debug_package %{nil}", "--define", "_binary_payload w.ufdio", spec)
	}
	rpms, err := filepath.Glob(filepath.Join(top, "RPMS", "*", "*.rpm"))
	if err != nil || len(rpms) < 6+many {
		t.Fatalf("%d packages built, %v", len(rpms), err)
	}
	return rpms
}

// sqliteDatabase has rpm install packages into a database of its own, and erase some again. Debian's rpm writes SQLite.
func sqliteDatabase(t testing.TB, rpms []string) (dbpath string) {
	t.Helper()
	dbpath = t.TempDir()
	rpm := func(args ...string) {
		command(t, "rpm", append([]string{
			"--define", "_db_backend sqlite", "--dbpath", dbpath, "--define", "__plugindir /nonexistent",
		}, args...)...)
	}
	rpm("--initdb")
	rpm(append([]string{"-i", "--justdb", "--nodeps", "--noscripts", "--ignoreos", "--ignorearch", "--nosignature"}, rpms...)...)
	rpm("-e", "--justdb", "--nodeps", "--noscripts", "lib3", "lib7", "lib8", "lib9")
	return dbpath
}

// headersOf takes the headers out of an rpm database with SQLite's own tool.
func headersOf(t testing.TB, database string) [][]byte {
	t.Helper()
	need(t, "sqlite3")
	var headers [][]byte
	for line := range strings.Lines(command(t, "sqlite3", "-readonly", database, "SELECT hex(blob) FROM Packages ORDER BY hnum")) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, b)
	}
	return headers
}

// berkeleyDatabase has Berkeley DB's own tool write a hash file as rpm did. The order is "1234" for little-endian.
func berkeleyDatabase(t testing.TB, headers [][]byte, order string, pageSize int) (dbpath string) {
	t.Helper()
	need(t, "db5.3_load")
	var dump bytes.Buffer
	fmt.Fprintf(&dump, "VERSION=3\nformat=bytevalue\ntype=hash\ndb_lorder=%s\ndb_pagesize=%d\nHEADER=END\n", order, pageSize)
	fmt.Fprintf(&dump, " 00000000\n %02x000000\n", len(headers)%256)
	for i, h := range headers {
		fmt.Fprintf(&dump, " %02x%02x0000\n %x\n", (i+1)%256, (i+1)/256, h)
	}
	dump.WriteString("DATA=END\n")
	dbpath = t.TempDir()
	file := filepath.Join(dbpath, "dump")
	if err := os.WriteFile(file, dump.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "db5.3_load", "-f", file, filepath.Join(dbpath, "Packages"))
	return dbpath
}

// rpmPackages lists the packages of a database as rpm itself does.
func rpmPackages(t testing.TB, backend, dbpath string) []string {
	t.Helper()
	list := slices.Sorted(strings.Lines(command(t, "rpm", "--define", "_db_backend "+backend, "--dbpath", dbpath, "-qa", "--qf", rpmQuery)))
	return slices.DeleteFunc(list, func(line string) bool { return strings.HasPrefix(line, "gpg-pubkey\t") })
}

// asRPM shows packages in rpm's format. What the source package is, is shown for sources that rpmbuild named.
func asRPM(packages []inventory.Package) []string {
	none := func(s string) string {
		if s == "" {
			return "(none)"
		}
		return s
	}
	list := make([]string, 0, len(packages))
	for _, p := range packages {
		epoch, version := "0", p.Version
		if e, v, ok := strings.Cut(p.Version, ":"); ok {
			epoch, version = e, v
		}
		sourceVersion := p.Source.Version
		if _, v, ok := strings.Cut(sourceVersion, ":"); ok {
			sourceVersion = v
		}
		list = append(list, strings.Join([]string{
			p.Name, epoch, version, none(p.Arch), p.Source.Name + "-" + sourceVersion + ".src.rpm", none(p.Vendor),
			none(strings.Join(p.Licenses, "")), none(p.Module),
		}, "\t")+"\n")
	}
	slices.Sort(list)
	return list
}

// shortModules cuts the modularity label at the end of each line to module and stream.
func shortModules(list []string) []string {
	for i, line := range list {
		head, label, _ := strings.Cut(line[strings.LastIndex(line, "\t")+1:], ":")
		if stream, _, ok := strings.Cut(label, ":"); ok {
			list[i] = line[:strings.LastIndex(line, "\t")+1] + head + ":" + stream + "\n"
		}
	}
	slices.Sort(list)
	return list
}

// rpmFiles lists the files of all packages as rpm does, without directories: "name.arch path".
func rpmFiles(t testing.TB, backend, dbpath string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(command(t, "rpm", "--define", "_db_backend "+backend, "--dbpath", dbpath, "-qa", "--qf",
		`[%{=NAME}.%{=ARCH}\t%{FILEMODES:octal}\t%{FILENAMES}\n]`)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if !strings.HasPrefix(fields[1], "40") {
			list = append(list, fields[0]+" "+fields[2])
		}
	}
	slices.Sort(list)
	return list
}

func ownedFiles(facts *extract.Facts) []string {
	var list []string
	for _, o := range facts.Owned {
		for _, p := range o.Paths {
			list = append(list, o.Package+"."+o.Arch+" /"+p)
		}
	}
	slices.Sort(list)
	return list
}
