// Package inventory holds the words for what is in an artifact: packages, the distribution they belong to, the
// evidence for them and the layer that brought them. It promises plain, sorted values and knows nothing of files or
// vulnerabilities; finding packages is extract's work.
package inventory

import (
	"cmp"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Inventory is what was found in one artifact.
type Inventory struct {
	Distro   *Distro   `json:"distro,omitempty"`
	Packages []Package `json:"packages"` // what a container of this artifact would see
	// Removed are packages that a layer brought and a later layer deleted or replaced: they still ship in the image,
	// but no container sees them.
	Removed    []Package             `json:"removed_packages,omitempty"`
	Incomplete []artifact.Incomplete `json:"incomplete,omitempty"`
}

// Package is one installed (or stated) package.
type Package struct {
	Name      string         `json:"name"`
	Version   string         `json:"version"` // as its package manager writes it, epoch included
	Ecosystem purl.Ecosystem `json:"ecosystem"`
	PURL      string         `json:"purl"`
	Arch      string         `json:"arch,omitempty"`
	Source    *Source        `json:"source,omitempty"`   // for OS packages: what it was built from, also where the name is the same
	Licenses  []string       `json:"licenses,omitempty"` // as declared, word for word
	// License is what Licenses say together as an SPDX expression; empty where it cannot be told.
	License string `json:"license,omitempty"`
	Vendor  string `json:"vendor,omitempty"` // of an rpm: who built it
	// Module is the stream of the rpm module that the package belongs to: "nodejs:18".
	Module string `json:"module,omitempty"`
	// ModuleBuild is the build of that stream, as the modularity label has it behind the stream: version and context,
	// "8080020230306170042:63b34585".
	ModuleBuild string     `json:"module_build,omitempty"`
	Evidence    []Evidence `json:"evidence,omitempty"` // sorted by path
	// Layer introduced the package; nil where the artifact has no layers.
	Layer *artifact.LayerRef `json:"layer,omitempty"`
	// RemovedIn is the layer that deleted or replaced it; set only in Inventory.Removed.
	RemovedIn *artifact.LayerRef `json:"removed_in,omitempty"`
	// Owner is the OS package whose files these are, for a language package that an OS package brought.
	Owner *Owner `json:"owner,omitempty"`
	// Ships says of an OS package that its files are of one kind which cannot run; see Contents.
	Ships Ships `json:"ships,omitempty"`
	// FilesKnown says that Ships was judged by the files themselves.
	FilesKnown bool `json:"-"`
	// Stated is true where a document says so and no file was seen (an SBOM).
	Stated bool `json:"stated,omitempty"`
	// Unpackaged is true for software that no package manager knows: it was recognised by a version string or by files that it brings, which
	// Evidence tells.
	Unpackaged bool `json:"unpackaged,omitempty"`
	// Symbols are the functions linked into the Go binary that the package is part of; nil where they were not asked for (other ecosystems,
	// documents). Packages of one binary share them.
	Symbols *Symbols `json:"-"`
}

// OS says whether the package came from the distribution's package manager.
func (p *Package) OS() bool { return p.Ecosystem.OS() }

// Source is a source package.
type Source struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Evidence is a file from which a package was read.
type Evidence struct {
	Path      string             `json:"path"`
	Extractor string             `json:"extractor"`
	Detail    string             `json:"detail,omitempty"` // what in the file says so: the version string that was found
	Layer     *artifact.LayerRef `json:"layer,omitempty"`
}

// Owner names the OS package that owns a file.
type Owner struct {
	Name string `json:"name"`
	PURL string `json:"purl"`
	Path string `json:"path"` // the owned file
}

// Distro is the distribution of a root file system, from its os-release(5).
type Distro struct {
	ID         string `json:"id"`                    // debian, ubuntu, alpine
	VersionID  string `json:"version_id,omitempty"`  // 12, 22.04, 3.18.4
	Codename   string `json:"codename,omitempty"`    // bookworm
	PrettyName string `json:"pretty_name,omitempty"` //
	// Namespace is the advisory namespace of the release: "Debian:12", "Ubuntu:22.04", "Alpine:v3.18"; empty where
	// the release is not known.
	Namespace string `json:"namespace,omitempty"`
	// EndOfLife is when the release stops getting security fixes; nil where no date is known.
	EndOfLife *EndOfLife `json:"end_of_life,omitempty"`
}

// EndOfLife are the last days of a release's support.
type EndOfLife struct {
	Standard time.Time `json:"standard,omitzero"` // last day of what everybody gets
	Extended time.Time `json:"extended,omitzero"` // last day of long-term or paid support, where there is one
	Program  string    `json:"program,omitempty"` // the name of the extended support: "LTS", "ESM", "ELS"
}

// Ended says whether everybody's support had ended at the time now.
func (e *EndOfLife) Ended(now time.Time) bool {
	return e != nil && !e.Standard.IsZero() && !now.Before(e.Standard.AddDate(0, 0, 1))
}

// Compare orders packages by ecosystem, name, version, purl, then first evidence: the order of results.
func Compare(a, b Package) int {
	first := func(p Package) string {
		if len(p.Evidence) == 0 {
			return ""
		}
		return p.Evidence[0].Path
	}
	layer := func(p Package) int {
		if p.Layer == nil {
			return -1
		}
		return p.Layer.Index
	}
	return cmp.Or(
		cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.PURL, b.PURL), cmp.Compare(layer(a), layer(b)), cmp.Compare(first(a), first(b)))
}

// Sort brings the packages, their evidence and the incomplete entries into the order of results.
func (inv *Inventory) Sort() {
	for _, list := range [][]Package{inv.Packages, inv.Removed} {
		for i := range list {
			slices.SortFunc(list[i].Evidence, func(a, b Evidence) int {
				return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Extractor, b.Extractor))
			})
		}
		slices.SortFunc(list, Compare)
	}
	artifact.SortIncomplete(inv.Incomplete)
}
