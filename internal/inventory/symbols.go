package inventory

import (
	"hash/maphash"
	"slices"
)

// Symbols is the set of functions linked into a Go binary. It keeps hashes and not names: a large binary has a hundred thousand.
// A set that could not be read says so: nothing can be told from it.
type Symbols struct {
	known  bool
	hashes []uint64 // sorted
	why    string
}

// symbolSeed is one for the process: sets are made and asked in one run and never stored.
var symbolSeed = maphash.MakeSeed()

// NewSymbols makes a set of function names as the binary's function table has them: "net/http.(*Server).Serve", "golang.org/x/net/html.Parse",
// with type arguments as "[...]".
func NewSymbols(names func(yield func(name []byte) bool)) *Symbols {
	s := &Symbols{known: true}
	for name := range names {
		s.hashes = append(s.hashes, maphash.Bytes(symbolSeed, name))
	}
	slices.Sort(s.hashes)
	s.hashes = slices.Clip(slices.Compact(s.hashes))
	return s
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
func (s *Symbols) Len() int { return len(s.hashes) }

// Has says whether the function is in the set: its name as in the binary's function table.
func (s *Symbols) Has(name string) bool {
	_, ok := slices.BinarySearch(s.hashes, maphash.String(symbolSeed, name))
	return ok
}
