// Package stated reads the bills of materials that an image carries: Bitnami's .spdx-NAME.spdx beside each of its components, those that buildpacks
// leave under layers/sbom, and what stands in usr/share/sbom and var/lib/db/sbom. It promises to mark what they say as stated and to name who says it; the
// merge drops what was seen as well. Documents about a source tree, which are somebody's output, are not read.
package stated

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor { return []extract.Extractor{documents{}} }

// documents reads bills of materials.
type documents struct{}

var _ extract.Extractor = documents{}

func (documents) Name() string  { return "sbom-file" }
func (documents) Revision() int { return 1 }

// maxDocument bounds one document. A buildpack's for a big application is some megabytes.
const maxDocument = 32 << 20

func (documents) Claims() []extract.Claim {
	claim := func(suffix string) extract.Claim {
		return extract.Claim{Suffix: suffix, Match: known, In: []artifact.Kind{artifact.Image, artifact.RootFS}}
	}
	return []extract.Claim{claim(".json"), claim(".spdx"), claim(".cdx")}
}

// known says whether a bill of materials of the image itself stands at the path.
func known(p string) bool {
	dir, base := path.Split(p)
	switch {
	case strings.HasPrefix(base, ".spdx-") && strings.HasSuffix(base, ".spdx"): // Bitnami
		return strings.HasPrefix(dir, "opt/bitnami/")
	case strings.HasPrefix(dir, "usr/share/sbom/"), strings.HasPrefix(dir, "var/lib/db/sbom/"): // apko
		return true
	case strings.HasPrefix(dir, "layers/sbom/") || strings.HasPrefix(dir, "cnb/sbom/"): // buildpacks
		return base == "sbom.cdx.json" || base == "sbom.spdx.json" || strings.HasSuffix(base, ".sbom.cdx.json") || strings.HasSuffix(base, ".sbom.spdx.json")
	}
	return false
}

func (documents) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	b := file.Bytes()
	doc, err := sbom.Read(ctx, b, artifact.Limits{FileBytes: maxDocument})
	if errors.Is(err, sbom.ErrUnknown) {
		return nil // another file in the folder
	}
	if err != nil {
		return fmt.Errorf("reading what the image states: %w", err)
	}
	detail := "stated by " + who(b)
	for _, p := range doc.Inventory.Packages {
		if p.Version == "" {
			continue // the described thing itself, or what cannot be matched
		}
		p.Stated = true
		p.Evidence = []inventory.Evidence{{Detail: detail}}
		p.Layer, p.Owner, p.RemovedIn = nil, nil, nil // of the image that the document was made from
		facts.Packages = append(facts.Packages, p)
	}
	// Components without a package URL are usual here: files, and the makers' own names. One entry tells it.
	if n := len(doc.Inventory.Incomplete); n > 0 {
		i := doc.Inventory.Incomplete[0]
		facts.Report(i.Reason, fmt.Sprintf("%s; %d such in all", i.Detail, n))
	}
	return nil
}

// who names the author of a document by its own word.
func who(b []byte) string {
	var head struct {
		CreationInfo struct {
			Creators []string `json:"creators"`
		} `json:"creationInfo"`
		Metadata struct {
			Tools json.RawMessage `json:"tools"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(b, &head) // a document in another form has no author that is read
	name := ""
	for _, prefix := range []string{"Tool: ", "Organization: "} {
		for _, c := range head.CreationInfo.Creators {
			if rest, ok := strings.CutPrefix(c, prefix); ok && name == "" {
				name = rest
			}
		}
	}
	type tool struct {
		Vendor string `json:"vendor"`
		Name   string `json:"name"`
	}
	var list []tool
	if json.Unmarshal(head.Metadata.Tools, &list) != nil {
		var since15 struct {
			Components []tool `json:"components"`
		}
		_ = json.Unmarshal(head.Metadata.Tools, &since15)
		list = since15.Components
	}
	for _, t := range list {
		name = cmp.Or(name, t.Name, t.Vendor)
	}
	name = strings.ToValidUTF8(strings.TrimSpace(name), "")
	if len(name) > 80 {
		name = strings.ToValidUTF8(name[:80], "")
	}
	return cmp.Or(name, "a bill of materials that does not say whose it is")
}
