package feed

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// headBytes is how far Head looks.
const headBytes = 64 << 10

// Head gives the string member named key of the JSON object in r when it comes before the first member that is an object or an array; else "".
func Head(r io.Reader, key string) (string, error) {
	d := json.NewDecoder(io.LimitReader(r, headBytes))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", fmt.Errorf("%w: not a JSON object", artifact.ErrCorrupt)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		value, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		if _, nested := value.(json.Delim); nested {
			return "", nil
		}
		if s, ok := value.(string); ok && name == key {
			return s, nil
		}
	}
	return "", nil
}
