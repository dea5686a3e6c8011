package feed

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// Step is an index that tells where the next step, or at the end the file, lies.
type Step struct {
	Kind IndexKind
	// Want picks what the index is asked for; each kind says what that is.
	Want string
}

// IndexKind is a form of index.
type IndexKind uint8

// The forms of an index.
const (
	// NameIndex is a text whose first line is the name of a file beside it. Want is how the name ends.
	NameIndex IndexKind = iota + 1
	// BaseIndex is yum's mirror.list, a base URL a line, of which the first on the index's own host is taken. Want is the path below it.
	BaseIndex
	// RepoIndex is an rpm repository's repodata/repomd.xml, which gives the file's SHA-256 as well. Want is the type of the data: "updateinfo".
	RepoIndex
)

// Bounds of an index, far above real ones, which have some thousand bytes.
const (
	maxIndex      = 1 << 20
	maxIndexDepth = 8
	maxIndexName  = 255
)

// readable lists the endings of forms that feeds read. Neither xz nor zchunk is among them.
var readable = [...]string{".xml", ".gz", ".bz2", ".zst"}

// target is where an index leads.
type target struct {
	url    string
	sha256 string // of the file, in lower-case hex; empty where the index gives none
}

// resolve follows the steps from the resource's URL to its file. Without steps it is at that URL.
func (d *download) resolve(ctx context.Context) error {
	at := target{url: d.start}
	for _, s := range d.steps {
		text, err := d.index(ctx, at.url)
		if err != nil {
			return fmt.Errorf("reading the index: %w", err)
		}
		if at, err = s.next(at.url, text); err != nil {
			return fmt.Errorf("reading the index %s: %w", outbound.Redact(d.start), err)
		}
	}
	d.url, d.sum = at.url, at.sha256
	if d.res.Sum != "" {
		d.sumURL = beside(d.url, d.res.Sum)
	}
	return nil
}

// index reads an index; one whose connection breaks, again from the start.
func (d *download) index(ctx context.Context, at string) (string, error) {
	for try := 0; ; try++ {
		resp, err := d.client.Get(ctx, at, outbound.Conditions{})
		if err != nil {
			return "", err
		}
		b, err := ReadAll(resp.Body, maxIndex)
		_ = resp.Body.Close()
		if err == nil {
			return string(b), nil
		}
		if _, tooLong := errors.AsType[*artifact.ErrLimit](err); tooLong || try >= maxIdle || ctx.Err() != nil {
			return "", fmt.Errorf("%s: %w", outbound.Redact(at), err)
		}
		if err := d.client.Pause(ctx, try); err != nil {
			return "", err
		}
	}
}

// next reads the index that came from the URL at. What it leads to is on the same host, by the same scheme or a safer one.
func (s Step) next(at, text string) (target, error) {
	from, err := url.Parse(at)
	if err != nil {
		return target{}, errors.New("its address is not a URL")
	}
	switch s.Kind {
	case NameIndex:
		name := firstLine(text)
		if !plainPath(name) || strings.Contains(name, "/") || len(name) > maxIndexName {
			return target{}, fmt.Errorf("%w: %s is not the name of a file", artifact.ErrCorrupt, show(name))
		}
		if !strings.HasSuffix(name, s.Want) {
			return target{}, fmt.Errorf("%w: %s does not end in %s", artifact.ErrCorrupt, show(name), s.Want)
		}
		return target{url: beside(at, name)}, nil
	case BaseIndex:
		base, err := baseOf(from, text)
		if err != nil {
			return target{}, err
		}
		return target{url: base.JoinPath(s.Want).String()}, nil
	case RepoIndex:
		href, sum, err := dataOf(text, s.Want)
		if err != nil {
			return target{}, err
		}
		root := *from
		root.RawQuery, root.Fragment = "", ""
		return target{url: root.JoinPath("..", "..", href).String(), sha256: sum}, nil
	}
	return target{}, fmt.Errorf("an index of an unknown kind %d", s.Kind)
}

func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}

// baseOf gives the first base URL that may be followed.
func baseOf(from *url.URL, text string) (*url.URL, error) {
	var first error
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		u, err := url.Parse(line)
		switch {
		case err != nil:
			err = fmt.Errorf("%w: a line of it is not a URL", artifact.ErrCorrupt)
		case u.Scheme != "https" && (u.Scheme != "http" || from.Scheme != "http"):
			err = fmt.Errorf("%w: %s is not an https URL", artifact.ErrCorrupt, show(outbound.Redact(line)))
		case u.Host != from.Host:
			err = fmt.Errorf("%w: it leads from %s to another host, %s", artifact.ErrCorrupt, from.Host, show(u.Host))
		case u.User != nil || u.RawQuery != "" || u.Fragment != "" || !plainPath(strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")):
			err = fmt.Errorf("%w: %s is not a plain path", artifact.ErrCorrupt, show(outbound.Redact(line)))
		default:
			return u, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, cmp.Or(first, fmt.Errorf("%w: it has no line", artifact.ErrCorrupt))
}

// repoData is one file of a repomd.xml.
type repoData struct {
	kind, href, base, sum, algorithm string
}

// dataOf looks for the file of a type. Where several forms of it are published, it takes the first that can be read.
func dataOf(text, kind string) (href, sum string, _ error) {
	refused := fmt.Errorf("it names no %s: %w", kind, artifact.ErrNotFound)
	err := eachData(text, func(d repoData) bool {
		if d.kind != kind {
			return true
		}
		name := show(path.Base(d.href))
		switch {
		case d.base != "" || !plainPath(d.href):
			refused = fmt.Errorf("%w: it names %s, which is not a path in the repository", artifact.ErrCorrupt, show(d.href))
		case strings.HasSuffix(d.href, ".xz"):
			refused = fmt.Errorf("%s is packed by xz, which is not read: let a mirror hold it packed by gzip or zstd", name)
		case !slices.ContainsFunc(readable[:], func(end string) bool { return strings.HasSuffix(d.href, end) }):
			refused = fmt.Errorf("%w: it names %s, a form that is not read", artifact.ErrCorrupt, name)
		case d.algorithm != "sha256" || !isSHA256(d.sum):
			refused = fmt.Errorf("%w: it names %s without its SHA-256", artifact.ErrCorrupt, name)
		default:
			href, sum, refused = d.href, strings.ToLower(d.sum), nil
			return false
		}
		return true
	})
	if err = cmp.Or(err, refused); err != nil {
		return "", "", err
	}
	return href, sum, nil
}

// eachData walks the files of a repomd.xml until yield says no. Entities are not expanded: a text that declares some is refused.
func eachData(text string, yield func(repoData) bool) error {
	dec := xml.NewDecoder(strings.NewReader(text))
	var now repoData
	var chars *string // where the text of the element goes
	depth, rooted := 0, false
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) && rooted {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: not XML that can be read: %s", artifact.ErrCorrupt, show(err.Error())) // which quotes names of any length
		}
		switch t := t.(type) {
		case xml.Directive:
			return fmt.Errorf("%w: it declares entities or a document type", artifact.ErrCorrupt)
		case xml.StartElement:
			if depth++; depth > maxIndexDepth {
				return fmt.Errorf("%w: elements nested deeper than %d", artifact.ErrCorrupt, maxIndexDepth)
			}
			chars, rooted = nil, true
			switch name := t.Name.Local; {
			case depth == 1 && name != "repomd":
				return fmt.Errorf("%w: not a repomd.xml", artifact.ErrCorrupt)
			case depth == 2 && name == "data":
				now = repoData{kind: attr(t, "type")}
			case depth == 3 && name == "location":
				now.href, now.base = attr(t, "href"), attr(t, "base")
			case depth == 3 && name == "checksum":
				now.sum, now.algorithm, chars = "", attr(t, "type"), &now.sum
			}
		case xml.CharData:
			if chars == nil {
				continue
			}
			if *chars += strings.TrimSpace(string(t)); len(*chars) > maxIndexName {
				return fmt.Errorf("%w: a checksum of more than %d bytes", artifact.ErrCorrupt, maxIndexName)
			}
		case xml.EndElement:
			if depth == 2 && t.Name.Local == "data" && !yield(now) {
				return nil
			}
			chars = nil
			depth--
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// plainPath says whether s is a relative path of plain names, which means the same below any URL: nothing in it climbs, or needs to be escaped.
func plainPath(s string) bool {
	if s == "" || path.Clean(s) != s || s[0] == '/' || s == "." || s == ".." || strings.HasPrefix(s, "../") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._~+-/", r)
	})
}

// show quotes a piece of an index, cut to what a message can hold.
func show(s string) string {
	const most = 120
	if len(s) > most {
		s = s[:most] + "..."
	}
	return fmt.Sprintf("%q", s)
}
