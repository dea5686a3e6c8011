// Package accuracy measures whether findings are true. It holds labelled pairs of a package in a version and a vulnerability, each with what is
// true and why, and counts what the matcher says of them, by ecosystem. The labels were made from the publishers' own records by reading them without
// this project's code and by comparing versions with each ecosystem's own tool (dpkg, rpm, node-semver, packaging, RubyGems, Composer, Maven);
// they hold for the day of the records. It promises nothing but numbers: what they must be is said by its test.
package accuracy

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Pair is one labelled case.
type Pair struct {
	Namespace     string // Debian:12, npm
	Package       string // of distributions the name that the publisher's record has: source or binary package
	Version       string
	Vulnerability string
	Affected      bool
	Why           string
}

// Read reads pairs: a line each, fields separated by tabs, in the order of [Pair]; lines that begin with # are comments. Errors name the line.
func Read(r io.Reader) (pairs []Pair, err error) {
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 6 || f[4] != "yes" && f[4] != "no" || f[0] == "" || f[1] == "" || f[2] == "" || f[3] == "" || f[5] == "" {
			return nil, fmt.Errorf("line %d is not a pair: %q", n, line)
		}
		pairs = append(pairs, Pair{f[0], f[1], f[2], f[3], f[4] == "yes", f[5]})
	}
	return pairs, s.Err()
}

// Inventory is what a scan would have found: the package alone, in its release.
func (p *Pair) Inventory() *inventory.Inventory {
	e, release := purl.Split(p.Namespace)
	pkg := inventory.Package{Name: p.Package, Version: p.Version, Ecosystem: e}
	inv := &inventory.Inventory{}
	if e.OS() {
		inv.Distro = &inventory.Distro{ID: strings.ToLower(string(e)), VersionID: release, Namespace: p.Namespace}
		pkg.SetFiles("") // it ships code
	}
	pkg.PURL = purl.Make(e, "", pkg.Name, pkg.Version, nil, "")
	inv.Packages = []inventory.Package{pkg}
	return inv
}

// Score counts answers.
type Score struct {
	TruePositives, FalsePositives, FalseNegatives, TrueNegatives int
}

// Add counts one answer.
func (s *Score) Add(affected, found bool) {
	switch {
	case affected && found:
		s.TruePositives++
	case affected:
		s.FalseNegatives++
	case found:
		s.FalsePositives++
	default:
		s.TrueNegatives++
	}
}

// Precision is the share, 0-1, of what was found that is true; 1 where nothing was found.
func (s Score) Precision() float64 { return share(s.TruePositives, s.FalsePositives) }

// Recall is the share, 0-1, of what is true that was found; 1 where nothing is.
func (s Score) Recall() float64 { return share(s.TruePositives, s.FalseNegatives) }

func share(good, bad int) float64 {
	if good+bad == 0 {
		return 1
	}
	return float64(good) / float64(good+bad)
}
