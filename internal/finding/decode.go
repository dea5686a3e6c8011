package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotResult says that bytes are no result as [Result] is written.
var ErrNotResult = errors.New("not a result of sightline scan --format json")

// IsResult says whether the beginning of a file looks like a saved result: an object whose first key is schema_version.
func IsResult(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"schema_version"`))
}

// Decode reads a saved result. Errors wrap [ErrNotResult].
func Decode(b []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotResult, err)
	}
	if r.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("%w: schema version %.20q, and this program reads %s", ErrNotResult, r.SchemaVersion, SchemaVersion)
	}
	if said := r.Summary.Total.Total(); said != len(r.Findings) {
		return nil, fmt.Errorf("%w: its summary counts %d findings, and it has %d", ErrNotResult, said, len(r.Findings))
	}
	for i := range r.Findings {
		if r.Findings[i].Vulnerability == nil {
			return nil, fmt.Errorf("%w: finding %d has no vulnerability", ErrNotResult, i)
		}
	}
	return &r, nil
}
