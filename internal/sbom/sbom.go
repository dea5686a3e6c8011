// Package sbom turns bills of materials into inventories and results of scans into bills of materials: CycloneDX and
// SPDX, in both directions. It promises that what it writes is valid against the official schemas, is the same for the
// same result but for the time of the run, and gives the same packages when it is read back; and that reading any
// bytes costs memory bounded by their number. What it does not understand of a document it reports. Matching the
// packages is match's work.
package sbom

import (
	"context"
	"errors"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// The formats, as [artifact.Artifact] names them.
const (
	CycloneDX = "cyclonedx"
	SPDX      = "spdx"
)

// ErrUnknown is returned, wrapped, for bytes that are no bill of materials in a form that is read.
var ErrUnknown = errors.New("neither CycloneDX nor SPDX")

// Document is a bill of materials that was read.
type Document struct {
	Format      string // cyclonedx or spdx
	SpecVersion string // 1.6, 2.3
	Name        string // what the document speaks of, by its own words

	// Artifact is what was scanned: the document. Its name is the subject's; a caller that knows the file puts that.
	// Digests, layers and platform are those of the image that the document describes, where it says them.
	Artifact  artifact.Artifact
	Inventory inventory.Inventory
}

// Read reads a bill of materials. Packages are marked as stated; components that cannot be matched are reported in
// Inventory.Incomplete. Errors wrap [ErrUnknown], [artifact.ErrCorrupt] or [*artifact.ErrLimit].
func Read(ctx context.Context, b []byte, limits artifact.Limits) (*Document, error) {
	return nil, ErrUnknown
}
