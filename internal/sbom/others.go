package sbom

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/inventory"
)

// others counts packages whose purl names another release than the document's distribution, by whose advisories they are judged: a scan speaks of
// one root file system.
type others struct {
	of    *inventory.Distro
	known map[string]bool // by the qualifier: whether it is another release
	count int
	first string
}

func (o *others) add(qualifier string) {
	other, known := o.known[qualifier]
	if !known {
		d := distroOfQualifier(qualifier)
		other = o.of != nil && d != nil && o.of.Namespace != "" && d.Ecosystem() == o.of.Ecosystem() && d.Namespace != o.of.Namespace
		if len(o.known) < 10_000 {
			o.known[qualifier] = other
		}
	}
	if !other {
		return
	}
	if o.count++; o.first == "" {
		o.first = qualifier
	}
}

func (o *others) detail() string {
	return fmt.Sprintf("packages of another release than %s, as which all are judged: %d, the first of %q; scan the packages of each release by themselves",
		o.of.Namespace, o.count, cut(o.first, 100))
}
