package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/executable"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// binaries finds version strings in executables and libraries.
type binaries struct {
	windows *sync.Pool // of *[windowSize]byte
}

var _ extract.Extractor = (*binaries)(nil)

func newBinaries() *binaries {
	return &binaries{windows: &sync.Pool{New: func() any { return new([windowSize]byte) }}}
}

func (*binaries) Name() string  { return "upstream" }
func (*binaries) Revision() int { return 1 }

// Claims names the files, not all executables: those are many. Libraries have names that end in a number.
func (*binaries) Claims() []extract.Claim {
	var claims []extract.Claim
	claim := func(c extract.Claim) {
		c.Stream, c.NoSymlink, c.Head = true, true, executable.Magic
		claims = append(claims, c)
	}
	for base := range exactly {
		claim(extract.Claim{Base: base})
	}
	known := func(p string) bool { return programOf(p) != nil }
	claim(extract.Claim{Suffix: ".so", Match: known})
	for n := range 100 {
		claim(extract.Claim{Suffix: "." + strconv.Itoa(n), Match: known})
	}
	for n := range 20 {
		for flag := range strings.SplitSeq("d m mu dm t", " ") { // python3.7m, python3.13t
			claim(extract.Claim{Suffix: "." + strconv.Itoa(n) + flag, Match: known})
		}
	}
	for letter := 'a'; letter <= 'z'; letter++ {
		for _, n := range []string{".0", ".1", ".2"} { // RHEL's libcrypto.so.1.1.1k
			claim(extract.Claim{Suffix: n + string(letter), Match: known})
		}
	}
	return claims
}

const (
	windowSize = 64 << 10
	lookBehind = 64
	lookAhead  = 192
)

func (b *binaries) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	p := programOf(file.Path)
	if p == nil {
		return nil
	}
	window := b.windows.Get().(*[windowSize]byte)
	defer b.windows.Put(window)
	best, err := p.search(ctx, file.Reader(), window[:])
	if err != nil || best.version == "" {
		return err
	}
	name := p.name
	if name == "mysql" && strings.HasSuffix(best.text, "MariaDB") {
		name = "mariadb"
	}
	facts.Packages = append(facts.Packages, found(name, best.version, "version string", best.text))
	return nil
}

// hit is a version, and the text that says it.
type hit struct{ version, text string }

// search reads r to its end, or to the first version where that one counts, through a window that keeps what an anchor near its end needs.
func (p *program) search(ctx context.Context, r io.Reader, window []byte) (best hit, err error) {
	n, start := 0, 0
	for {
		if err := ctx.Err(); err != nil {
			return hit{}, err
		}
		m, err := io.ReadFull(r, window[n:])
		n += m
		atEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !atEnd {
			return hit{}, err
		}
		end := n // of the places where an anchor may begin
		if !atEnd {
			end = n - lookAhead
		}
		for i := range p.anchors {
			h := p.anchors[i].scan(window[:n], start, end, p.last)
			if h.version == "" || best.version != "" && !later(h.version, best.version) {
				continue
			}
			if best = h; !p.last {
				return best, nil
			}
		}
		if atEnd {
			return best, nil
		}
		keep := end - lookBehind
		copy(window, window[keep:n])
		n, start = n-keep, lookBehind
	}
}

func later(a, b string) bool {
	c, err := version.Compare(purl.Upstream, a, b)
	return err == nil && c > 0
}

// scan looks for the anchor where it begins in window[start:end]: the first that has a version, or the highest.
func (a *anchor) scan(window []byte, start, end int, highest bool) (best hit) {
	until := min(len(window), end+len(a.text)-1)
	for start < end {
		i := bytes.Index(window[start:until], []byte(a.text))
		if i < 0 {
			break
		}
		i += start
		start = i + 1
		h := a.read(window, i)
		if h.version == "" || best.version != "" && !later(h.version, best.version) {
			continue
		}
		if best = h; !highest {
			break
		}
	}
	return best
}

// read takes the version at an anchor that begins at i.
func (a *anchor) read(window []byte, i int) hit {
	if a.behind {
		return a.before(window, i)
	}
	at := i + len(a.text) - a.hidden
	if i > 0 && a.form.notPast != 0 && (window[i-1] == a.form.notPast || isDigit(a.text[0]) && isDigit(window[i-1])) {
		return hit{}
	}
	n := a.form.length(window[at:])
	if n == 0 {
		return hit{}
	}
	v := string(window[at : at+n])
	return hit{a.form.clean(v), strings.Trim(a.text[:len(a.text)-a.hidden], "\x00 ") + separator(a) + v}
}

func separator(a *anchor) string {
	if shown := a.text[:len(a.text)-a.hidden]; strings.HasSuffix(shown, " ") && strings.Trim(shown, " ") != "" {
		return " "
	}
	return ""
}

// before takes the version that ends where the anchor begins.
func (a *anchor) before(window []byte, i int) hit {
	at := i
	for at > 0 && i-at < 32 && (isDigit(window[at-1]) || window[at-1] == '.') {
		at--
	}
	if n := a.form.length(window[at:i]); n == 0 || n != i-at {
		return hit{}
	}
	v := string(window[at:i])
	return hit{v, v + a.text}
}
