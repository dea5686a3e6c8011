package vulndb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tell writes a group as one line: its id, its other names, its records ("*" marks a notice), what else finds it.
func tell(g group, records []identity) string {
	var members []string
	for _, m := range g.members {
		s := records[m.advisory].id
		if m.bundle {
			s = "*" + s
		}
		members = append(members, s)
	}
	line := g.id + " = " + strings.Join(g.aliases, " ") + " | " + strings.Join(members, " ")
	if len(g.also) > 0 {
		line += " | " + strings.Join(g.also, " ")
	}
	return line
}

func clean(records []identity) []identity {
	for i := range records {
		r := &records[i]
		r.id, r.aliases, r.covers = cleanID(r.id), cleanIDs(r.aliases), cleanIDs(r.covers)
		if r.feed == "" {
			r.feed = "f"
		}
	}
	return records
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		records []identity
		want    []string
	}{
		"the CVE is the name, and the registry's id its alias": {
			[]identity{{id: "GHSA-aaaa-bbbb-cccc", aliases: []string{"cve-2024-0001"}}, {id: "CVE-2024-0001"}},
			[]string{"CVE-2024-0001 = GHSA-aaaa-bbbb-cccc | CVE-2024-0001 GHSA-aaaa-bbbb-cccc"},
		},
		"a distribution's own spelling of a CVE is that CVE": {
			[]identity{{id: "UBUNTU-CVE-2024-0001", covers: []string{"CVE-2024-0009"}}, {id: "DEBIAN-CVE-2024-0001"}},
			[]string{"CVE-2024-0001 = DEBIAN-CVE-2024-0001 UBUNTU-CVE-2024-0001 | DEBIAN-CVE-2024-0001 UBUNTU-CVE-2024-0001"},
		},
		"a notice is in each vulnerability that it covers, and joins none": {
			[]identity{{id: "DSA-1-1", covers: []string{"CVE-2024-0001", "CVE-2024-0002"}}, {id: "CVE-2024-0001"}},
			[]string{
				"CVE-2024-0001 =  | CVE-2024-0001 *DSA-1-1 | DSA-1-1",
				"CVE-2024-0002 =  | *DSA-1-1 | DSA-1-1",
			},
		},
		"a notice of one vulnerability is still a notice": {
			[]identity{{id: "DSA-1-1", covers: []string{"CVE-2024-0001"}}},
			[]string{"CVE-2024-0001 =  | *DSA-1-1 | DSA-1-1"},
		},
		"two CVEs among the aliases stay apart": {
			[]identity{
				{id: "GO-2024-0001", aliases: []string{"CVE-2024-0001", "CVE-2024-0002", "GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb"}},
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}},
				{id: "GHSA-bbbb-bbbb-bbbb", aliases: []string{"CVE-2024-0002"}},
			},
			[]string{
				"CVE-2024-0001 = GHSA-aaaa-aaaa-aaaa GO-2024-0001 | GHSA-aaaa-aaaa-aaaa *GO-2024-0001",
				"CVE-2024-0002 = GHSA-bbbb-bbbb-bbbb GO-2024-0001 | GHSA-bbbb-bbbb-bbbb *GO-2024-0001",
			},
		},
		"a chain of aliases does not merge two CVEs": {
			[]identity{
				{id: "PYSEC-1-1", aliases: []string{"CVE-2024-0001", "GHSA-aaaa-aaaa-aaaa"}},
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"SNYK-1-1"}},
				{id: "SNYK-1-1", aliases: []string{"CVE-2024-0002"}},
			},
			[]string{
				"CVE-2024-0001 = GHSA-aaaa-aaaa-aaaa PYSEC-1-1 | PYSEC-1-1 *GHSA-aaaa-aaaa-aaaa",
				"CVE-2024-0002 = GHSA-aaaa-aaaa-aaaa SNYK-1-1 | SNYK-1-1 *GHSA-aaaa-aaaa-aaaa",
			},
		},
		"one CVE naming another as its alias keeps to itself": {
			[]identity{{id: "CVE-2024-0001", aliases: []string{"CVE-2024-0002", "A-1"}}, {id: "CVE-2024-0002"}},
			[]string{"CVE-2024-0001 = A-1 | CVE-2024-0001", "CVE-2024-0002 =  | CVE-2024-0002"},
		},
		"a record without a CVE goes where its partner goes, near before far": {
			[]identity{
				{id: "X-1", aliases: []string{"Y-1"}},
				{id: "Y-1", aliases: []string{"Z-1"}},
				{id: "Z-1", aliases: []string{"CVE-2024-0001"}},
			},
			[]string{"CVE-2024-0001 = X-1 Y-1 Z-1 | X-1 Y-1 Z-1"},
		},
		"without a CVE the GHSA is the name": {
			[]identity{{id: "RUSTSEC-2024-0001", aliases: []string{"ghsa-AAAA-aaaa-aaaa"}}, {id: "PYSEC-1-1", aliases: []string{"RUSTSEC-2024-0001"}}},
			[]string{"GHSA-aaaa-aaaa-aaaa = PYSEC-1-1 RUSTSEC-2024-0001 | PYSEC-1-1 RUSTSEC-2024-0001"},
		},
		"without either the feed's own id is the name": {
			[]identity{{id: "RUSTSEC-2024-0001", aliases: []string{"AAA-1"}}},
			[]string{"RUSTSEC-2024-0001 = AAA-1 | RUSTSEC-2024-0001"},
		},
		"a notice may cover a vulnerability without a CVE": {
			[]identity{{id: "ALSA-2024:1", covers: []string{"GHSA-aaaa-aaaa-aaaa"}}, {id: "GO-1-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}}},
			[]string{"GHSA-aaaa-aaaa-aaaa = GO-1-1 | GO-1-1 *ALSA-2024:1 | ALSA-2024:1"},
		},
		"a covered GHSA of a covered CVE adds nothing": {
			[]identity{{id: "CGA-1-1", covers: []string{"CVE-2024-0001", "GHSA-aaaa-aaaa-aaaa"}}, {id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}}},
			[]string{"CVE-2024-0001 = GHSA-aaaa-aaaa-aaaa | GHSA-aaaa-aaaa-aaaa *CGA-1-1 | CGA-1-1"},
		},
		"a notice of nothing known stands alone": {
			[]identity{{id: "DSA-1-1", covers: []string{"TEMP-1-1"}}, {id: "DLA-1-1"}},
			[]string{"DLA-1-1 =  | DLA-1-1", "DSA-1-1 =  | DSA-1-1"},
		},
		"a withdrawn record gives no name and no link": {
			[]identity{
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}, withdrawn: true},
				{id: "PYSEC-1-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}},
			},
			[]string{"GHSA-aaaa-aaaa-aaaa = PYSEC-1-1 | PYSEC-1-1"},
		},
		"what only withdrawn records speak of is there to say so, with the name of its CVE": {
			[]identity{
				{id: "CVE-2024-0001", withdrawn: true},
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}, withdrawn: true},
				{id: "GHSA-bbbb-bbbb-bbbb", aliases: []string{"PYSEC-1-1"}, withdrawn: true},
				{id: "DSA-1-1", covers: []string{"CVE-2024-0002"}, withdrawn: true},
				{id: "EDB-1-1", exploit: true, withdrawn: true},
			},
			[]string{
				"CVE-2024-0001 = GHSA-aaaa-aaaa-aaaa | CVE-2024-0001 GHSA-aaaa-aaaa-aaaa",
				"DSA-1-1 =  | DSA-1-1", "GHSA-bbbb-bbbb-bbbb =  | GHSA-bbbb-bbbb-bbbb | PYSEC-1-1",
			},
		},
		"a withdrawn record of something that others speak of leads there, and is no part of it": {
			[]identity{
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}, withdrawn: true},
				{id: "CVE-2024-0001"},
				{id: "GO-1-1", aliases: []string{"GHSA-bbbb-bbbb-bbbb"}, withdrawn: true},
				{id: "GHSA-bbbb-bbbb-bbbb"},
			},
			[]string{
				"CVE-2024-0001 =  | CVE-2024-0001 | GHSA-aaaa-aaaa-aaaa",
				"GHSA-bbbb-bbbb-bbbb =  | GHSA-bbbb-bbbb-bbbb | GO-1-1",
			},
		},
		"a withdrawn record of a CVE is about that CVE, whatever it names": {
			[]identity{{id: "CVE-2024-0001", aliases: []string{"CVE-2024-0002"}, withdrawn: true}, {id: "CVE-2024-0002"}},
			[]string{"CVE-2024-0001 =  | CVE-2024-0001 | CVE-2024-0002", "CVE-2024-0002 =  | CVE-2024-0002"},
		},
		"malware and a vulnerability stay apart, whoever names the other": {
			[]identity{
				{id: "MAL-2022-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa", "CVE-2022-0001"}, malware: true},
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"MAL-2022-1"}},
				{id: "CVE-2022-0001"},
			},
			[]string{
				"CVE-2022-0001 =  | CVE-2022-0001", "GHSA-aaaa-aaaa-aaaa =  | GHSA-aaaa-aaaa-aaaa", "MAL-2022-1 =  | MAL-2022-1",
			},
		},
		"malware is joined with malware, under its own id": {
			[]identity{
				{id: "MAL-2022-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}},
				{id: "GHSA-aaaa-aaaa-aaaa", malware: true},
				{id: "PYSEC-1-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}},
			},
			[]string{"MAL-2022-1 = GHSA-aaaa-aaaa-aaaa | GHSA-aaaa-aaaa-aaaa MAL-2022-1", "PYSEC-1-1 =  | PYSEC-1-1"},
		},
		"malware does not link two vulnerabilities, nor two notices": {
			[]identity{
				{id: "MAL-2022-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb"}, covers: []string{"PYSEC-1-1"}},
				{id: "GHSA-aaaa-aaaa-aaaa"},
				{id: "GHSA-bbbb-bbbb-bbbb"},
				{id: "ALSA-2024:1", covers: []string{"MAL-2022-1"}},
				{id: "PYSEC-1-1"},
			},
			[]string{
				"ALSA-2024:1 =  | ALSA-2024:1", "GHSA-aaaa-aaaa-aaaa =  | GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb =  | GHSA-bbbb-bbbb-bbbb",
				"MAL-2022-1 =  | MAL-2022-1", "PYSEC-1-1 =  | PYSEC-1-1",
			},
		},
		"a CVE is no malware, even where a feed says so": {
			[]identity{{id: "CVE-2024-0001", malware: true}, {id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}}},
			[]string{"CVE-2024-0001 = GHSA-aaaa-aaaa-aaaa | CVE-2024-0001 GHSA-aaaa-aaaa-aaaa"},
		},
		"the ids of notices are no names, even where a feed calls what they mend their aliases": {
			[]identity{
				{id: "RHSA-2023:1234", aliases: []string{"CVE-2024-0001"}},
				{id: "ALAS2023-2023-123", aliases: []string{"CVE-2024-0001"}},
				{id: "SUSE-SU-2023:1234-1", covers: []string{"CVE-2024-0001"}},
				{id: "ELSA-2023-1234", aliases: []string{"CVE-2024-0001"}},
				{id: "FEDORA-2023-abcdef", aliases: []string{"CVE-2024-0001", "CVE-2024-0002"}},
				{id: "openSUSE-SU-2023:1-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}},
				{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0002", "RHSA-2023:1234"}},
				{id: "ELSA-2023-9999"},
			},
			[]string{
				"CVE-2024-0001 =  | *ALAS2023-2023-123 *ELSA-2023-1234 *FEDORA-2023-abcdef *RHSA-2023:1234 *SUSE-SU-2023:1234-1" +
					" | ALAS2023-2023-123 ELSA-2023-1234 FEDORA-2023-abcdef RHSA-2023:1234 SUSE-SU-2023:1234-1",
				"CVE-2024-0002 = GHSA-aaaa-aaaa-aaaa | GHSA-aaaa-aaaa-aaaa *FEDORA-2023-abcdef *openSUSE-SU-2023:1-1 | FEDORA-2023-abcdef openSUSE-SU-2023:1-1",
				"ELSA-2023-9999 =  | ELSA-2023-9999",
			},
		},
		"Debian's temporary id is a name only where there is no CVE": {
			[]identity{{id: "TEMP-0290435-0B57B5"}, {id: "TEMP-0000001-000001", aliases: []string{"CVE-2024-0001"}}},
			[]string{"CVE-2024-0001 = TEMP-0000001-000001 | TEMP-0000001-000001", "TEMP-0290435-0B57B5 =  | TEMP-0290435-0B57B5"},
		},
		"a CVE that NVD rejected stays while a distribution asserts it": {
			[]identity{{id: "CVE-2024-0001", feed: "nvd", withdrawn: true}, {id: "CVE-2024-0001", feed: "osv/Debian"}},
			[]string{"CVE-2024-0001 =  | CVE-2024-0001"},
		},
		"an exploit's id finds what it exploits, and is no alias": {
			[]identity{{id: "EDB-1-1", aliases: []string{"CVE-2024-0001"}, exploit: true}, {id: "EDB-2-1", exploit: true}},
			[]string{"CVE-2024-0001 =  | EDB-1-1 | EDB-1-1"},
		},
		"CVEs come by year and number": {
			[]identity{{id: "CVE-2024-10000"}, {id: "CVE-2024-9999"}, {id: "CVE-1999-0001"}, {id: "A-1"}},
			[]string{
				"CVE-1999-0001 =  | CVE-1999-0001", "CVE-2024-9999 =  | CVE-2024-9999",
				"CVE-2024-10000 =  | CVE-2024-10000", "A-1 =  | A-1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := clean(tc.records)
			var got []string
			for _, g := range joinAll(records) {
				got = append(got, tell(g, records))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJoinSaysWhy(t *testing.T) {
	t.Parallel()
	records := clean([]identity{
		{id: "CVE-2024-0001"},
		{id: "DSA-1-1", covers: []string{"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"}},
		{id: "GHSA-aaaa-aaaa-aaaa", aliases: []string{"CVE-2024-0001"}},
		{id: "GO-1-1", aliases: []string{"CVE-2024-0001", "CVE-2024-0002"}},
		{id: "PYSEC-1-1", aliases: []string{"GHSA-aaaa-aaaa-aaaa"}},
		{id: "UBUNTU-CVE-2024-0001"},
		{id: "CVE-2024-0001", feed: "nvd", withdrawn: true},
	})
	var got []string
	for _, j := range joinAll(records)[0].joins {
		got = append(got, j.id+" "+j.why.String())
	}
	want := []string{
		"CVE-2024-0001 is withdrawn and contributes nothing",
		"DSA-1-1 covers CVE-2024-0001 and 2 others",
		"GHSA-aaaa-aaaa-aaaa names CVE-2024-0001 as its alias",
		"GO-1-1 names CVE-2024-0001 and 1 other",
		"PYSEC-1-1 shares the name GHSA-aaaa-aaaa-aaaa with a record of it",
		"UBUNTU-CVE-2024-0001 its id names CVE-2024-0001",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// randomRecords makes records whose few names meet often.
func randomRecords(r *rand.Rand, n int) []identity {
	name := func() string {
		switch k := r.IntN(10); {
		case k < 4:
			return fmt.Sprintf("CVE-2024-%04d", r.IntN(n))
		case k < 7:
			return fmt.Sprintf("GHSA-%04d-aaaa-aaaa", r.IntN(n))
		case k < 8 && n%3 == 0:
			return fmt.Sprintf("MAL-2024-%d", r.IntN(n))
		case k < 8:
			return fmt.Sprintf("UBUNTU-CVE-2024-%04d", r.IntN(n))
		}
		return fmt.Sprintf("OWN-%d", r.IntN(n))
	}
	names := func(most int) (list []string) {
		for range r.IntN(most) {
			list = append(list, name())
		}
		return list
	}
	records := make([]identity, n)
	for i := range records {
		records[i] = identity{
			feed: []string{"a", "b", "c"}[r.IntN(3)], id: name(), aliases: names(4),
			withdrawn: r.IntN(10) == 0, malware: r.IntN(10) == 0,
		}
		if r.IntN(4) == 0 {
			records[i].covers = names(5)
		}
	}
	return clean(records)
}

func TestJoinHoldsForAnyRecords(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		records := randomRecords(r, 2+r.IntN(40))
		groups := joinAll(records)
		placed, names := map[int]int{}, map[string]bool{} // names: of malware?
		recorded := func(name string) bool {
			return slices.ContainsFunc(records, func(r identity) bool { return !r.withdrawn && foldID(r.id) == foldID(name) })
		}
		for _, g := range groups {
			for _, m := range g.members {
				placed[m.advisory]++
				if cve, ok := ownCVE(records[m.advisory].id); ok && cve != g.id {
					t.Fatalf("seed %d: the record of %s is in the group of %s", seed, cve, g.id)
				}
				if records[m.advisory].withdrawn != g.dead {
					t.Fatalf("seed %d: withdrawn records and others are together in the group of %s", seed, g.id)
				}
				if records[m.advisory].malware != g.malware {
					t.Fatalf("seed %d: malware and vulnerabilities are together in the group of %s", seed, g.id)
				}
			}
			for _, a := range append(slices.Clone(g.aliases), g.id) {
				if !recorded(a) || g.dead {
					continue // two may give it as an alias
				}
				if other, ok := names[foldID(a)]; ok && g.malware != other {
					t.Fatalf("seed %d: %s is a name of malware and of a vulnerability", seed, a)
				}
				names[foldID(a)] = g.malware
			}
			for _, a := range g.aliases {
				if isCVE(a) {
					t.Fatalf("seed %d: %s has the alias %s", seed, g.id, a)
				}
			}
		}
		for i, rec := range records {
			if placed[i] == 0 && !rec.withdrawn || placed[i] > 1 && rec.withdrawn {
				t.Fatalf("seed %d: record %d (%s) is in %d groups, withdrawn: %v", seed, i, rec.id, placed[i], rec.withdrawn)
			}
			if !slices.ContainsFunc(groups, func(g group) bool {
				_, own := ownCVE(rec.id)
				return g.id == rec.id || own && strings.HasSuffix(rec.id, g.id) || slices.Contains(g.aliases, rec.id) || slices.Contains(g.also, rec.id)
			}) {
				t.Fatalf("seed %d: record %d (%s) is not found by its id", seed, i, rec.id)
			}
			// Whatever a record names as a CVE is there, and the record is in it, unless it is about another.
			if _, own := ownCVE(rec.id); !own && !rec.withdrawn && !rec.malware {
				for _, n := range slices.Concat(rec.aliases, rec.covers) {
					cve, ok := ownCVE(n)
					if ok && !slices.ContainsFunc(groups, func(g group) bool {
						return g.id == cve && slices.ContainsFunc(g.members, func(m member) bool { return m.advisory == i })
					}) {
						t.Fatalf("seed %d: %s names %s and is not in it", seed, rec.id, cve)
					}
				}
			}
		}
		lines := func(records []identity) (out []string) {
			for _, g := range joinAll(records) {
				for _, j := range g.joins {
					g.also = append(g.also, j.feed+j.id+j.why.String())
				}
				out = append(out, tell(g, records))
			}
			return out
		}
		want := lines(records)
		mixed := slices.Clone(records)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if diff := cmp.Diff(want, lines(mixed)); diff != "" {
			t.Fatalf("seed %d: another order gives another result: %s", seed, diff)
		}
	}
}

// A feed may be hostile: names that all meet in one place must not cost their product.
func TestJoinOfHostileNamesIsQuick(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var records []identity
	var covers []string
	for i := range 5000 {
		covers = append(covers, fmt.Sprintf("CVE-2024-%d", 10000+i))
	}
	records = append(records, identity{id: "BIG-1", covers: covers, aliases: []string{"HUB-1"}})
	for i := range n {
		records = append(records,
			identity{id: fmt.Sprintf("LEAF-%d", i), aliases: []string{"HUB-1", "BIG-1"}},
			identity{id: fmt.Sprintf("CHAIN-%d", i), aliases: []string{fmt.Sprintf("CHAIN-%d", i+1)}})
	}
	records = append(records, identity{id: fmt.Sprintf("CHAIN-%d", n), aliases: []string{"CVE-1999-0001"}})
	start := time.Now()
	groups := joinAll(clean(records))
	if took := time.Since(start); took > time.Minute { // it takes a second
		t.Errorf("joining took %s", took)
	}
	if groups[0].id != "CVE-1999-0001" || len(groups[0].members) != n+1 {
		t.Errorf("the chain is broken: %s has %d members", groups[0].id, len(groups[0].members))
	}
}

func BenchmarkJoin(b *testing.B) {
	records := randomRecords(rand.New(rand.NewPCG(1, 1)), 50_000)
	b.ReportAllocs()
	for b.Loop() {
		joinAll(records)
	}
}
