package match_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Versions of the random worlds are the whole numbers 1 to 12, which every ecosystem orders alike, so that the plain
// reading of the rules beside them needs no other order than that of numbers.
const versions = 12

func spell(v int) string { return fmt.Sprintf("%d.0.0", v) }

// number reads what spell wrote; absent and 0 are 0.
func number(s string) (n int) {
	_, _ = fmt.Sscanf(s, "%d", &n)
	return n
}

func randomRanges(r *rand.Rand) (list []vuln.Range) {
	for range r.IntN(3) {
		in := vuln.Range{Introduced: spell(1 + r.IntN(versions))}
		if r.IntN(3) == 0 {
			in.Introduced = []string{"", "0"}[r.IntN(2)]
		}
		end := spell(1 + r.IntN(versions))
		switch r.IntN(8) {
		case 0:
			in.LastAffected = end
		case 1:
			in.Limit = end
		case 2:
		default:
			in.Fixed = end
		}
		list = append(list, in)
	}
	return list
}

// randomRows are about two packages in a language and two in a distribution.
func randomRows(r *rand.Rand) (rows []says, rates rated) {
	rates = rated{}
	for i := range 1 + r.IntN(12) {
		s := says{ns: "npm", pkg: []string{"a", "b"}[r.IntN(2)], ranges: randomRanges(r), feed: "osv/npm"}
		s.vuln = fmt.Sprintf("CVE-%d", r.IntN(6))
		s.advisory = fmt.Sprintf("ADV-%d", i)
		rates[s.vuln] = vuln.Severity(r.IntN(6))
		for range r.IntN(3) {
			s.listed = append(s.listed, spell(1+r.IntN(versions)))
		}
		if r.IntN(2) == 0 {
			s.ns, s.bundle, s.severity = "Debian:12", r.IntN(2) == 0, vuln.Severity(r.IntN(6))
			s.feed = []string{"osv/Debian", "alpine-secdb"}[r.IntN(2)]
			if r.IntN(3) == 0 {
				s.status = vuln.Status(r.IntN(4))
			}
		}
		rows = append(rows, s)
	}
	return rows, rates
}

// sourceOf gives the source of the OS package that an owner names.
func sourceOf(inv *inventory.Inventory, owner *inventory.Owner) string {
	for _, p := range inv.Packages {
		if p.PURL == owner.PURL && p.OS() {
			return p.Source.Name
		}
	}
	return ""
}

func randomInventory(r *rand.Rand) *inventory.Inventory {
	inv := debian12()
	for i := range 6 {
		v := spell(1 + r.IntN(versions))
		if i%2 == 0 {
			inv.Packages = append(inv.Packages, deb(fmt.Sprint("bin", i), v, []string{"a", "b"}[r.IntN(2)], ""))
			continue
		}
		p := of(purl.NPM, []string{"a", "b"}[r.IntN(2)], v)
		p.Evidence[0].Path = fmt.Sprint("app/", i)
		if r.IntN(3) == 0 {
			owner := inv.Packages[i-1]
			p.Owner = &inventory.Owner{Name: owner.Name, PURL: owner.PURL, Path: "usr/lib/x"}
		}
		inv.Packages = append(inv.Packages, p)
	}
	return inv
}

func TestTheOrderOfRowsAndPackagesDoesNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		rows, rates := randomRows(r)
		inv := randomInventory(r)
		want := asJSON(t, run(t, newWorld(nil, rates, rows...), inv))
		for range 3 {
			shuffled := *inv
			shuffled.Packages = slices.Clone(inv.Packages)
			r.Shuffle(len(shuffled.Packages), func(i, j int) {
				shuffled.Packages[i], shuffled.Packages[j] = shuffled.Packages[j], shuffled.Packages[i]
			})
			got := asJSON(t, run(t, newWorld(r, rates, rows...), &shuffled))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
			}
		}
	}
}

func asJSON(t *testing.T, out *match.Outcome) string {
	t.Helper()
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// affects is the plain reading of one row.
func (s says) affects(v int) bool {
	if slices.Contains(s.listed, spell(v)) {
		return true
	}
	for _, in := range s.ranges {
		if v < number(in.Introduced) {
			continue
		}
		if in.Fixed != "" && v >= number(in.Fixed) || in.LastAffected != "" && v > number(in.LastAffected) ||
			in.Limit != "" && v >= number(in.Limit) {
			continue
		}
		return true
	}
	return len(s.listed) == 0 && len(s.ranges) == 0
}

// plainly gives the rows which count for each vulnerability of a package, as the documentation says it.
func plainly(rows []says, ns, pkg string) map[string][]says {
	rank := func(s says) int {
		n := 0
		if s.bundle {
			n = 2
		}
		if s.feed != "alpine-secdb" {
			n++
		}
		return n
	}
	best := map[string]int{}
	for _, s := range rows {
		if s.ns != ns || s.pkg != pkg || s.status == vuln.StatusInvestigating {
			continue
		}
		if b, ok := best[s.vuln]; !ok || rank(s) < b {
			best[s.vuln] = rank(s)
		}
	}
	counts := map[string][]says{}
	denied := map[string]bool{}
	for _, s := range rows {
		if s.ns != ns || s.pkg != pkg || s.status == vuln.StatusInvestigating {
			continue
		}
		if ns != "npm" && rank(s) != best[s.vuln] {
			continue
		}
		if s.status == vuln.StatusNotAffected {
			denied[s.vuln] = true
			continue
		}
		counts[s.vuln] = append(counts[s.vuln], s)
	}
	for id := range denied {
		delete(counts, id)
	}
	return counts
}

func anyAffects(rows []says, v int) bool {
	return slices.ContainsFunc(rows, func(s says) bool { return s.affects(v) })
}

func TestFindingsAreWhatThePlainReadingOfTheRulesGives(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 2))
		rows, rates := randomRows(r)
		inv := randomInventory(r)
		var want []string
		for _, p := range inv.Packages {
			if p.Owner != nil && slices.ContainsFunc(rows, func(s says) bool { return s.ns == "Debian:12" && s.pkg == sourceOf(inv, p.Owner) }) {
				continue // the distribution knows the source
			}
			ns, name := "npm", p.Name
			if p.OS() {
				ns, name = "Debian:12", p.Source.Name
			}
			v := number(p.Version)
			for id, counts := range plainly(rows, ns, name) {
				if !anyAffects(counts, v) {
					continue
				}
				line := p.PURL + " " + id
				ranged := slices.ContainsFunc(counts, func(s says) bool {
					s.listed = nil
					return len(s.ranges) > 0 && s.affects(v)
				})
				for fix := v + 1; ranged && fix <= versions; fix++ {
					named := slices.ContainsFunc(counts, func(s says) bool {
						return slices.ContainsFunc(s.ranges, func(in vuln.Range) bool { return number(in.Fixed) == fix })
					})
					if named && !anyAffects(counts, fix) {
						line += " -> " + spell(fix)
						break
					}
				}
				want = append(want, line)
			}
		}
		var got []string
		for _, f := range run(t, newWorld(r, rates, rows...), inv).Findings {
			line := f.Package.PURL + " " + f.Vulnerability.ID
			if f.FixedVersion != "" {
				line += " -> " + f.FixedVersion
			}
			got = append(got, line)
		}
		found += len(got)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: rows %+v (-want +got):\n%s", seed, rows, diff)
		}
	}
	if found < 10_000 {
		t.Errorf("only %d findings: the worlds are too poor to tell anything", found)
	}
}

func TestGoingToTheSuggestedVersionDoesWhatTheFixSays(t *testing.T) {
	t.Parallel()
	tried, free := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 3))
		rows, rates := randomRows(r)
		db := newWorld(r, rates, rows...)
		for _, p := range []inventory.Package{of(purl.NPM, "a", spell(1+r.IntN(versions))), deb("x", spell(1+r.IntN(versions)), "a", "")} {
			at := func(version string) *match.Outcome {
				p := p
				p.Version = version
				if p.Source != nil {
					p.Source = &inventory.Source{Name: p.Source.Name, Version: version}
				}
				return run(t, db, debian12(p))
			}
			now := at(p.Version)
			before := map[string]finding.Finding{}
			fixable := 0
			for _, f := range now.Findings {
				before[f.Vulnerability.ID] = f
				if f.FixedVersion == "" {
					continue
				}
				fixable++
				for _, later := range at(f.FixedVersion).Findings {
					if later.Vulnerability.ID == f.Vulnerability.ID {
						t.Fatalf("seed %d: %s is said to be fixed in %s, and is found there", seed, f.Vulnerability.ID, f.FixedVersion)
					}
				}
			}
			if fixable == 0 {
				if len(now.Fixes) != 0 {
					t.Fatalf("seed %d: a fix without anything fixable", seed)
				}
				continue
			}
			tried++
			fix := now.Fixes[0]
			if number(fix.SuggestedVersion) <= number(p.Version) {
				t.Fatalf("seed %d: from %s to %s", seed, p.Version, fix.SuggestedVersion)
			}
			var clears, remains finding.Counts
			after := at(fix.SuggestedVersion)
			left := 0
			for _, f := range after.Findings {
				if was, ok := before[f.Vulnerability.ID]; ok {
					*remains.Of(was.Severity)++
					delete(before, f.Vulnerability.ID)
					if was.FixedVersion != "" {
						left++
					}
					continue
				}
				*remains.Of(f.Severity)++
			}
			for _, f := range before {
				*clears.Of(f.Severity)++
			}
			if left == 0 {
				free++
			}
			if diff := cmp.Diff([]finding.Counts{clears, remains}, []finding.Counts{fix.Clears, fix.Remains}); diff != "" {
				t.Fatalf("seed %d: %s to %s, rows %+v: clears, remains (-want +got):\n%s", seed, p.Version, fix.SuggestedVersion, rows, diff)
			}
		}
	}
	if tried < 1000 || free < tried/2 {
		t.Errorf("%d fixes tried, %d of them end all that is fixable: the worlds are too poor", tried, free)
	}
}
