package output

import (
	"encoding/json"
	"io"

	"github.com/sightline-sec/sightline/internal/finding"
)

// writeJSON writes the result as docs/reference/result.schema.json describes it.
func writeJSON(w io.Writer, r *finding.Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
