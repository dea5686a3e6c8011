package inventory

import (
	"bytes"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
)

// Symbols is the set of functions linked into a Go binary, inlined ones among them. It keeps hashes and not names: a large binary has a
// hundred thousand. A set that could not be read says so: nothing can be told from it.
//
// A function is in the set under its package and its name or, for a method, the type's and its own. What does not tell two declarations apart is
// left out: whether the receiver is a pointer, type arguments, closures inside ("f.func1" says that f is there), wrappers ("f-fm"). A package
// that a vendor folder brought is there under its own path. A function that was inlined and of which no instruction was left ("return 7",
// "return &T{}") is not there, what it leads to is.
type Symbols struct {
	known     bool
	functions []uint64 // sorted
	packages  []uint64 // sorted; import paths
	modules   []uint64 // sorted; import paths and their parents
	main      string   // the import path of what the binary calls "main"
	replaced  map[string]string
	why       string
	binaries  []*Symbols // where set, the sets of several binaries
}

// Binaries are the sets of the binaries that a package is part of: one, or those that were put [Together].
func (s *Symbols) Binaries() []*Symbols {
	if s.binaries != nil {
		return s.binaries
	}
	return []*Symbols{s}
}

// Together is for a package that is part of several binaries in one version: what one of them has linked is linked. Nil stands for no binary.
func Together(a, b *Symbols) *Symbols {
	switch {
	case a == nil || a == b:
		return b
	case b == nil:
		return a
	}
	all := &Symbols{binaries: slices.Clone(a.Binaries())}
	for _, s := range b.Binaries() {
		if !slices.Contains(all.binaries, s) {
			all.binaries = append(all.binaries, s)
		}
	}
	if len(all.binaries) == 1 {
		return all.binaries[0]
	}
	return all
}

// symbolSeed is one for the process: sets are made and asked in one run and never stored.
var symbolSeed = maphash.MakeSeed()

// NewSymbols makes a set of function names as the binary's function table has them: "net/http.(*Server).Serve", "golang.org/x/net/html.Parse",
// "gopkg.in/yaml%2ev3.Unmarshal". The names are read one by one and may change after.
func NewSymbols(names func(yield func(name []byte) bool)) *Symbols {
	s := &Symbols{known: true}
	var key []byte
	seen := map[uint64]struct{}{} // hashes of packages
	for name := range names {
		var path int
		if key, path = declaration(key[:0], name); path <= 0 {
			continue
		}
		s.functions = append(s.functions, maphash.Bytes(symbolSeed, key))
		h := maphash.Bytes(symbolSeed, key[:path])
		if _, known := seen[h]; known {
			continue
		}
		seen[h] = struct{}{}
		s.packages = append(s.packages, h)
		s.modules = append(s.modules, h)
		for p := key[:path]; ; {
			i := bytes.LastIndexByte(p, '/')
			if i < 0 {
				break
			}
			p = p[:i]
			// Dots are escaped in the last element of a package's path: as a parent it has them as they are.
			s.modules = append(s.modules, maphash.Bytes(symbolSeed, p))
		}
	}
	for _, list := range []*[]uint64{&s.functions, &s.packages, &s.modules} {
		slices.Sort(*list)
		*list = slices.Clip(slices.Compact(*list))
	}
	return s
}

// WithMain gives the same set, which knows the import path of the binary's main package: its functions are called "main.f".
func (s *Symbols) WithMain(importPath string) *Symbols {
	t := *s
	t.main = importPath
	return &t
}

// WithReplaced gives the same set, which knows of modules that were linked in place of others, under the others' paths: linkedAs has those by
// the modules' own. The map is not changed after.
func (s *Symbols) WithReplaced(linkedAs map[string]string) *Symbols {
	t := *s
	t.replaced = linkedAs
	return &t
}

// NoSymbols is the set of a binary whose functions cannot be told, and why: "its function table was stripped".
func NoSymbols(why string) *Symbols { return &Symbols{why: why} }

// Known says whether the set can be asked; if not, why.
func (s *Symbols) Known() (ok bool, why string) {
	if s == nil {
		return false, "its functions were not read"
	}
	return s.known, s.why
}

// Len is the number of functions.
func (s *Symbols) Len() int { return len(s.functions) }

// Has says whether the function is in the set: its name as in the binary's function table.
func (s *Symbols) Has(name string) bool {
	key, path := declaration(nil, []byte(name))
	return path > 0 && has(s.functions, key)
}

// HasSymbol says whether a function or method of a package is in the set, as advisories name them: "Parse", "Server.Serve". The receiver may
// be written as a pointer, and with type arguments.
func (s *Symbols) HasSymbol(importPath, symbol string) bool {
	return slices.ContainsFunc(s.paths(importPath), func(p string) bool { return s.Has(p + "." + symbol) })
}

// HasPackage says whether any function of a package is in the set.
func (s *Symbols) HasPackage(importPath string) bool {
	return slices.ContainsFunc(s.paths(importPath), func(p string) bool { return has(s.packages, []byte(p)) })
}

// HasModule says whether any function of the packages at and below a path is in the set.
func (s *Symbols) HasModule(path string) bool {
	return path != "" && strings.HasPrefix(s.main+"/", path+"/") || has(s.modules, []byte(path)) ||
		slices.ContainsFunc(s.paths(path), func(p string) bool { return has(s.modules, []byte(p)) })
}

// paths are the ways in which the function table may write an import path.
func (s *Symbols) paths(importPath string) []string {
	paths := []string{escapePath(importPath)}
	if s.main != "" && importPath == s.main {
		paths = append(paths, "main")
	}
	for module := importPath; len(s.replaced) > 0; {
		if as, ok := s.replaced[module]; ok {
			paths = append(paths, escapePath(as+importPath[len(module):]))
		}
		i := strings.LastIndexByte(module, '/')
		if i < 0 {
			break
		}
		module = module[:i]
	}
	return paths
}

// Equal says whether two sets give the same answers.
func (s *Symbols) Equal(t *Symbols) bool {
	if s == nil || t == nil {
		return s == t
	}
	return s.known == t.known && s.why == t.why && s.main == t.main && maps.Equal(s.replaced, t.replaced) &&
		slices.Equal(s.functions, t.functions) && slices.Equal(s.packages, t.packages) && slices.Equal(s.modules, t.modules)
}

func has(list []uint64, key []byte) bool {
	_, ok := slices.BinarySearch(list, maphash.Bytes(symbolSeed, key))
	return ok
}

// escapePath writes an import path as the linker does, see PathToPrefix in cmd/internal/objabi.
func escapePath(p string) string {
	slash := strings.LastIndexByte(p, '/')
	plain := func(i int) bool {
		c := p[i]
		return c > ' ' && (c != '.' || i < slash) && c != '%' && c != '"' && c < 0x7f
	}
	var b []byte
	for i := range len(p) {
		const hex = "0123456789abcdef"
		switch {
		case !plain(i):
			if b == nil {
				b = append(make([]byte, 0, len(p)+8), p[:i]...)
			}
			b = append(b, '%', hex[p[i]>>4], hex[p[i]&15])
		case b != nil:
			b = append(b, p[i])
		}
	}
	if b == nil {
		return p
	}
	return string(b)
}

// declaration appends to dst what a name of a function table says of its declaration, "path.Func" or "path.Type.Method", and gives the
// length of the path. It gives zero for what the compiler made (type..eq, go:...).
func declaration(dst, name []byte) (key []byte, path int) {
	dot := -1
	for i, c := range name {
		if c == '/' {
			dot = -1
		} else if c == '.' && dot < 0 {
			dot = i
		} else if c == '[' || c == '(' {
			break
		}
	}
	if dot <= 0 || bytes.HasPrefix(name, []byte("type:")) || bytes.HasPrefix(name, []byte("type..")) || bytes.HasPrefix(name, []byte("go:")) {
		return dst, 0
	}
	from := 0
	if vendor := []byte("/vendor/"); bytes.Contains(name[:dot], vendor) {
		from = bytes.LastIndex(name[:dot], vendor) + len(vendor)
	}
	dst = append(dst, name[from:dot]...)
	path = len(dst)
	dst = append(dst, '.')
	element, elements, depth := len(dst), 1, 0
	for _, c := range name[dot+1:] {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth > 0 || c == '(' || c == ')' || c == '*':
		case c == '-':
			return closed(dst, element, elements), path
		case c == '.':
			if elements == 2 {
				return closed(dst, element, elements), path
			}
			elements++
			dst = append(dst, '.')
			element = len(dst)
		default:
			dst = append(dst, c)
		}
	}
	return closed(dst, element, elements), path
}

// closed takes the second element off where it names no method: "f.func1", "f.gowrap2", "init.0".
func closed(key []byte, element, elements int) []byte {
	if elements < 2 {
		return key
	}
	last := key[element:]
	for _, made := range []string{"func", "gowrap", "deferwrap", ""} {
		number, ok := bytes.CutPrefix(last, []byte(made))
		if ok && !bytes.ContainsFunc(number, func(c rune) bool { return c < '0' || c > '9' }) {
			return key[:element-1]
		}
	}
	return key
}
