// Package distro reads what distributions publish in formats of their own: the secdb of Alpine, Wolfi and Chainguard, and Photon OS's lists of CVEs. It promises one
// advisory for each vulnerability, with all the packages and releases of which the distribution says something.
package distro

import (
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// firstRelease and lastRelease are the minors of the 3.x releases to ask for. Upstream need not have the last ones yet.
const (
	firstRelease = 2
	lastRelease  = 26
)

// Alpine gives the feed of https://secdb.alpinelinux.org: for each release and repository, the versions of packages in which
// vulnerabilities were fixed. It has what the OSV export of the same data lacks: the packages that are not affected, the
// edge branch, and ids that are not CVEs.
//
// One advisory speaks of one id in all releases, so that it joins by its id like a record of any other feed; the files together are small enough to be held.
func Alpine() feed.Feed { return alpine{} }

type alpine struct{}

func (alpine) Name() string { return "alpine-secdb" }

func (alpine) About() feed.About {
	return feed.About{Publisher: "Alpine Linux", License: "no licence stated", URL: "https://secdb.alpinelinux.org/"}
}

func (alpine) namespace(path string) string {
	// The folder says which release it is; the file's own word for edge has varied.
	return purl.Namespace("Alpine:" + strings.Split(path, "/")[1])
}

func (alpine) Resources() []feed.Resource {
	var out []feed.Resource
	add := func(release, repo string, optional bool) {
		out = append(out, feed.Resource{
			URL:      "https://secdb.alpinelinux.org/" + release + "/" + repo + ".json",
			Path:     "alpine-secdb/" + release + "/" + repo + ".json",
			Optional: optional,
		})
	}
	for minor := firstRelease; minor <= lastRelease; minor++ {
		release := fmt.Sprintf("v3.%d", minor)
		add(release, "main", true)
		if minor > firstRelease { // v3.2 has no community repository
			add(release, "community", true)
		}
	}
	add("edge", "main", false)
	add("edge", "community", false)
	return out
}

func (f alpine) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	return parseSecdb(ctx, f, f.namespace, raw, emit, skip)
}
