package redhat_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

var (
	heldCPE = regexp.MustCompile(`^cpe:/[ao]:redhat:(?:rhel_eus|enterprise_linux_eus|rhel_aus|rhel_tus|rhel_e4s):([0-9]+)\.([0-9]+)`)
	rhelCPE = regexp.MustCompile(`^cpe:/[ao]:redhat:(?:enterprise_linux|rhel_[a-z0-9_]+):([0-9]+)`)
)

type release struct {
	CPE     string `json:"cpe"`
	Package string `json:"package"`
}

// without drops the fixes of update streams from a record.
func without(t *testing.T, text []byte) ([]byte, []release) {
	t.Helper()
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	var all []json.RawMessage
	if whole["affected_release"] == nil || json.Unmarshal(whole["affected_release"], &all) != nil {
		return text, nil
	}
	kept, list := []json.RawMessage{}, make([]release, len(all))
	for i, raw := range all {
		if err := json.Unmarshal(raw, &list[i]); err != nil {
			t.Fatal(err)
		}
		if !heldCPE.MatchString(list[i].CPE) {
			kept = append(kept, raw)
		}
	}
	var err error
	if whole["affected_release"], err = json.Marshal(kept); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return out, list
}

func order(t *testing.T, a, b string) int {
	t.Helper()
	c, err := version.Compare(purl.RedHat, a, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func holds(t *testing.T, ranges []vuln.Range, v string) bool {
	t.Helper()
	for _, r := range ranges {
		end := r.Fixed + r.Limit // only one is set
		if (r.Introduced == "0" || order(t, r.Introduced, v) <= 0) && (end == "" || order(t, v, end) < 0) {
			return true
		}
	}
	return false
}

func lastFix(ranges []vuln.Range) string {
	if len(ranges) == 0 {
		return ""
	}
	return ranges[len(ranges)-1].Fixed
}

// TestRealGaps compares what each real record says with and without the fixes of update streams, about every version that any record names of the
// package: what is mended is a build of a minor release whose stream mends it there, not before its fix, and all else is judged the same.
func TestRealGaps(t *testing.T) {
	t.Parallel()
	f, err := feedtest.Real(t).Open(cvePath)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := tarball.Unpack(f)
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	type place struct{ namespace, pkg string }
	type pair struct {
		id           string
		main, gapped vuln.Affected
		fixes        map[string]string // "el8_6" -> its stream's last fix
	}
	known := map[place]map[string]string{} // version -> release
	var pairs []pair
	records, gapped := 0, 0
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") || h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := redhat.Decode(false, text)
		if err != nil {
			continue
		}
		records++
		stripped, releases := without(t, text)
		main, err := redhat.Decode(false, stripped)
		if err != nil {
			t.Fatal(h.Name, err)
		}
		for _, a := range []*vuln.Advisory{got[0], main[0]} { // builds of modules have no versions of packages; and update streams may name what they mend
			a.Affected = slices.DeleteFunc(a.Affected, func(af vuln.Affected) bool { return strings.Contains(af.Package, "/") })
		}
		if len(main[0].Affected) != len(got[0].Affected) || len(main[0].References) != len(got[0].References) {
			t.Fatalf("%s: the fixes of update streams add rows or links", h.Name)
		}
		fixes := map[place]map[string]string{}
		for _, rel := range releases {
			n, ok := nevra.Parse(rel.Package)
			m := rhelCPE.FindStringSubmatch(rel.CPE)
			if !ok || m == nil {
				continue
			}
			at := place{"Red Hat:" + m[1], n.Name}
			if known[at] == nil {
				known[at] = map[string]string{}
			}
			known[at][n.EVR()] = n.Release
			if m = heldCPE.FindStringSubmatch(rel.CPE); m != nil {
				tag := "el" + m[1] + "_" + m[2]
				if fixes[at] == nil {
					fixes[at] = map[string]string{}
				}
				if lead, _, _ := strings.Cut(n.Release, "."); n.Name == "kernel" && !strings.Contains(n.Release, "_") { // one minor release has it
					tag = n.Version + "-" + lead
				} else if !strings.Contains(n.Release, tag) {
					continue
				}
				if have := fixes[at][tag]; have == "" || order(t, have, n.EVR()) < 0 {
					fixes[at][tag] = n.EVR()
				}
			}
		}
		for i, af := range got[0].Affected {
			before := main[0].Affected[i]
			if len(af.Ranges) != len(before.Ranges) {
				gapped++
			}
			if af.Module == "" && fixes[place{af.Namespace, af.Package}] != nil {
				pairs = append(pairs, pair{got[0].ID, before, af, fixes[place{af.Namespace, af.Package}]})
			}
			if lastFix(before.Ranges) != lastFix(af.Ranges) || af.Status != before.Status || af.Severity != before.Severity || !af.FixedAt.Equal(before.FixedAt) {
				t.Errorf("%s %s %s: the verdict is not the main stream's: %+v", got[0].ID, af.Namespace, af.Package, af)
			}
		}
	}
	judged, mended, kernels, streams, before, after := 0, 0, 0, 0, 0, 0
	for _, p := range pairs {
		for v, rel := range known[place{p.main.Namespace, p.main.Package}] {
			judged++
			was, is := holds(t, p.main.Ranges, v), holds(t, p.gapped.Ranges, v)
			if was == is {
				continue
			}
			mended++
			if p.main.Package == "kernel" && !strings.Contains(rel, "_") {
				kernels++
			}
			_, tag, _ := strings.Cut(rel, ".el")
			tag, _, _ = strings.Cut("el"+tag, ".")
			if lead, _, _ := strings.Cut(v, "."+tag); p.main.Package == "kernel" && !strings.Contains(tag, "_") { // 3.10.0-957.92.1
				number, count, _ := strings.Cut(lead, "-")
				count, _, _ = strings.Cut(count, ".")
				tag = number + "-" + count
			}
			if fix := p.fixes[tag]; !was || fix == "" || order(t, v, fix) < 0 {
				t.Errorf("%s %s %s %s: affected %v, with update streams %v; they mend %v", p.id, p.main.Namespace, p.main.Package, v, was, is, p.fixes)
			}
		}
		for _, fix := range p.fixes {
			streams++
			if holds(t, p.main.Ranges, fix) {
				before++
			}
			if holds(t, p.gapped.Ranges, fix) {
				after++
			}
		}
	}
	t.Logf("%d records, %d rows with gaps; %d versions judged, %d mended, %d of them old kernels; of %d fixes of update streams %d were affected, %d are", records, gapped, judged, mended, kernels, streams, before, after)
	if records != 30148 || gapped < 4000 || before < 6000 || after > 50 {
		t.Error("too few gaps")
	}
}
