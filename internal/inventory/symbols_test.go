package inventory_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/inventory"
)

func setOf(names ...string) *inventory.Symbols {
	return inventory.NewSymbols(func(yield func([]byte) bool) {
		var buf []byte // one for all names: the set must not keep it
		for _, n := range names {
			if buf = append(buf[:0], n...); !yield(buf) {
				return
			}
		}
	})
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	s := setOf(
		"net/http.(*Server).Serve", "golang.org/x/net/html.Parse", "gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3.(*Decoder).Decode",
		"example.com/x.Value.Method", "example.com/x.F[...]", "example.com/x.G[go.shape.struct { a/b.c map[string][]int }]",
		"example.com/x.(*Map[go.shape.string,go.shape.int]).Get", "example.com/x.Closed.func1.2", "example.com/x.(*T).M.func1", "example.com/x.(*T).Wrapped-fm",
		"example.com/x.Ranged-range1", "example.com/x.Deferred.deferwrap1", "example.com/x.Gone.gowrap2", "example.com/x.init.0.func1", "example.com/x.glob..func1",
		"cmd/vendor/golang.org/x/mod/module.Check", "vendor/golang.org/x/text/unicode/norm.Form.String", "main.main", "main.(*app).run",
		"example.com/fork/was/v2/sub.Do", "type:.eq.[2]example.com/eq.T", "type..eq.example.com/eq.T", "go:buildid", "nodot", ".x", "",
		"example.com/é.F", "example.com/%c3%a9.F",
	)
	for _, c := range []struct {
		path, symbol string
		want         bool
	}{
		{"net/http", "Server.Serve", true},
		{"net/http", "(*Server).Serve", true},
		{"net/http", "Server", false},
		{"net/http", "Serve", false},
		{"http", "Server.Serve", false},
		{"golang.org/x/net/html", "Parse", true},
		{"golang.org/x/net/html", "Parser", false},
		{"golang.org/x/net/html", "parse", false},
		{"golang.org/x/net", "html.Parse", false},
		{"gopkg.in/yaml.v3", "Unmarshal", true},
		{"gopkg.in/yaml.v3", "Decoder.Decode", true},
		{"gopkg.in/yaml", "v3.Unmarshal", false},
		{"example.com/x", "Value.Method", true},
		{"example.com/x", "(*Value).Method", true},
		{"example.com/x", "F", true},
		{"example.com/x", "F[...]", true},
		{"example.com/x", "G", true},
		{"example.com/x", "Map.Get", true},
		{"example.com/x", "Map[...].Get", true},
		{"example.com/x", "(*Map[K,V]).Get", true},
		{"example.com/x", "Map.Put", false},
		{"example.com/x", "Closed", true},
		{"example.com/x", "T.M", true},
		{"example.com/x", "T.Wrapped", true},
		{"example.com/x", "Ranged", true},
		{"example.com/x", "Deferred", true},
		{"example.com/x", "Gone", true},
		{"example.com/x", "init", true},
		{"golang.org/x/mod/module", "Check", true},
		{"golang.org/x/text/unicode/norm", "Form.String", false}, // the standard library's own copy
		{"vendor/golang.org/x/text/unicode/norm", "Form.String", true},
		{"example.com/eq", "T", false},
		{"example.com/é", "F", true},
		{"main", "app.run", true},
		{"", "x", false},
		{"", "", false},
		{"nodot", "", false},
	} {
		if got := s.HasSymbol(c.path, c.symbol); got != c.want {
			t.Errorf("HasSymbol(%q, %q) is %v", c.path, c.symbol, got)
		}
	}
	for path, want := range map[string]bool{
		"net/http": true, "net": false, "golang.org/x/net/html": true, "golang.org/x/net": false, "gopkg.in/yaml.v3": true,
		"gopkg.in/yaml": false, "golang.org/x/mod/module": true, "golang.org/x/text/unicode/norm": false, "example.com/eq": false, "": false,
	} {
		if got := s.HasPackage(path); got != want {
			t.Errorf("HasPackage(%q) is %v", path, got)
		}
	}
	for path, want := range map[string]bool{
		"golang.org/x/net": true, "golang.org/x/net/html": true, "golang.org/x/ne": false, "gopkg.in/yaml.v3": true, "golang.org/x/mod": true,
		"example.com/other": false, "": false,
	} {
		if got := s.HasModule(path); got != want {
			t.Errorf("HasModule(%q) is %v", path, got)
		}
	}
	if !s.Has("net/http.(*Server).Serve") || !s.Has("gopkg.in/yaml%2ev3.Unmarshal") || s.Has("net/http.(*Server).Close") || s.Has("go:buildid") || s.Has("") {
		t.Error("Has, with names as in the function table")
	}
}

func TestSymbolsUnderOtherPaths(t *testing.T) {
	t.Parallel()
	s := setOf("main.main", "example.com/was/v2/sub.Do", "gopkg.in/was%2ev1.Do")
	if s.HasSymbol("example.com/cmd/tool", "main") || s.HasSymbol("example.com/fork/sub", "Do") {
		t.Error("paths are known that were not told")
	}
	s = s.WithMain("example.com/cmd/tool").WithReplaced(map[string]string{"example.com/fork": "example.com/was/v2", "example.com/y": "gopkg.in/was.v1"})
	if !s.HasSymbol("example.com/cmd/tool", "main") || !s.HasPackage("example.com/cmd/tool") || !s.HasModule("example.com") || s.HasSymbol("example.com/cmd/tool", "x") {
		t.Error("main package")
	}
	if !s.HasSymbol("example.com/fork/sub", "Do") || !s.HasSymbol("example.com/was/v2/sub", "Do") || !s.HasPackage("example.com/fork/sub") ||
		!s.HasModule("example.com/fork") || s.HasSymbol("example.com/forked/sub", "Do") || !s.HasSymbol("example.com/y", "Do") {
		t.Error("replaced modules")
	}
}

func TestSymbolsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	var unread *inventory.Symbols
	for _, c := range []struct {
		s    *inventory.Symbols
		want bool
		why  string
	}{
		{setOf("main.main"), true, ""},
		{setOf(), true, ""},
		{inventory.NoSymbols("its function table was stripped"), false, "its function table was stripped"},
		{inventory.NoSymbols("why").WithMain("x"), false, "why"},
		{unread, false, "its functions were not read"},
	} {
		if ok, why := c.s.Known(); ok != c.want || why != c.why {
			t.Errorf("known is %v, %q; want %v, %q", ok, why, c.want, c.why)
		}
	}
	if !setOf("main.main", "main.f").Equal(setOf("main.f", "main.main", "main.f")) || setOf("main.f").Equal(setOf("main.g")) || setOf().Equal(unread) {
		t.Error("Equal")
	}
	if n := setOf("main.f", "main.f.func1", "main.(*T).M", "main.T.M").Len(); n != 2 {
		t.Errorf("%d functions, want 2", n)
	}
}

// Whatever a function table holds, what is in it is found, and the same as the name says.
func FuzzSymbols(f *testing.F) {
	f.Add("net/http.(*Server).Serve\x00gopkg.in/yaml%2ev3.Unmarshal\x00a.F[b/c.D].func1", "a", "F")
	f.Add("a/vendor/b.c\x00vendor/b.c\x00type:.eq.x\x00a.b-c.d\x00..", "b", "c")
	f.Add("x.(*struct { a.b }).C\x00[.x\x00/.\x00a.[]]b", "x", "(*T).M")
	f.Fuzz(func(t *testing.T, table, path, symbol string) {
		names := strings.Split(table, "\x00")
		s := setOf(names...)
		if s.Len() > len(names) {
			t.Errorf("%d functions of %d names", s.Len(), len(names))
		}
		found := 0
		for _, n := range names {
			if s.Has(n) {
				found++
			} else if !strings.HasPrefix(n, "type") && !strings.HasPrefix(n, "go:") && declares(n) {
				t.Errorf("%q is not in the set made of it", n)
			}
		}
		if (found > 0) != (s.Len() > 0) {
			t.Errorf("%d of the names are in a set of %d", found, s.Len())
		}
		slices.Reverse(names)
		if !s.Equal(setOf(names...)) {
			t.Error("the order of names counts")
		}
		if s.HasSymbol(path, symbol) && s.Len() == 0 {
			t.Errorf("%q.%q is in an empty set", path, symbol)
		}
	})
}

// declares says whether a name has a path and a dot.
func declares(name string) bool {
	head, _, _ := strings.Cut(name, "[")
	head, _, _ = strings.Cut(head, "(")
	last := head[strings.LastIndexByte(head, '/')+1:]
	dot := strings.IndexByte(last, '.')
	if dot == 0 && strings.HasSuffix(head[:len(head)-len(last)], "/vendor/") {
		return false // of the path nothing is left behind the folder of copies
	}
	return dot > 0 || dot == 0 && len(head) > len(last)
}

func BenchmarkNewSymbols(b *testing.B) {
	var names [][]byte
	for i := range 100_000 {
		names = append(names, bytes.Repeat([]byte{'a' + byte(i%26)}, 1+i%40))
		names[i] = append([]byte("github.com/example/module/internal/pkg"+string(names[i][:1])+".(*Type)."), names[i]...)
	}
	b.ReportAllocs()
	for b.Loop() {
		inventory.NewSymbols(func(yield func([]byte) bool) {
			for _, n := range names {
				if !yield(n) {
					return
				}
			}
		})
	}
}
