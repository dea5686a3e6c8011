// Package hostile makes container images, archives and trees that were built to harm whoever reads them: names and links
// that leave the root, bombs, lies in manifests, damage. It is for tests only, of the packages that open artifacts and of
// the whole program. Everything is made in code; nothing here is a real image.
//
// Whoever reads a case must end within 10 seconds and 512 MiB, with an error, with an incomplete result or cleanly,
// must change nothing, and must not say what stands in the files beside the target: those hold [Marker].
package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Marker stands in the host's files that a case tries to reach. It must appear in no result.
const Marker = "sightline-canary"

// Form is what a case is.
type Form string

// The forms.
const (
	Archive Form = "archive" // a tar: docker-archive or OCI-archive
	Layout  Form = "layout"  // an OCI layout directory
	RootFS  Form = "rootfs"  // an unpacked tree
)

// Case is one hostile artifact.
type Case struct {
	Name string
	Form Form
	// About says what it tries.
	About string
	write func(w *writer) error
}

// Write makes the artifact in dir, which must be empty, and gives its path. Beside it, in dir/outside, lie the files of the
// host that it tries to reach.
func (c Case) Write(dir string) (target string, err error) {
	w := &writer{dir: dir, outside: filepath.Join(dir, "outside")}
	switch c.Form {
	case Archive:
		w.target = filepath.Join(dir, "image.tar")
	case Layout:
		w.target = filepath.Join(dir, "layout")
	case RootFS:
		w.target = filepath.Join(dir, "root")
	}
	if err := errors.Join(w.canaries(), c.write(w)); err != nil {
		return "", fmt.Errorf("making %s: %w", c.Name, err)
	}
	return w.target, nil
}

// Cases are all that there are, each with its own name.
func Cases() []Case {
	var all []Case
	for _, list := range [][]Case{
		nameCases(), linkCases(), whiteoutCases(), headerCases(), sparseCases(), bombCases(),
		damageCases(), manifestCases(), layoutCases(), treeCases(),
	} {
		all = append(all, list...)
	}
	return all
}

// writer is where one case is made.
type writer struct {
	dir, target, outside string
}

// status and release are the host's files.
func (w *writer) status() string  { return filepath.Join(w.outside, "status") }
func (w *writer) release() string { return filepath.Join(w.outside, "os-release") }

func (w *writer) canaries() error {
	return errors.Join(
		os.Mkdir(w.outside, 0o755),
		os.WriteFile(w.status(), []byte("Package: "+Marker+"\nStatus: install ok installed\nVersion: 6.6.6\nArchitecture: all\n"+
			"Maintainer: "+Marker+"\nDescription: "+Marker+"\n\n"), 0o644),
		os.WriteFile(w.release(), []byte("ID="+Marker+"\nNAME="+Marker+"\nVERSION_ID=6.6.6\nPRETTY_NAME="+Marker+"\n"), 0o644),
	)
}
