package distro

import (
	"context"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Wolfi gives the feed of Wolfi's secdb. Its data may not be handed on in a database (see About), so that it is no feed of the usual list: who
// builds a database for use of their own may add it.
func Wolfi() feed.Feed {
	return chainguard{"wolfi-secdb", string(purl.Wolfi), feed.Resource{URL: "https://packages.wolfi.dev/os/security.json", Path: "wolfi/security.json"}}
}

// Chainguard gives the feed of Chainguard's secdb, under the terms of Wolfi's.
func Chainguard() feed.Feed {
	return chainguard{
		"chainguard-secdb", string(purl.Chainguard),
		feed.Resource{URL: "https://packages.cgr.dev/chainguard/security.json", Path: "chainguard/security.json"},
	}
}

// chainguard is a rolling distribution with one file in the form of Alpine's.
type chainguard struct {
	name, release string
	file          feed.Resource
}

func (c chainguard) Name() string               { return c.name }
func (c chainguard) Resources() []feed.Resource { return []feed.Resource{c.file} }

func (c chainguard) About() feed.About {
	return feed.About{
		Publisher: "Chainguard", License: "Chainguard License for Commercial Scanners AND CC-BY-NC-ND-4.0",
		URL: "https://edu.chainguard.dev/chainguard/chainguard-images/staying-secure/security-advisories/",
	}
}

func (c chainguard) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	return parseSecdb(ctx, c, func(string) string { return c.release }, raw, emit, skip)
}
