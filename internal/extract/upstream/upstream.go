// Package upstream recognises software that no package manager brought: servers, interpreters and libraries that were built or copied into
// /usr/local, /opt or anywhere else. They are known by version strings in executables and libraries of their usual names, and by files that an
// installation brings (Python's patchlevel.h, the VERSION of a Go tree).
//
// It promises to name the bytes that say so, to look into files of the names it knows only, and to read each once, from front to back, in
// constant memory. One piece of software in several files (python3.11, libpython3.11.so.1.0) has one name and version, so that it becomes
// one package. Whether an OS package owns a file is the merge's to know, which drops what is owned. A Java
// runtime is java's, and the standard library inside a Go binary golang's.
package upstream

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor { return []extract.Extractor{newBinaries(), newMarkers()} }

// found makes the package of a version that some text says.
func found(name, version, kind, text string) inventory.Package {
	e := purl.Upstream
	if name == toolchain {
		e = purl.Go
	}
	return inventory.Package{
		Name: name, Version: version, Ecosystem: e, Unpackaged: true,
		PURL:     purl.Make(e, "", name, version, nil, ""),
		Evidence: []inventory.Evidence{{Detail: fmt.Sprintf("the %s %q", kind, text)}},
	}
}
