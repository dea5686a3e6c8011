// Package all lists every extractor. It is the one place that knows all members of the family; the commands import it,
// and what works with extractors takes the list as an argument.
package all

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/golang"
	"github.com/sightline-sec/sightline/internal/extract/node"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/python"
)

// Extractors lists the extractors, those of operating systems first. The slice is the caller's.
func Extractors() []extract.Extractor {
	return slices.Concat(
		ospkg.Extractors(),
		node.Extractors(),
		python.Extractors(),
		golang.Extractors(),
	)
}
