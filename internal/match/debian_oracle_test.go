package match_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract/realroot"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/purl"
)

// installed is a line of dpkg-query.
type installed struct {
	name, arch, version, source, sourceVersion string
}

// TestDebianFindingsAreThoseOfDpkg computes findings twice from one feed: by our feed, database and matcher, and by a reading
// of the feed's JSON that shares nothing with them and leaves the order of versions to dpkg itself.
func TestDebianFindingsAreThoseOfDpkg(t *testing.T) {
	if testing.Short() {
		t.Skip("asks dpkg some thousand times")
	}
	for _, tool := range []string{"dpkg", "dpkg-query", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here: %v", tool, err)
		}
	}
	archive := filepath.Join(feedsDir(t), "osv/Debian/all.zip")
	records := readDebian(t, archive, "Debian:12")
	db := openDB(t, "Debian")
	order := &dpkgOrder{known: map[[2]string]bool{}}

	root := dpkgQuery(t, filepath.Join(realroot.Debian(t), "var/lib/dpkg"))
	sets := map[string][]installed{
		"a real root": root,
		"a real root without its security updates":   withoutUpdates(root),
		"one version of each package the feed fixes": synthetic(records, 0),
		"and another": synthetic(records, 1),
		"the fixed versions themselves, a little lower": synthetic(records, 2),
	}
	if b, _ := os.ReadFile("/etc/os-release"); bytes.Contains(b, []byte("\nVERSION_ID=\"12\"\n")) && bytes.Contains(b, []byte("\nID=debian\n")) {
		host := dpkgQuery(t, "/var/lib/dpkg")
		sets["the machine of this test"] = host
		sets["the machine of this test without its security updates"] = withoutUpdates(host)
	}
	var pairs [][2]string
	for _, set := range sets {
		for _, p := range set {
			pairs = records.pairs(p, pairs)
		}
	}
	order.ask(t, pairs)
	t.Logf("dpkg compared %d pairs", len(order.known))

	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, p := range set {
				want = append(want, records.findings(t, p, order)...)
			}
			inv := debian12()
			for _, p := range set {
				pkg := deb(p.name, p.version, p.source, p.sourceVersion)
				pkg.Arch, pkg.Layer = p.arch, nil
				pkg.SetFiles("") // what a package ships is another test's matter: here each inherits all of its source
				pkg.PURL = purl.Make(purl.Debian, "", p.name, p.version, []purl.Qualifier{{Key: "arch", Value: p.arch}}, "")
				inv.Packages = append(inv.Packages, pkg)
			}
			var got []string
			out := run(t, db, inv)
			for _, s := range out.Suppressed { // Debian goes on listing CVEs that were rejected
				if s.Reason != finding.RecordRejected {
					continue
				}
				prefix := strings.Join([]string{s.Package.Name, s.Package.Version, s.Vulnerability, "fixed in "}, " ")
				i := slices.IndexFunc(want, func(w string) bool { return strings.HasPrefix(w, prefix) })
				if i < 0 {
					t.Errorf("suppressed, and never found by dpkg: %s", prefix)
					continue
				}
				want = slices.Delete(want, i, i+1)
			}
			for _, f := range out.Findings {
				got = append(got, strings.Join([]string{f.Package.Name, f.Package.Version, f.Vulnerability.ID, "fixed in", f.FixedVersion}, " "))
			}
			slices.Sort(want)
			slices.Sort(got)
			fixable := len(got) - len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasSuffix(s, "fixed in ") }))
			t.Logf("%d packages, %d findings, %d of them fixable", len(set), len(got), fixable)
			if len(want) == 0 {
				t.Error("no findings at all: nothing was compared")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-dpkg +match):\n%.5000s", diff)
			}
		})
	}
}

// dpkgQuery lists what is installed, as dpkg itself says.
func dpkgQuery(t *testing.T, admindir string) (list []installed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "dpkg-query", "--admindir="+admindir, "-W", "-f",
		"${db:Status-Status}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			t.Fatalf("dpkg-query says %q", line)
		}
		if f[0] == "installed" {
			list = append(list, installed{f[1], f[2], f[3], f[4], f[5]})
		}
	}
	if len(list) < 50 {
		t.Fatalf("dpkg-query lists %d packages only", len(list))
	}
	return list
}

var update = regexp.MustCompile(`([+~]deb12u[0-9]+|-[0-9.]+)$`)

// withoutUpdates takes the last part off each version, so that more is fixable.
func withoutUpdates(list []installed) []installed {
	list = slices.Clone(list)
	for i := range list {
		list[i].version = update.ReplaceAllString(list[i].version, "")
		list[i].sourceVersion = update.ReplaceAllString(list[i].sourceVersion, "")
	}
	return list
}

// What follows reads the feed by itself. It uses nothing of the packages under test.

type debianRecord struct {
	ID        string   `json:"id"`
	Related   []string `json:"related"`
	Withdrawn string   `json:"withdrawn"`
	Affected  []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Versions []string `json:"versions"`
		Ranges   []struct {
			Type   string              `json:"type"`
			Events []map[string]string `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

// debianRow is one range of a record: from introduced up to fixed, where that is not empty, and versions beside it.
type debianRow struct {
	record            string
	introduced, fixed string
	versions          []string
}

// debianFeed is rows by source package and vulnerability: the record's own, and those of DSAs and DLAs.
type debianFeed map[string]map[string]*struct{ own, notices []debianRow }

func readDebian(t *testing.T, archive, release string) debianFeed {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	feed := debianFeed{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var rec debianRecord
		if err := json.NewDecoder(bufio.NewReader(r)).Decode(&rec); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		r.Close()
		if rec.Withdrawn != "" {
			continue
		}
		own := strings.HasPrefix(rec.ID, "CVE-")
		about := []string{rec.ID}
		if !own {
			cves := slices.DeleteFunc(slices.Clone(rec.Related), func(id string) bool { return !strings.HasPrefix(id, "CVE-") })
			if len(cves) > 0 {
				about = cves
			}
		}
		for _, a := range rec.Affected {
			if a.Package.Ecosystem != release {
				continue
			}
			if len(a.Ranges) != 1 || a.Ranges[0].Type != "ECOSYSTEM" || len(a.Ranges[0].Events) > 2 {
				t.Fatalf("%s has ranges of a form that this reading does not know", rec.ID)
			}
			row := debianRow{record: rec.ID, versions: a.Versions}
			for _, e := range a.Ranges[0].Events {
				for k, v := range e {
					switch k {
					case "introduced":
						row.introduced = v
					case "fixed":
						row.fixed = v
					default:
						t.Fatalf("%s has an event %q", rec.ID, k)
					}
				}
			}
			for _, id := range about {
				if feed[a.Package.Name] == nil {
					feed[a.Package.Name] = map[string]*struct{ own, notices []debianRow }{}
				}
				entry := feed[a.Package.Name][id]
				if entry == nil {
					entry = &struct{ own, notices []debianRow }{}
					feed[a.Package.Name][id] = entry
				}
				if own {
					entry.own = append(entry.own, row)
				} else {
					entry.notices = append(entry.notices, row)
				}
			}
		}
	}
	return feed
}

// pairs adds the pairs of versions whose order decides about p.
func (feed debianFeed) pairs(p installed, list [][2]string) [][2]string {
	for _, entry := range feed[p.source] {
		for _, row := range slices.Concat(entry.own, entry.notices) {
			for _, bound := range []string{row.introduced, row.fixed} {
				if bound != "" && bound != "0" {
					list = append(list, [2]string{p.sourceVersion, bound})
				}
			}
		}
		for _, a := range entry.notices { // to find the last of several notices
			for _, b := range entry.notices {
				if len(entry.own) == 0 && a.fixed != "" && b.fixed != "" {
					list = append(list, [2]string{a.fixed, b.fixed})
				}
			}
		}
	}
	return list
}

// findings are those of one package, in words.
func (feed debianFeed) findings(t *testing.T, p installed, order *dpkgOrder) (list []string) {
	t.Helper()
	for id, entry := range feed[p.source] {
		rows := entry.own
		if len(rows) == 0 {
			rows = entry.notices
		}
		affected, inRange, fixed := false, false, ""
		for _, row := range rows {
			in := row.introduced == "0" || !order.less(t, p.sourceVersion, row.introduced)
			in = in && (row.fixed == "" || order.less(t, p.sourceVersion, row.fixed))
			affected = affected || in || slices.Contains(row.versions, p.sourceVersion)
			if in && (!inRange || row.fixed == "" || fixed != "" && order.less(t, fixed, row.fixed)) {
				fixed = row.fixed
			}
			inRange = inRange || in
		}
		if affected {
			list = append(list, strings.Join([]string{p.name, p.version, id, "fixed in", fixed}, " "))
		}
	}
	return list
}

// synthetic makes one installed package for every tenth source package that the feed fixes, at a version near a fix.
func synthetic(feed debianFeed, way int) (list []installed) {
	names := make([]string, 0, len(feed))
	for name := range feed {
		names = append(names, name)
	}
	slices.Sort(names)
	for n, name := range names {
		if n%10 != way {
			continue
		}
		var versions []string
		for _, entry := range feed[name] {
			for _, row := range slices.Concat(entry.own, entry.notices) {
				if row.fixed != "" {
					versions = append(versions, row.fixed)
				}
				if way == 1 {
					versions = append(versions, row.versions...)
				}
			}
		}
		if len(versions) == 0 {
			continue
		}
		slices.Sort(versions)
		v := versions[len(versions)/2]
		if way == 2 {
			v += "~"
		}
		list = append(list, installed{name: "lib" + name, arch: "amd64", version: v, source: name, sourceVersion: v})
	}
	return list
}

// dpkgOrder says of pairs of versions whether the first is lower, as dpkg told.
type dpkgOrder struct{ known map[[2]string]bool }

// script prints a line for each line of two versions.
const script = `while IFS='	' read -r a b; do
	if dpkg --compare-versions "$a" lt "$b"; then echo lower; else echo not; fi
done 2>/dev/null`

// ask asks for all pairs at once, by two shells side by side.
func (o *dpkgOrder) ask(t *testing.T, pairs [][2]string) {
	t.Helper()
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	pairs = slices.Compact(pairs)
	type reply struct {
		out []byte
		err error
	}
	var replies [2]chan reply
	half := len(pairs) / 2
	parts := [2][][2]string{pairs[:half], pairs[half:]}
	for i, part := range parts {
		replies[i] = make(chan reply, 1)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		var in bytes.Buffer
		for _, p := range part {
			fmt.Fprintf(&in, "%s\t%s\n", p[0], p[1])
		}
		cmd.Stdin = &in
		go func() {
			out, err := cmd.Output()
			replies[i] <- reply{out, err}
		}()
	}
	for i, part := range parts {
		r := <-replies[i]
		if r.err != nil {
			t.Fatal(r.err)
		}
		n := 0
		for line := range strings.Lines(string(r.out)) {
			if n < len(part) {
				o.known[part[n]] = line == "lower\n"
			}
			n++
		}
		if n != len(part) {
			t.Fatalf("dpkg answered %d of %d questions", n, len(part))
		}
	}
}

func (o *dpkgOrder) less(t *testing.T, a, b string) bool {
	t.Helper()
	lower, ok := o.known[[2]string{a, b}]
	if !ok {
		t.Fatalf("dpkg was not asked about %s and %s", a, b)
	}
	return lower
}
