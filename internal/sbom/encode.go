package sbom

import (
	"encoding/json"
	"io"
)

// encode writes JSON as all our documents are: indented, without escapes for HTML.
func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
