// Package all lists every extractor. It is the one place that knows all members of the family; the commands import it,
// and what works with extractors takes the list as an argument.
package all

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/dotnet"
	"github.com/sightline-sec/sightline/internal/extract/golang"
	"github.com/sightline-sec/sightline/internal/extract/java"
	"github.com/sightline-sec/sightline/internal/extract/lockfile"
	"github.com/sightline-sec/sightline/internal/extract/node"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/php"
	"github.com/sightline-sec/sightline/internal/extract/python"
	"github.com/sightline-sec/sightline/internal/extract/ruby"
	"github.com/sightline-sec/sightline/internal/extract/rust"
	"github.com/sightline-sec/sightline/internal/extract/stated"
	"github.com/sightline-sec/sightline/internal/extract/upstream"
)

// Extractors lists the extractors, those of operating systems first. The slice is the caller's.
func Extractors() []extract.Extractor {
	return slices.Concat(
		ospkg.Extractors(),
		node.Extractors(),
		python.Extractors(),
		golang.Extractors(),
		java.Extractors(),
		ruby.Extractors(),
		php.Extractors(),
		rust.Extractors(),
		dotnet.Extractors(),
		lockfile.Extractors(),
		upstream.Extractors(),
		stated.Extractors(),
	)
}
