// Package all holds the plain list of feeds. Only who wires a program imports it.
package all

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/advisory"
	"github.com/sightline-sec/sightline/internal/feed/distro"
	"github.com/sightline-sec/sightline/internal/feed/exploit"
	"github.com/sightline-sec/sightline/internal/feed/nvd"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/feed/oval"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/feed/suse"
	"github.com/sightline-sec/sightline/internal/feed/updateinfo"
)

// OnRequest lists the feeds that are read only when they are named.
func OnRequest() []feed.Feed {
	return []feed.Feed{distro.Wolfi(), distro.Chainguard(), suse.VEX(), osv.GitHub()}
}

// Feeds lists the feeds from which the database is built unless somebody asks for others. Left out are those whose terms do not allow to ship what
// they say (Wolfi, Chainguard), GitHub's own archive (OSV has the same advisories), and SUSE's VEX files, which take longer to read than all else together.
func Feeds() []feed.Feed {
	return slices.Concat(
		[]feed.Feed{
			distro.Alpine(), redhat.New(), suse.New(), updateinfo.Amazon(), updateinfo.Fedora(), oval.Oracle(), oval.Azure(), distro.Photon(),
		},
		osv.Default(),
		[]feed.Feed{
			advisory.RubySec(), advisory.FriendsOfPHP(), advisory.PyPA(), advisory.RustSec(), advisory.Haskell(), advisory.Kubernetes(),
			nvd.New(), exploit.Vulnrichment(),
			exploit.KEV(), exploit.EPSS(), exploit.ExploitDB(), exploit.Metasploit(), exploit.PoCInGitHub(), exploit.InTheWild(),
		},
	)
}
