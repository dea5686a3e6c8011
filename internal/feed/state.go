package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// state is what is remembered of a file between fetches.
type state struct {
	Whole *version `json:"whole,omitempty"` // of the file at its Path
	Part  *version `json:"part,omitempty"`  // of which the ".part" file holds the beginning
}

// version is one version of a file as the server had it.
type version struct {
	URL          string         `json:"url"` // without credentials
	ETag         string         `json:"etag,omitempty"`
	LastModified string         `json:"last_modified,omitempty"`
	Length       int64          `json:"length"` // -1 while it is not known
	Sums         []outbound.Sum `json:"sums,omitempty"`
	SHA256       string         `json:"sha256,omitempty"` // set when all bytes are there and checked
	FetchedAt    time.Time      `json:"fetched_at,omitzero"`
}

// resumable says whether the server can vouch that more bytes are of the same version.
func (v *version) resumable() bool {
	return v != nil && (v.ETag != "" && v.ETag[0] == '"' || v.LastModified != "")
}

const (
	maxState = 1 << 20
	stateTmp = ".state.tmp" // ends the name of a state that is being written
)

// load reads the state and makes it agree with what is on disk, wherever a former run was killed.
func (d *download) load() error {
	d.state = state{}
	// Killed while the state was being written: what stands there is a part of it, and the state before it still holds.
	if err := d.root.Remove(d.name + stateTmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if f, err := d.root.Open(d.name + ".state"); err == nil {
		b, err := ReadAll(f, maxState)
		_ = f.Close()
		if err != nil || json.Unmarshal(b, &d.state) != nil {
			d.state = state{} // ours and written whole, so only damage from outside; then all is asked anew
		}
	}
	shown := outbound.Redact(d.url)
	size, have, err := d.stat(d.name)
	if err != nil {
		return err
	}
	partSize, havePart, err := d.stat(d.name + ".part")
	if err != nil {
		return err
	}
	p := d.state.Part
	if p != nil && p.SHA256 != "" && !havePart && have && size == p.Length {
		// Killed after the new file was put in its place and before that was noted.
		if sum, err := d.sha256(d.name); err == nil && sum == p.SHA256 {
			d.state.Whole = p
		}
	}
	if p != nil && (!havePart || p.URL != shown || !p.resumable() || p.Length >= 0 && partSize > p.Length) {
		d.state.Part = nil
	}
	if w := d.state.Whole; w != nil {
		same := w.URL == shown
		if d.sum != "" { // by which the same file is known at another URL, and another file at the same
			same = w.SHA256 == d.sum
		}
		if !have || size != w.Length || !same || errors.Is(d.form(d.name), artifact.ErrCorrupt) {
			d.state.Whole = nil // asked anew: the server's "not changed" would keep what is of no use
		}
	}
	if d.state.Part == nil && havePart {
		return d.root.Remove(d.name + ".part")
	}
	return nil
}

func (d *download) stat(name string) (size int64, ok bool, err error) {
	st, err := d.root.Stat(name)
	switch {
	case os.IsNotExist(err):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case !st.Mode().IsRegular():
		return 0, false, fmt.Errorf("%s is not a regular file", name)
	}
	return st.Size(), true, nil
}

// save puts the state on disk in one step.
func (d *download) save() error {
	b, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	tmp := d.name + stateTmp
	f, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return d.rename(tmp, d.name+".state")
}

// rename puts a file in another's place and makes that last.
func (d *download) rename(from, to string) error {
	if err := d.root.Rename(from, to); err != nil {
		return err
	}
	dir, err := d.root.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer dir.Close()
	_ = dir.Sync() // some file systems cannot; the rename itself is done
	return nil
}
