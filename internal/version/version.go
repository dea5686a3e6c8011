// Package version orders versions as the package manager of each ecosystem does: dpkg, rpm, apk, npm, pip, Maven and so
// on. It promises the order of that tool, which is total but for oddities of Maven's, for every version that [Parse] takes,
// and [ErrUnordered] for the others; the time and memory that a hostile version can cost are bounded. Whether a version is
// inside a range is left to others.
package version

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// ErrUnordered says that a version has no place in the order of its ecosystem: it is not a version there ("(devel)",
// "git+https://..."), or the ecosystem has no order.
var ErrUnordered = errors.New("no order")

// maxLength bounds the versions that are looked at. The longest one in the feeds has 73 bytes.
const maxLength = 512

// Version is a parsed version. The zero value is before every other version.
type Version struct {
	order order
	raw   string
	// What the parts mean is up to the order: for dpkg and rpm they are epoch, upstream version and revision or
	// release; for the relatives of SemVer, main is the numbers and tail the pre-release.
	epoch, main, tail string
	items             []item // what follows or is between them, where an order has more
}

// Parse reads a version of an ecosystem. Space around it does not count. An error wraps [ErrUnordered].
func Parse(e purl.Ecosystem, s string) (Version, error) {
	s = strings.TrimSpace(s)
	v := Version{order: orderOf(e), raw: s}
	var why string
	switch {
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
	case pubOrder:
		return v.parsePub()
	case upstreamOrder:
		return v.parseUpstream()
	case pypiOrder:
		return v.parsePyPI()
	case mavenOrder:
		return v.parseMaven()
	case gemOrder:
		return v.parseGem()
	case composerOrder:
		return v.parseComposer()
	case cranOrder:
		return v.parseNumbers(".-")
	case hackageOrder:
		return v.parseNumbers(".")
	}
	return "the ecosystem has no order of versions"
}

// Compare says whether v is before (-1), the same as (0) or after (+1) o. Both are of ecosystems that share an order;
// of two orders, one is as a whole before the other.
func (v Version) Compare(o Version) int {
	if v.order != o.order {
		return cmp.Compare(v.order, o.order)
	}
	switch v.order {
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
	case pubOrder:
		return comparePub(&v, &o)
	case upstreamOrder:
		return compareUpstream(&v, &o)
	case pypiOrder:
		return comparePyPI(&v, &o)
	case mavenOrder:
		return compareMaven(v.items, o.items)
	case gemOrder:
		return compareGem(&v, &o)
	case composerOrder:
		return compareComposer(v.items, o.items)
	case cranOrder, hackageOrder:
		return compareNumberLists(v.raw, o.raw)
	}
	return 0
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
