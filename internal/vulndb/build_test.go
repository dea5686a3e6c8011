package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// fakeFeed emits what it holds.
type fakeFeed struct {
	name       string
	advisories []vuln.Advisory
	err        error
	before     func() // called before the first
}

func (f *fakeFeed) Name() string { return f.name }
func (f *fakeFeed) About() feed.About {
	return feed.About{License: "CC0-1.0", URL: "https://example.org/" + f.name}
}
func (f *fakeFeed) Resources() []feed.Resource { return nil }
func (f *fakeFeed) Parse(_ context.Context, _ feed.Raw, emit func(*vuln.Advisory) error, _ func(feed.Skipped)) error {
	if f.before != nil {
		f.before()
	}
	for i := range f.advisories {
		a := f.advisories[i]
		a.Feed = f.name
		if err := emit(&a); err != nil {
			return err
		}
	}
	return f.err
}

// randomAdvisories makes advisories whose names and packages meet often.
func randomAdvisories(r *rand.Rand, feedName string, n int) []vuln.Advisory {
	var out []vuln.Advisory
	versions := func(most int) (list []string) {
		for range r.IntN(most) {
			list = append(list, fmt.Sprint(r.IntN(30)))
		}
		return list
	}
	for _, id := range randomRecords(r, n) {
		a := vuln.Advisory{Feed: feedName, ID: id.id, Aliases: id.aliases, Covers: id.covers, Published: time.Unix(r.Int64N(2e9), 0).UTC(), Malicious: id.malware}
		if id.withdrawn {
			a.Withdrawn = a.Published
		}
		if r.IntN(2) == 0 {
			a.Title, a.Details = fmt.Sprint("title ", r.IntN(9)), strings.Repeat("text ", r.IntN(400))
			a.References = []vuln.Reference{{Type: []string{"web", "fix"}[r.IntN(2)], URL: fmt.Sprint("https://example.org/", r.IntN(9))}}
			a.Ratings = []vuln.Rating{{Feed: feedName, Severity: vuln.Severity(1 + r.IntN(5))}}
		}
		for range r.IntN(4) {
			af := vuln.Affected{
				Namespace: []string{"npm", "Debian:12", "Debian:11", "Go"}[r.IntN(4)], Package: fmt.Sprint("p", r.IntN(6)),
				Status: vuln.Status(r.IntN(4)), Severity: vuln.Severity(r.IntN(6)), Versions: versions(6),
			}
			for range r.IntN(4) {
				in := vuln.Range{Introduced: fmt.Sprint(r.IntN(30))}
				switch r.IntN(5) {
				case 0:
					in.LastAffected = fmt.Sprint(r.IntN(30))
				case 1:
					in.Limit = fmt.Sprint(r.IntN(30))
				case 2:
				default:
					in.Fixed = fmt.Sprint(r.IntN(30))
				}
				af.Ranges = append(af.Ranges, in)
			}
			if r.IntN(3) == 0 {
				af.FixedAt = time.Unix(r.Int64N(2e9), 0).UTC()
			}
			if r.IntN(4) == 0 {
				af.Binary, af.Module = r.IntN(2) == 0, []string{"", vuln.AnyModule, "nodejs:18"}[r.IntN(3)]
			}
			for range max(0, r.IntN(5)-2) {
				af.Imports = append(af.Imports, vuln.Import{
					Path: fmt.Sprint("example.org/p", r.IntN(3)), Symbols: versions(4), GOOS: versions(2), GOARCH: versions(2),
				})
			}
			a.Affected = append(a.Affected, af)
		}
		out = append(out, a)
	}
	return out
}

// line puts a row into words, for comparing.
func line(ns, name, id, advisory, feedName string, bundle bool, a *vuln.Affected, fixedAt time.Time) string {
	ranges := plainRanges(a.Ranges)
	versions := slices.Clone(a.Versions)
	if slices.Contains(ranges, vuln.Range{}) {
		ranges, versions = []vuln.Range{{}}, nil
	}
	slices.Sort(versions)
	return fmt.Sprintln(ns, name, id, advisory, feedName, bundle, a.Status, a.Severity, ranges, slices.Compact(versions), fixedAt.Unix(),
		a.Binary, a.Module, a.Imports)
}

// What comes out of the file is what went in, put together as joinAll says, for any advisories.
func TestPackagesSayWhatAdvisoriesSaid(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		all := slices.Concat(randomAdvisories(r, "x", 1+r.IntN(40)), randomAdvisories(r, "y", 1+r.IntN(40)))
		var ids []identity
		for i := range all {
			a := &all[i]
			ids = append(ids, identity{
				feed: a.Feed, id: cleanID(a.ID), aliases: a.Aliases, covers: a.Covers, withdrawn: !a.Withdrawn.IsZero(),
				malware: a.Malicious || saysMalware(a),
			})
		}
		ids = clean(ids)
		var want []string
		vulns := map[string]bool{}
		for _, g := range joinAll(ids) {
			vulns[g.id] = true
			for _, m := range g.members {
				a := &all[m.advisory]
				if !a.Withdrawn.IsZero() {
					continue
				}
				for k := range a.Affected {
					af := &a.Affected[k]
					fixedAt := af.FixedAt
					if fixedAt.IsZero() && ids[m.advisory].notice() && slices.ContainsFunc(af.Ranges, func(r vuln.Range) bool { return r.Fixed != "" }) {
						fixedAt = a.Published
					}
					want = append(want, line(af.Namespace, af.Package, g.id, a.ID, a.Feed, m.bundle, af, fixedAt))
				}
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)

		b, err := BuildBytes(t.Context(), BuildOptions{}, all...)
		if err != nil {
			t.Fatal(err)
		}
		db, err := OpenBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		if db.Len() != len(vulns) {
			t.Fatalf("seed %d: %d vulnerabilities, want %d", seed, db.Len(), len(vulns))
		}
		var rows, reached []string
		for i := range db.packages {
			ns, name, err := db.packageAt(i)
			if err != nil {
				t.Fatal(err)
			}
			p, ok, err := db.Package(ns, name)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			for _, r := range p.Rows {
				v, err := db.Vulnerability(r.Vuln)
				if err != nil {
					t.Fatal(err)
				}
				af := vuln.Affected{Status: r.Status, Severity: r.Severity, Binary: r.Binary, Module: r.Module, Imports: r.Imports}
				for _, in := range r.Intervals {
					af.Ranges = append(af.Ranges, p.Range(in))
				}
				for _, l := range r.Listed {
					af.Versions = append(af.Versions, p.Versions[l])
				}
				rows = append(rows, line(ns, name, v.ID, r.Advisory, r.Feed, r.Bundle, &af, r.FixedAt))
			}
		}
		for o := range db.Len() {
			v, err := db.Vulnerability(Ordinal(o))
			if err != nil {
				t.Fatal(err)
			}
			for a, err := range db.Affected(Ordinal(o)) {
				if err != nil {
					t.Fatal(err)
				}
				af := vuln.Affected{
					Status: a.Status, Severity: a.Severity, Ranges: a.Ranges, Versions: a.Versions,
					Binary: a.Binary, Module: a.Module, Imports: a.Imports,
				}
				reached = append(reached, line(a.Namespace, a.Name, v.ID, a.Advisory, a.Feed, a.Bundle, &af, a.FixedAt))
			}
		}
		slices.Sort(rows)
		slices.Sort(reached)
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if diff := cmp.Diff(want, reached); diff != "" {
			t.Fatalf("seed %d: Affected: %s", seed, diff)
		}
	}
}

func TestSameFeedsGiveSameBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	var inputs []Input
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		inputs = append(inputs, Input{Feed: &fakeFeed{name: name, advisories: randomAdvisories(r, name, 300)}})
	}
	var first bytes.Buffer
	if _, err := BuildTo(t.Context(), &first, inputs, BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 6 {
		r.Shuffle(len(inputs), func(i, j int) { inputs[i], inputs[j] = inputs[j], inputs[i] })
		for _, in := range inputs {
			a := in.Feed.(*fakeFeed).advisories
			// The order inside a feed counts only where records have the same id: keep theirs.
			r.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
			slices.SortStableFunc(a, func(x, y vuln.Advisory) int { return compareIDs(x.ID, y.ID) })
		}
		if i == 0 { // now sorted
			first.Reset()
			if _, err := BuildTo(t.Context(), &first, inputs, BuildOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, in := range inputs {
				in.Feed.(*fakeFeed).advisories = slices.CompactFunc(in.Feed.(*fakeFeed).advisories, func(x, y vuln.Advisory) bool { return x.ID == y.ID })
			}
			first.Reset()
			if _, err := BuildTo(t.Context(), &first, inputs, BuildOptions{}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		out := filepath.Join(dir, fmt.Sprint(i))
		report, err := Build(t.Context(), out, inputs, BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), got) {
			t.Fatalf("build %d differs: %x", i, sha256.Sum256(got))
		}
		if report.Bytes != int64(len(got)) || report.Rows == 0 || report.Packages == 0 || report.Vulnerabilities == 0 {
			t.Errorf("report %+v", report)
		}
	}
}

func TestBuildReports(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	var progress []string
	inputs := []Input{
		{Feed: &fakeFeed{name: "b", advisories: []vuln.Advisory{
			{ID: "X-1", Title: "t", Modified: at}, {ID: "X-2", Title: "t", Withdrawn: at.Add(-time.Hour)}, {ID: "a b", Title: "t"}, {ID: "", Title: "t"},
		}}},
		{Feed: &fakeFeed{name: "a", err: fmt.Errorf("reading a.zip: %w", fs.ErrNotExist)}},
	}
	var b bytes.Buffer
	got, err := BuildTo(t.Context(), &b, inputs, BuildOptions{Progress: func(f string, n int) { progress = append(progress, fmt.Sprint(f, n)) }})
	if err != nil {
		t.Fatal(err)
	}
	if f := got.Feeds[0]; f.Name != "b" || f.Advisories != 2 || f.Withdrawn != 1 || f.Skipped != 2 || len(f.Examples) != 2 || !f.AsOf.Equal(at) || f.Missing != nil {
		t.Errorf("%+v", f)
	}
	if f := got.Feeds[1]; f.Name != "a" || !errors.Is(f.Missing, fs.ErrNotExist) {
		t.Errorf("%+v", f)
	}
	if diff := cmp.Diff([]string{"b2"}, progress); diff != "" {
		t.Error(diff)
	}
	db, err := OpenBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if m := db.Meta(); !m.AsOf.Equal(at) || m.Feeds[1].License != "CC0-1.0" || m.Feeds[1].Skipped != 2 || m.Checksum != got.Checksum {
		t.Errorf("%+v", m)
	}
	later := at.Add(time.Hour)
	b.Reset()
	if _, err := BuildTo(t.Context(), &b, inputs, BuildOptions{AsOf: later}); err != nil {
		t.Fatal(err)
	}
	if db, err = OpenBytes(b.Bytes()); err != nil || !db.Meta().AsOf.Equal(later) {
		t.Errorf("%v, %v", db.Meta().AsOf, err)
	}
}

func TestBuildKeepsTheOldDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "vuln.db")
	ok := Input{Feed: &fakeFeed{name: "a", advisories: []vuln.Advisory{{ID: "X-1", Title: "old"}}}}
	if _, err := Build(t.Context(), out, []Input{ok}, BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for name, tc := range map[string]struct {
		ctx    context.Context
		inputs []Input
	}{
		"a feed is broken":            {t.Context(), []Input{ok, {Feed: &fakeFeed{name: "b", err: errors.New("broken")}}}},
		"no feed is there":            {t.Context(), []Input{{Feed: &fakeFeed{name: "b", err: fs.ErrNotExist}}}},
		"two feeds have one name":     {t.Context(), []Input{ok, ok}},
		"a package has no end":        {t.Context(), []Input{{Feed: &fakeFeed{name: "b", advisories: endless()}}}},
		"the caller changed its mind": {ctx, []Input{{Feed: &fakeFeed{name: "a", before: cancel, advisories: []vuln.Advisory{{ID: "X-1", Title: "t"}}}}}},
	} {
		if _, err := Build(tc.ctx, out, tc.inputs, BuildOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if now, err := os.ReadFile(out); err != nil || !bytes.Equal(old, now) {
			t.Errorf("%s: the old database is not there any more: %v", name, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// endless makes notices whose rows of one package are more than a package may have.
func endless() []vuln.Advisory {
	var covers []string
	for i := range 9000 {
		covers = append(covers, fmt.Sprintf("CVE-2024-%d", 10000+i))
	}
	var out []vuln.Advisory
	for i := range 500 {
		out = append(out, vuln.Advisory{ID: fmt.Sprint("DSA-", i), Covers: covers, Affected: []vuln.Affected{{Namespace: "n", Package: "p", Ranges: []vuln.Range{{}}}}})
	}
	return out
}

// TestKilledBuild is also the process that is killed: see the environment variable.
func TestKilledBuild(t *testing.T) {
	if out := os.Getenv("SIGHTLINE_TEST_BUILD"); out != "" {
		r := rand.New(rand.NewPCG(1, 1))
		for i := 0; ; i++ {
			in := Input{Feed: &fakeFeed{name: "a", advisories: randomAdvisories(r, "a", 400)}}
			if _, err := Build(t.Context(), out, []Input{in}, BuildOptions{}); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				fmt.Println("built")
			}
		}
	}
	if runtime.GOOS == "windows" || testing.Short() {
		t.Skip("needs kill -9, and a second")
	}
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "vuln.db")
	for i := range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledBuild$")
		cmd.Env = append(os.Environ(), "SIGHTLINE_TEST_BUILD="+out)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := stdout.Read(make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*7) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		db, err := Open(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
	}
	// The next build clears away what the killed ones left.
	in := Input{Feed: &fakeFeed{name: "a", advisories: []vuln.Advisory{{ID: "X-1", Title: "t"}}}}
	if _, err := Build(t.Context(), out, []Input{in}, BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if info, err := f.Info(); err == nil && f.Name() != "vuln.db" && info.Size() > 0 {
			t.Errorf("left behind: %s, %d bytes", f.Name(), info.Size())
		}
	}
}

func TestBuildsSideBySide(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "vuln.db")
	done := make(chan error)
	for i := range 6 {
		go func() {
			in := Input{Feed: &fakeFeed{name: "a", advisories: randomAdvisories(rand.New(rand.NewPCG(1, uint64(i))), "a", 200)}}
			_, err := Build(t.Context(), out, []Input{in}, BuildOptions{})
			done <- err
		}()
	}
	for range 6 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	db, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBuildBytesRefusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	if _, err := BuildBytes(t.Context(), BuildOptions{}, vuln.Advisory{Feed: "f", ID: "no id", Title: "t"}); err == nil {
		t.Error("no error")
	}
}
