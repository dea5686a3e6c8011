// Package sbom turns bills of materials into inventories and results of scans into bills of materials: CycloneDX and
// SPDX, in both directions. It promises that what it writes is valid against the official schemas, is the same for the
// same result but for the time of the run, and gives the same packages when it is read back; and that reading any
// bytes costs time and memory bounded by their number. What it does not understand of a document it reports. Matching
// the packages is match's work.
//
// It reads CycloneDX 1.2 to 1.6 as JSON and 1.0 to 1.6 as XML, SPDX 2.2 and 2.3 as JSON and tag-value text, whoever
// wrote them; it knows the properties by which Syft and Trivy say what the formats have no word for. It writes
// CycloneDX 1.6 and SPDX 2.3 as JSON.
package sbom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// The formats, as [artifact.Artifact] names them.
const (
	CycloneDX = "cyclonedx"
	SPDX      = "spdx"
)

// ErrUnknown is returned, wrapped, for bytes that are no bill of materials in a form that is read.
var ErrUnknown = errors.New("neither CycloneDX nor SPDX 2")

// Document is a bill of materials that was read.
type Document struct {
	Format      string // cyclonedx or spdx
	SpecVersion string // 1.6, 2.3
	Name        string // of the thing that the document describes, by its own words

	// Artifact is what was scanned: the document. Name is the described thing's; a caller that knows the file may put
	// that instead. Reference, digests, platform and layers are those of the described image, where the document says
	// them.
	Artifact  artifact.Artifact
	Inventory inventory.Inventory // sorted
}

// Read reads a bill of materials. Packages are marked as stated. Components that cannot be matched to advisories, and
// those past a limit, are reported in Inventory.Incomplete. Limits that count: FileBytes, Nesting, and a twentieth of
// Files as the number of packages. Errors wrap [ErrUnknown], [artifact.ErrCorrupt], [*artifact.ErrLimit] or ctx's.
func Read(ctx context.Context, b []byte, limits artifact.Limits) (*Document, error) {
	limits = limits.WithDefaults()
	if int64(len(b)) > limits.FileBytes {
		return nil, fmt.Errorf("reading a bill of materials: %w", &artifact.ErrLimit{
			Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes, limit %d", len(b), limits.FileBytes),
		})
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	format, enc := detect(b)
	if format == "" {
		return nil, fmt.Errorf("reading a bill of materials: %w", ErrUnknown)
	}
	if enc == inJSON && !json.Valid(b) {
		var ignored struct{} // for the message: where it breaks
		return nil, fmt.Errorf("reading %s JSON: %w: %w", format, artifact.ErrCorrupt, json.Unmarshal(b, &ignored))
	}
	r := newReader(ctx, format, limits)
	var err error
	switch {
	case format == CycloneDX && enc == inJSON:
		err = r.cycloneDX(b)
	case format == CycloneDX:
		err = r.cycloneDXXML(b)
	case enc == inJSON:
		err = r.spdx(b)
	default:
		err = r.spdxTagValue(b)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", format, err)
	}
	return r.finish()
}

// supported says whether the version of the specification is one that is read.
func (r *reader) supported(version string) error {
	r.doc.SpecVersion = version
	if r.doc.Format == SPDX && !strings.HasPrefix(version, "2.") || r.doc.Format == CycloneDX && !strings.HasPrefix(version, "1.") {
		return fmt.Errorf("version %q: %w", version, ErrUnknown)
	}
	return nil
}
