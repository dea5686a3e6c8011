// Package version orders versions as the package manager of each ecosystem does: dpkg, rpm, apk, npm, pip, Maven and so
// on. It promises a total order for every version that [Parse] takes, and [ErrUnordered] for the others; the time and
// memory that a hostile version can cost are bounded. Whether a version is inside a range is left to others.
package version

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/google/osv-scalibr/semantic"

	"github.com/sightline-sec/sightline/internal/purl"
)

// ErrUnordered says that a version has no place in the order of its ecosystem: it is not a version there ("(devel)",
// "git+https://..."), or the ecosystem has no order.
var ErrUnordered = errors.New("no order")

// maxLength bounds the versions that are looked at. The longest one in the feeds has 73 bytes.
const maxLength = 512

// Version is a parsed version. The zero value is before every other version. Compare versions with [Version.Compare],
// not with ==.
type Version struct {
	order order
	raw   string
	// What the parts mean is up to the order: for dpkg and rpm they are epoch, upstream version and revision or
	// release; for the relatives of SemVer, main is the numbers and tail the pre-release.
	epoch, main, tail string
	foreign           semantic.Version // for orders that semantic implements
}

// Parse reads a version of an ecosystem. Space around it does not count. An error wraps [ErrUnordered].
func Parse(e purl.Ecosystem, s string) (Version, error) {
	s = strings.TrimSpace(s)
	v := Version{order: orderOf(e), raw: s}
	var why string
	switch {
	case v.order == noOrder:
		why = "the ecosystem has no order of versions"
	case s == "":
		why = "it is empty"
	case len(s) > maxLength:
		why = "it is too long"
		s = s[:32] + "..."
	default:
		why = v.parse()
	}
	if why != "" {
		return Version{}, fmt.Errorf("%w for %s version %q: %s", ErrUnordered, e, s, why)
	}
	return v, nil
}

// parse fills in the parts, or says why it cannot.
func (v *Version) parse() (why string) {
	switch v.order {
	case debOrder:
		return v.parseDeb()
	case rpmOrder:
		return v.parseRPM()
	case apkOrder:
		return v.parseAPK()
	case semverOrder, nugetOrder:
		return v.parseSemver(v.raw)
	case goOrder:
		return v.parseGo()
	}
	return v.parseForeign()
}

// Compare says whether v is before (-1), the same as (0) or after (+1) o. Both are of ecosystems that share an order;
// of two orders, one is as a whole before the other.
func (v Version) Compare(o Version) int {
	if v.order != o.order {
		return cmp.Compare(v.order, o.order)
	}
	switch v.order {
	case noOrder:
		return 0
	case debOrder:
		return compareDeb(&v, &o)
	case rpmOrder:
		return compareRPM(&v, &o)
	case apkOrder:
		return compareAPK(v.raw, o.raw)
	case semverOrder, goOrder:
		return compareSemver(&v, &o, strings.Compare)
	case nugetOrder:
		return compareSemver(&v, &o, compareFold)
	}
	c, err := v.foreign.Compare(o.foreign)
	if err != nil { // not for two versions of one order
		return strings.Compare(v.raw, o.raw)
	}
	return c
}

// String is the version as it was written.
func (v Version) String() string { return v.raw }

// Compare parses and compares two versions. An error wraps [ErrUnordered].
func Compare(e purl.Ecosystem, a, b string) (int, error) {
	v, err := Parse(e, a)
	if err != nil {
		return 0, err
	}
	o, err := Parse(e, b)
	if err != nil {
		return 0, err
	}
	return v.Compare(o), nil
}
