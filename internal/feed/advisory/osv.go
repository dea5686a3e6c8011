package advisory

import (
	"encoding/json"
	"errors"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/feed/yamltree"
)

// PyPA gives the advisories of the Python Packaging Authority, which are OSV records written in YAML. Osv.dev's PyPI has the same.
func PyPA() feed.Feed {
	return osv.NewArchive(osv.Archive{
		Name:  "pypa",
		About: feed.About{Publisher: "Python Packaging Advisory Database", License: "CC-BY-4.0", URL: "https://github.com/pypa/advisory-database"},
		Resource: feed.Resource{
			URL:      "https://github.com/pypa/advisory-database/archive/main.tar.gz",
			Path:     "github/pypa/advisory-database/main.tar.gz",
			Optional: true,
		},
		Prefix: "PYSEC-",
		Suffix: ".yaml",
		JSON:   fromYAML,
	})
}

// RustSec gives the advisories of RustSec, from the branch that has them as OSV records. Osv.dev's crates.io has the same.
func RustSec() feed.Feed {
	return osv.NewArchive(osv.Archive{
		Name:  "rustsec",
		About: feed.About{Publisher: "RustSec Advisory Database", License: "CC0-1.0", URL: "https://rustsec.org/"},
		Resource: feed.Resource{
			URL:      "https://github.com/RustSec/advisory-db/archive/refs/heads/osv.tar.gz",
			Path:     "github/RustSec/advisory-db/osv.tar.gz",
			Optional: true,
		},
		Prefix: "RUSTSEC-",
	})
}

// fromYAML writes a record as JSON.
func fromYAML(text []byte) ([]byte, error) {
	n, err := yamltree.Parse(text)
	if err != nil {
		return nil, err
	}
	if n.Kind != yamltree.Mapping {
		return nil, errors.New("is no record")
	}
	return appendJSON(make([]byte, 0, len(text)+len(text)/4), n), nil
}

// appendJSON writes a tree. Scalars are strings or null, for all that is read of a record is.
func appendJSON(b []byte, n *yamltree.Node) []byte {
	switch {
	case n.Null():
		return append(b, "null"...)
	case n.Kind == yamltree.Scalar:
		return appendString(b, n.Text)
	case n.Kind == yamltree.Sequence:
		b = append(b, '[')
		for i, item := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, item := range n.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, n.Keys[i]), ':')
		b = appendJSON(b, item)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string has no way to fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
