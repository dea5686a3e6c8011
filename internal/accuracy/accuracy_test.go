package accuracy_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/accuracy"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

var update = flag.Bool("update", false, "rewrite the table in the documentation")

const document = "../../docs/reference/accuracy.md"

// readPairs reads all labelled pairs by ecosystem.
func readPairs(t *testing.T) map[string][]accuracy.Pair {
	t.Helper()
	files, err := filepath.Glob("testdata/pairs/*.tsv")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]accuracy.Pair{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		pairs, err := accuracy.Read(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range pairs {
			e, _ := purl.Split(p.Namespace)
			all[string(e)] = append(all[string(e)], p)
		}
	}
	return all
}

// TestAccuracy holds the findings of the labelled pairs against the goals: recall of 0.98 in each distribution and 0.95 in each language, and no
// false positive where a distribution declared a package fixed or not affected.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a database of all feeds")
	}
	raw := feedtest.Real(t)
	path := filepath.Join(t.TempDir(), "accuracy.db")
	var inputs []vulndb.Input
	for _, f := range all.Feeds() { // what says nothing of packages is left out
		if n := f.Name(); n != "epss" && n != "exploit-db" && n != "poc-in-github" && n != "vulnrichment" {
			inputs = append(inputs, vulndb.Input{Feed: f, Raw: raw})
		}
	}
	if _, err := vulndb.Build(t.Context(), path, inputs, vulndb.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	pairs := readPairs(t)
	scores := map[string]*accuracy.Score{}
	total, cases := &accuracy.Score{}, 0
	for e, list := range pairs {
		s := &accuracy.Score{}
		scores[e] = s
		for i := range list {
			p := &list[i]
			found := finds(t, db, p)
			s.Add(p.Affected, found)
			total.Add(p.Affected, found)
			cases++
			if found != p.Affected {
				t.Logf("%s %s %s %s: found %v, and in truth %v: %s", p.Namespace, p.Package, p.Version, p.Vulnerability, found, p.Affected, p.Why)
			}
		}
		goal := 0.95
		if purl.Ecosystem(e).OS() {
			goal = 0.98
			if s.FalsePositives > 0 {
				t.Errorf("%s: %d false positives", e, s.FalsePositives)
			}
		}
		if s.Recall() < goal {
			t.Errorf("%s: recall %.3f, the goal is %.2f", e, s.Recall(), goal)
		}
		if s.TruePositives < 10 || s.TrueNegatives < 10 {
			t.Errorf("%s: too few cases to say anything: %+v", e, *s)
		}
	}
	if cases < 400 {
		t.Errorf("%d cases", cases)
	}
	table := table(scores, total)
	t.Log("\n" + table)
	checkDocument(t, table)
}

// finds says whether the package has a finding of the vulnerability, under any of its names.
func finds(t *testing.T, db *vulndb.DB, p *accuracy.Pair) bool {
	t.Helper()
	out, err := match.Match(t.Context(), db, p.Inventory(), match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out.Findings {
		v := out.Findings[i].Vulnerability
		if v.ID == p.Vulnerability || slices.Contains(v.Aliases, p.Vulnerability) {
			return true
		}
	}
	return false
}

func table(scores map[string]*accuracy.Score, total *accuracy.Score) string {
	var b strings.Builder
	b.WriteString("| ecosystem | pairs | affected | found of these | precision | recall |\n|---|---:|---:|---:|---:|---:|\n")
	row := func(name string, s *accuracy.Score) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.3f | %.3f |\n", name, s.TruePositives+s.FalsePositives+s.FalseNegatives+s.TrueNegatives,
			s.TruePositives+s.FalseNegatives, s.TruePositives, s.Precision(), s.Recall())
	}
	for _, e := range slices.Sorted(maps.Keys(scores)) {
		row(e, scores[e])
	}
	row("**all**", total)
	return b.String()
}

// checkDocument holds the documentation's table against the measured one.
func checkDocument(t *testing.T, table string) {
	t.Helper()
	b, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table: make accuracy -->\n", "<!-- end -->"
	head, rest, ok := strings.Cut(string(b), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", document)
	}
	if *update {
		if err := os.WriteFile(document, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table {
		t.Errorf("%s is not current: make accuracy UPDATE=1", document)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\tb\tc\td\tyes", "a\tb\tc\td\tmaybe\twhy", "a\t\tc\td\tno\twhy", "x"} {
		if _, err := accuracy.Read(strings.NewReader("# head\n" + s)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", s, err)
		}
	}
	pairs, err := accuracy.Read(strings.NewReader("# head\n\nDebian:12\topenssl\t1\tCVE-1\tyes\tbefore 2\n"))
	if err != nil || len(pairs) != 1 || !pairs[0].Affected || pairs[0].Inventory().Distro.Namespace != "Debian:12" {
		t.Errorf("%+v, %v", pairs, err)
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	var s accuracy.Score
	if s.Precision() != 1 || s.Recall() != 1 {
		t.Error("of nothing, nothing is wrong")
	}
	for range 3 {
		s.Add(true, true)
	}
	s.Add(true, false)
	s.Add(false, true)
	s.Add(false, false)
	if s != (accuracy.Score{TruePositives: 3, FalsePositives: 1, FalseNegatives: 1, TrueNegatives: 1}) || s.Precision() != 0.75 || s.Recall() != 0.75 {
		t.Errorf("%+v", s)
	}
}
