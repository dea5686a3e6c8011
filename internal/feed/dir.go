package feed

import (
	"fmt"
	"os"
	"path/filepath"
)

// Folder is a [Raw] that reads a folder laid out by the Paths of resources: a mirror, or the raw cache that [Fetch] keeps.
// No path and no symbolic link leads out of it.
type Folder struct{ root *os.Root }

var _ Raw = (*Folder)(nil)

// Dir opens a folder of raw files. The caller closes it.
func Dir(path string) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of feeds: %w", err)
	}
	return &Folder{root: root}, nil
}

// Open opens the file at a resource's Path. Only regular files open.
func (d *Folder) Open(path string) (File, error) {
	name := filepath.FromSlash(path)
	// Before opening, for opening a pipe would wait for its writer.
	st, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("opening %s: is not a regular file", path)
	}
	return d.root.Open(name)
}

// Close frees the folder. Files that are open stay so.
func (d *Folder) Close() error { return d.root.Close() }
