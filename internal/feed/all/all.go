// Package all holds the plain list of feeds. Only who wires a program imports it.
package all

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/distro"
	"github.com/sightline-sec/sightline/internal/feed/exploit"
	"github.com/sightline-sec/sightline/internal/feed/nvd"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/feed/suse"
	"github.com/sightline-sec/sightline/internal/feed/updateinfo"
)

// Feeds lists the feeds from which the database is built unless somebody asks for others.
func Feeds() []feed.Feed {
	return slices.Concat(
		[]feed.Feed{distro.Alpine(), redhat.New(), suse.New(), updateinfo.Amazon()},
		osv.Default(),
		[]feed.Feed{nvd.New(), exploit.KEV(), exploit.EPSS(), exploit.ExploitDB()},
	)
}
