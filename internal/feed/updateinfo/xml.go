package updateinfo

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Bounds of a file and of one notice, far above the biggest of real ones: a kernel's notice has some thousand packages.
const (
	maxFile     = 4 << 30
	maxNotice   = 32 << 20
	maxPackages = 1 << 18
	maxTold     = 1 << 20 // notices whose place is remembered
	maxDepth    = 32
)

// update is one notice as it is written.
type update struct {
	kind, status                     string
	id, title, severity, description string
	issued, updated                  string
	references                       []reference
	packages                         []pkg
}

type reference struct{ href, id, title, kind string }

type pkg struct {
	name, epoch, version, release, arch string
	module, collection                  string
}

// counted fails when a notice is too big, so that no text of it grows without end.
type counted struct {
	r           io.Reader
	left, total int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("a notice of more than %d bytes", maxNotice)}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.total += int64(n); c.total > maxFile {
		return n, &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", int64(maxFile))}
	}
	return n, err
}

// notices walks the updates of a file. The last step carries the error, if any.
func notices(r io.Reader) iter.Seq2[*update, error] {
	return func(yield func(*update, error) bool) {
		in := &counted{r: r, left: maxNotice}
		d := xml.NewDecoder(in)
		w := walker{}
		for {
			t, err := d.RawToken()
			if errors.Is(err, io.EOF) {
				if len(w.path) > 0 || !w.root {
					yield(nil, fmt.Errorf("%w: the file is cut short", artifact.ErrCorrupt))
				}
				return
			}
			if err != nil {
				if _, ok := errors.AsType[*artifact.ErrLimit](err); !ok {
					err = fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
				}
				yield(nil, err)
				return
			}
			done, err := w.token(t)
			if err != nil {
				yield(nil, err)
				return
			}
			if done {
				u := w.u
				w.u = nil
				in.left = maxNotice
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// walker follows the elements of a file.
type walker struct {
	path   []string
	root   bool
	u      *update
	text   strings.Builder
	module string
	short  string
}

// token takes a token, and says whether it ends an update.
func (w *walker) token(t xml.Token) (done bool, err error) {
	switch t := t.(type) {
	case xml.StartElement:
		if len(w.path) == 0 && (w.root || t.Name.Local != "updates") {
			return false, fmt.Errorf("%w: %.60q where updates should be", artifact.ErrCorrupt, t.Name.Local)
		}
		w.root = true
		if w.path = append(w.path, t.Name.Local); len(w.path) > maxDepth {
			return false, &artifact.ErrLimit{Reason: artifact.NestingLimit, Detail: fmt.Sprintf("elements nested deeper than %d", maxDepth)}
		}
		w.text.Reset()
		return false, w.start(t)
	case xml.EndElement:
		if len(w.path) == 0 || w.path[len(w.path)-1] != t.Name.Local {
			return false, fmt.Errorf("%w: %.60q ends where it does not begin", artifact.ErrCorrupt, t.Name.Local)
		}
		w.end(t.Name.Local)
		w.path = w.path[:len(w.path)-1]
		return t.Name.Local == "update" && len(w.path) == 1, nil
	case xml.CharData:
		if len(w.path) == 3 && w.u != nil { // the texts are all directly below update
			w.text.Write(t)
		}
	}
	return false, nil
}

func (w *walker) start(t xml.StartElement) error {
	attr := func(name string) string {
		for i := range t.Attr {
			if t.Attr[i].Name.Local == name {
				return t.Attr[i].Value
			}
		}
		return ""
	}
	if w.u == nil {
		if len(w.path) == 2 && t.Name.Local == "update" {
			w.u = &update{kind: attr("type"), status: attr("status")}
		}
		return nil
	}
	switch t.Name.Local {
	case "issued":
		w.u.issued = attr("date")
	case "updated":
		w.u.updated = attr("date")
	case "reference":
		w.u.references = append(w.u.references, reference{attr("href"), attr("id"), attr("title"), attr("type")})
	case "collection":
		w.short, w.module = attr("short"), ""
	case "module":
		w.module = attr("name") + ":" + attr("stream")
	case "package":
		if len(w.u.packages) >= maxPackages {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("a notice of more than %d packages", maxPackages)}
		}
		w.u.packages = append(w.u.packages, pkg{
			attr("name"), attr("epoch"), attr("version"), attr("release"), attr("arch"), w.module, w.short,
		})
	}
	return nil
}

func (w *walker) end(name string) {
	if len(w.path) != 3 || w.u == nil {
		return
	}
	var to *string
	switch name {
	case "id":
		to = &w.u.id
	case "title":
		to = &w.u.title
	case "severity":
		to = &w.u.severity
	case "description":
		to = &w.u.description
	default:
		return
	}
	*to = w.text.String()
}
