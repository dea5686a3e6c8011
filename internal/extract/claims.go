package extract

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Table answers, with a few map look-ups, which extractors want a file. It is made once and read by all walkers.
type Table struct {
	extractors []Extractor
	paths      map[string][]target
	bases      map[string][]target
	suffixes   map[string][]target
	dirs       map[string][]target
	executable []target
}

// target is one extractor that wants a file, and the claim by which it does.
type target struct {
	extractor int
	claim     *Claim
}

// NewTable makes the table of the claims that hold for artifacts of one kind. An extractor that claims a file twice
// sees it once, by the claim it lists first.
func NewTable(kind artifact.Kind, extractors []Extractor) *Table {
	t := &Table{
		extractors: extractors,
		paths:      map[string][]target{},
		bases:      map[string][]target{},
		suffixes:   map[string][]target{},
		dirs:       map[string][]target{},
	}
	for i, x := range extractors {
		for _, c := range x.Claims() {
			if len(c.In) > 0 && !slices.Contains(c.In, kind) {
				continue
			}
			tg := target{extractor: i, claim: &c}
			switch {
			case c.Path != "":
				t.paths[c.Path] = append(t.paths[c.Path], tg)
			case c.Base != "":
				t.bases[c.Base] = append(t.bases[c.Base], tg)
			case c.Suffix != "":
				t.suffixes[c.Suffix] = append(t.suffixes[c.Suffix], tg)
			case c.Dir != "":
				t.dirs[c.Dir] = append(t.dirs[c.Dir], tg)
			case c.Executable:
				t.executable = append(t.executable, tg)
			}
		}
	}
	return t
}

// lookup appends the targets of a file to buf.
func (t *Table) lookup(path string, mode fs.FileMode, buf []target) []target {
	dir, base := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, base = path[:i], path[i+1:]
	}
	ext := ""
	if i := strings.LastIndexByte(base, '.'); i >= 0 {
		ext = base[i:]
	}
	start := len(buf)
	buf = add(buf, start, t.paths[path], path)
	buf = add(buf, start, t.bases[base], path)
	if ext != "" {
		buf = add(buf, start, t.suffixes[ext], path)
	}
	buf = add(buf, start, t.dirs[dir], path)
	if mode&0o111 != 0 || ext == ".exe" || ext == ".so" || ext == ".dll" || strings.HasSuffix(dir, "bin") {
		buf = add(buf, start, t.executable, path)
	}
	return buf
}

func add(buf []target, start int, found []target, path string) []target {
	for _, f := range found {
		twice := slices.ContainsFunc(buf[start:], func(b target) bool { return b.extractor == f.extractor })
		if !twice && (f.claim.Match == nil || f.claim.Match(path)) {
			buf = append(buf, f)
		}
	}
	return buf
}

// places lists the claims whose place is what counts, and which are therefore followed through symbolic links.
func (t *Table) places() (paths, dirs []string) {
	for p := range t.paths {
		paths = append(paths, p)
	}
	for d := range t.dirs {
		dirs = append(dirs, d)
	}
	slices.Sort(paths)
	slices.Sort(dirs)
	return paths, dirs
}
