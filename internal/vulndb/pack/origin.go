package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Origin says how a database came to where it lies. It is kept beside the file, and is of the file with that checksum only.
type Origin struct {
	Checksum string    `json:"checksum"`         // of the contents, as in vuln.Database
	Verified bool      `json:"verified"`         // a trusted key had signed it
	Issued   time.Time `json:"issued,omitzero"`  // when it was signed
	Manifest string    `json:"manifest"`         // digest
	KeyID    string    `json:"key_id,omitempty"` // of who signed it
}

const maxOrigin = 64 << 10

// origins has room for the file in place and the one that is about to take it: whichever is there after a crash is known.
type origins struct {
	Databases []Origin `json:"databases"`
}

// originName is the file's name. A link's target has it.
func originName(database string) string { return target(database) + ".origin" }

// target follows links, so that what is replaced is what they lead to.
func target(name string) string {
	if to, err := filepath.EvalSymlinks(name); err == nil {
		return to
	}
	return name
}

func readOrigins(database string) (list origins) {
	f, err := os.Open(originName(database))
	if err != nil {
		return list
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxOrigin {
		return list
	}
	if json.NewDecoder(f).Decode(&list) != nil {
		return origins{}
	}
	return list
}

// OriginOf tells how the database with that checksum came to where it lies; false where it was not pulled.
func OriginOf(database, checksum string) (Origin, bool) {
	for _, o := range readOrigins(database).Databases {
		if o.Checksum == checksum {
			return o, true
		}
	}
	return Origin{}, false
}

// ForgetOrigin is for who puts another database there, made by themselves.
func ForgetOrigin(database string) error {
	if err := os.Remove(originName(database)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the note of where the database came from: %w", err)
	}
	return nil
}

// noteOrigin notes where a database comes from, beside the note of the one that lies there now.
func noteOrigin(database string, o Origin) error {
	list := origins{Databases: []Origin{o}}
	if db, err := vulndb.Open(database); err == nil {
		sum := db.Meta().Checksum
		_ = db.Close() // it was only read
		if old, ok := OriginOf(database, sum); ok && sum != o.Checksum {
			list.Databases = append(list.Databases, old)
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	name := originName(database)
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("noting where the database comes from: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("noting where the database comes from: %w", err)
	}
	return nil
}
