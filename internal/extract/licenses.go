package extract

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/license"
	"github.com/sightline-sec/sightline/internal/purl"
)

// expressions remembers what declared licences say together: thousands of packages declare the same few.
type expressions map[string]string

// of gives the SPDX expression of what a package declares.
func (x expressions) of(p *inventory.Package) string {
	if len(p.Licenses) == 0 {
		return ""
	}
	join := joining(p.Ecosystem)
	key := string(join) + "\x00" + strings.Join(p.Licenses, "\x00")
	e, ok := x[key]
	if !ok {
		e = license.Expression(p.Licenses, join)
		x[key] = e
	}
	return e
}

// joining says what several licences of one package mean.
func joining(e purl.Ecosystem) license.Join {
	switch e {
	case purl.Packagist, purl.Maven:
		return license.Choice
	}
	if e.OS() {
		return license.All
	}
	return license.Unclear
}
