package inventory

import (
	"cmp"
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLifecyclesAreSound reads every line of the table.
func TestLifecyclesAreSound(t *testing.T) {
	t.Parallel()
	var before string
	seen := map[string]bool{}
	sourced := false
	for line := range strings.Lines(lifecycles) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			sourced = false
			continue
		}
		if strings.HasPrefix(line, "#") {
			sourced = sourced || strings.Contains(line, "https://")
			continue
		}
		e, name := parseLifecycle(line)
		if e == nil || !sourced || seen[name] {
			t.Errorf("%q: damaged, told twice, or without a source", line)
			continue
		}
		seen[name] = true
		if !e.Extended.IsZero() && (!e.Extended.After(e.Standard) || e.Program == "") {
			t.Errorf("%q: extended support ends before standard support, or has no name", line)
		}
		if y := e.Standard.Year(); y < 2004 || y > 2040 {
			t.Errorf("%q: in the year %d", line, y)
		}
		family, release, _ := strings.Cut(name, ":")
		if was, r, _ := strings.Cut(before, ":"); was == family && compareReleases(r, release) >= 0 && r != "42.3" { // Leap 15.0 came after 42.3
			t.Errorf("%s stands before %s", before, name)
		}
		before = name
	}
	if len(seen) < 150 {
		t.Errorf("%d releases", len(seen))
	}
}

// compareReleases orders 9, 10, v3.9, v3.10 and 15.1 by their numbers.
func compareReleases(a, b string) int {
	numbers := func(s string) (n []int) {
		for part := range strings.SplitSeq(strings.TrimPrefix(s, "v"), ".") {
			i, _ := strconv.Atoi(part)
			n = append(n, i)
		}
		return n
	}
	return slices.Compare(numbers(a), numbers(b))
}

// TestEveryReleaseHasAnEndOrAReason goes through the releases that there are.
func TestEveryReleaseHasAnEndOrAReason(t *testing.T) {
	t.Parallel()
	without := map[string]string{
		"Alpine:edge": "rolls", "Wolfi": "rolls", "Chainguard": "rolls", "openSUSE:Tumbleweed": "rolls",
		"Debian:14": "not released", "Debian:15": "not released", "Amazon Linux:2022": "never released",
		"Alpine:v3.24": "not known to the day", "Fedora:44": "in its os-release", "Fedora:45": "in its os-release",
		"Photon OS:5.0":   "not known to the day",
		"Azure Linux:1.0": "not known to the day", "Azure Linux:3.0": "not known to the day",
		"Red Hat:10 centos": "not known to the day",
		"Oracle Linux:10":   "no source seen", "SUSE:16.0": "no source seen",
	}
	releases := map[string][]string{
		"debian": {"3.0", "3.1", "4.0", "5.0", "6.0", "7", "8", "9", "10", "11", "12", "13", "14", "15"},
		"ubuntu": {
			"12.04", "12.10", "13.04", "13.10", "14.04", "14.10", "15.04", "15.10", "16.04", "16.10", "17.04", "17.10", "18.04", "18.10",
			"19.04", "19.10", "20.04", "20.10", "21.04", "21.10", "22.04", "22.10", "23.04", "23.10", "24.04", "24.10", "25.04", "25.10", "26.04",
		},
		"alpine": {
			"2.1.6", "2.7.9", "3.0.6", "3.1.4", "3.2.3", "3.3.3", "3.4.6", "3.5.3", "3.6.5", "3.7.3", "3.8.5", "3.9.6", "3.10.9", "3.11.13", "3.12.12",
			"3.13.12", "3.14.10", "3.15.11", "3.16.9", "3.17.10", "3.18.12", "3.19.9", "3.20.9", "3.21.6", "3.22.3", "3.23.3", "3.24.0", "edge",
		},
		"wolfi": {"20230201"}, "chainguard": {"20230214"},
		"rhel": {"4.9", "5.11", "6.10", "7.9", "8.10", "9.7", "10.1"}, "centos": {"5.11", "6.10", "7", "8", "9", "10"}, "scientific": {"6.10", "7.9"},
		"almalinux": {"8.10", "9.7", "10.1"}, "rocky": {"8.10", "9.7", "10.1"}, "ol": {"5.11", "6.10", "7.9", "8.10", "9.7", "10.1"},
		"amzn": {"2012.03", "2018.03", "2", "2022", "2023"},
		"sles": {
			"10.4", "11", "11.1", "11.2", "11.3", "11.4", "12", "12.1", "12.2", "12.3", "12.4", "12.5",
			"15", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "15.7", "16.0",
		},
		"sles_sap": {"12.5"}, "sled": {"15.4"}, "sle-micro": {"5.0", "5.1", "5.2", "5.3", "5.4", "5.5"},
		"opensuse-leap": {"15.0", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "16.0"}, "opensuse": {"13.1", "13.2", "42.1", "42.2", "42.3"},
		"opensuse-tumbleweed": {"20260101"},
		"fedora":              {"20", "25", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45"},
		"photon":              {"1.0", "2.0", "3.0", "4.0", "5.0"}, "mariner": {"1.0", "2.0"}, "azurelinux": {"3.0"},
	}
	for id, versions := range releases {
		for _, v := range versions {
			d := DistroOf(map[string]string{"ID": id, "VERSION_ID": v})
			if d.Namespace == "" {
				t.Errorf("%s %s has no namespace", id, v)
				continue
			}
			why := cmp.Or(without[d.Namespace+" "+id], without[d.Namespace])
			if (d.EndOfLife == nil) != (why != "") {
				t.Errorf("%s %s (%s): %+v, and the reason to have none is %q", id, v, d.Namespace, d.EndOfLife, why)
			}
		}
	}
}

// TestLifecyclesAgreeWithDistroInfo compares with what Debian's package distro-info-data knows. Debian moves a release's last day by some
// weeks, to the last point release.
func TestLifecyclesAgreeWithDistroInfo(t *testing.T) {
	t.Parallel()
	compared := 0
	for family, extended := range map[string]string{"Debian": "eol-lts", "Ubuntu": "eol-esm"} {
		f, err := os.Open("/usr/share/distro-info/" + strings.ToLower(family) + ".csv")
		if err != nil {
			t.Skip("distro-info-data is not installed")
		}
		defer f.Close()
		r := csv.NewReader(f)
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := func(row []string, name string) time.Time {
			i := slices.Index(rows[0], name)
			if i < 0 || i >= len(row) {
				return time.Time{}
			}
			at, _ := time.Parse(time.DateOnly, row[i])
			return at
		}
		for _, row := range rows[1:] {
			version, _, _ := strings.Cut(row[0], " ")
			of := lifecycle(family + ":" + version)
			if of == nil {
				continue
			}
			compared++
			near := func(what string, got, want time.Time) {
				if d := got.Sub(want); !want.IsZero() && (d > 62*24*time.Hour || d < -62*24*time.Hour) {
					t.Errorf("%s %s: %s support ends %s, distro-info says %s", family, version, what, got.Format(time.DateOnly), want.Format(time.DateOnly))
				}
			}
			near("standard", of.Standard, column(row, "eol"))
			if want := column(row, extended); !want.IsZero() {
				near("extended", of.Extended, want)
			}
		}
	}
	if compared < 30 {
		t.Errorf("%d releases compared", compared)
	}
}
