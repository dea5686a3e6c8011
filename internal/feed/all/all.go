// Package all holds the plain list of feeds. Only who wires a program imports it.
package all

import (
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/distro"
	"github.com/sightline-sec/sightline/internal/feed/exploit"
	"github.com/sightline-sec/sightline/internal/feed/nvd"
	"github.com/sightline-sec/sightline/internal/feed/osv"
)

// Feeds lists the feeds from which the database is built, those whose word weighs most first: a distribution of its own packages, then the
// registries of languages, then NVD, then what is known of exploits.
func Feeds() []feed.Feed {
	return []feed.Feed{
		osv.New("Debian"),
		osv.New("Ubuntu"),
		distro.Alpine(),
		osv.New("Alpine"),
		osv.New("AlmaLinux"),
		osv.New("Rocky Linux"),
		osv.New("npm"),
		osv.New("PyPI"),
		osv.New("Go"),
		osv.New("Maven"),
		osv.New("RubyGems"),
		osv.New("crates.io"),
		osv.New("Packagist"),
		osv.New("NuGet"),
		nvd.New(),
		exploit.KEV(),
		exploit.EPSS(),
		exploit.ExploitDB(),
	}
}
