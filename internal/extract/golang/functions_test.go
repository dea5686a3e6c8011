package golang_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// calls is a program of which it is known what is linked: functions that are called, inlined, taken as values, reached through interfaces, generic;
// and some that are never called.
var calls = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sightline-calls-")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod": "module example.com/calls\n\ngo 1.25\n\nrequire (\n\texample.com/lib.v2 v1.0.0\n\texample.com/idle v1.0.0\n)\n" +
			"replace example.com/lib.v2 => ./lib\nreplace example.com/idle => ./idle\n",
		"idle/go.mod":  "module example.com/idle\n\ngo 1.25\n",
		"idle/idle.go": "package idle\n\ntype Kind int\n\nfunc Never() { println(\"idle\") }\n",
		"lib/go.mod":   "module example.com/lib.v2\n\ngo 1.25\n",
		"lib/lib.go": `package lib

func Inlined(x int) int { return x*3 + 1 }

//go:noinline
func Called(x int) int { println(x); return x }

//go:noinline
func Never(x int) int { println("never", x); return x }

func NeverSmall() int { return 7 }

type T struct{ n int }

//go:noinline
func (t *T) Pointer() int { println("p"); return t.n }

//go:noinline
func (t T) Value() int { println("v"); return t.n }

//go:noinline
func (t *T) AsValue() { println("method value") }

//go:noinline
func (t *T) Never() { println("never") }

type Map[K comparable, V any] struct{ m map[K]V }

//go:noinline
func (m *Map[K, V]) Put(k K, v V) { if m.m == nil { m.m = map[K]V{} }; m.m[k] = v }

//go:noinline
func (m *Map[K, V]) Never() { println("never") }

//go:noinline
func Generic[A any](a A) A { println("generic"); return a }

//go:noinline
func NeverGeneric[A any](a A) A { println("never"); return a }

type Outer struct{ T }

func Closure() func() { return func() { println("closure") } }

type I interface{ Do() }
type impl struct{}

func (impl) Do() { println("do") }
func New() I { return impl{} }
`,
		"lib/deep/deep.go": "package deep\n\nfunc F() { println(\"deep\") }\n",
		"main.go": `package main

import (
	"os"

	"example.com/idle"
	lib "example.com/lib.v2"
	"example.com/lib.v2/deep"
)

type wide struct{ a, b, c string }

func main() {
	deep.F()
	var kind idle.Kind
	n := lib.Inlined(len(os.Args)) + lib.Called(1) + int(kind)
	t := &lib.T{}
	n += t.Pointer() + t.Value()
	f := t.AsValue
	if len(os.Args) > 1 { f = func() {} }
	f()
	var m lib.Map[wide, []map[string]wide]
	m.Put(wide{}, nil)
	lib.Generic(wide{})
	lib.Generic(n)
	o := &lib.Outer{}
	n += o.Pointer()
	lib.Closure()()
	lib.New().Do()
	os.Exit(n)
}
`,
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
})

func compileCalls(t testing.TB, env []string, flags ...string) (string, []byte) {
	t.Helper()
	dir, err := calls()
	if err != nil {
		t.Fatal(err)
	}
	return compileIn(t, dir, env, flags...)
}

func symbolsOf(t testing.TB, facts extract.Facts) *inventory.Symbols {
	t.Helper()
	if len(facts.Packages) == 0 {
		t.Fatal("no packages")
	}
	s := facts.Packages[0].Symbols
	for _, p := range facts.Packages {
		if p.Symbols != s {
			t.Errorf("%s does not share the binary's symbols", p.Name)
		}
	}
	return s
}

// nm lists the Go functions of a binary as the go tool does.
func nm(t testing.TB, file string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "tool", "nm", file).Output()
	if err != nil {
		t.Fatalf("go tool nm: %v", err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != "T" && f[1] != "t" {
			continue
		}
		name := strings.TrimSuffix(strings.Join(f[2:], " "), ".abi0")
		// What the linker itself makes is in no function table; nor are C functions.
		made := strings.HasPrefix(name, "go:") || strings.HasPrefix(name, "type:") || strings.HasPrefix(name, "runtime.text") ||
			strings.HasPrefix(name, "runtime.etext") || !strings.Contains(name, ".") || strings.HasPrefix(name, "_") ||
			strings.Contains(name, ".args_stackmap")
		if !made {
			names = append(names, name)
		}
	}
	return names
}

func TestFunctionsOfBinaries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		env       []string
		flags     []string
		cc        bool
		long      bool
		nm        bool
		noinlines bool
	}{
		{name: "plain", nm: true},
		{name: "stripped", flags: []string{"-ldflags=-s -w"}},
		{name: "trimpath without build id", flags: []string{"-trimpath", "-ldflags=-s -w -buildid="}},
		{name: "without inlining", flags: []string{"-gcflags=all=-l"}, nm: true, noinlines: true, long: true},
		{name: "position independent", flags: []string{"-buildmode=pie"}, nm: true},
		{name: "external linker, stripped", env: []string{"CGO_ENABLED=1"}, flags: []string{"-ldflags=-linkmode=external -s -w"}, cc: true},
		{name: "external linker, position independent", env: []string{"CGO_ENABLED=1"}, flags: []string{"-buildmode=pie", "-ldflags=-linkmode=external"}, cc: true},
		{name: "windows", env: []string{"GOOS=windows", "GOARCH=amd64"}, flags: []string{"-ldflags=-s -w"}, long: true},
		{name: "darwin", env: []string{"GOOS=darwin", "GOARCH=arm64"}, flags: []string{"-ldflags=-s -w"}, long: true},
		{name: "32 bits", env: []string{"GOOS=linux", "GOARCH=386"}, flags: []string{"-ldflags=-s -w"}, long: true},
		{name: "big endian", env: []string{"GOOS=linux", "GOARCH=s390x"}, nm: true, long: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.long && testing.Short() {
				t.Skip("compiles the standard library again")
			}
			if _, err := exec.LookPath("gcc"); c.cc && err != nil {
				t.Skip("gcc is not installed")
			}
			file, b := compileCalls(t, c.env, c.flags...)
			s := symbolsOf(t, both(t, b))
			checkCalls(t, s, c.noinlines)
			if c.nm {
				for _, name := range nm(t, file) {
					if !s.Has(name) {
						t.Errorf("go tool nm lists %s", name)
					}
				}
			}
			t.Logf("%d functions", s.Len())
		})
	}
}

// checkCalls checks what calls links and what not.
func checkCalls(t *testing.T, s *inventory.Symbols, noinlines bool) {
	t.Helper()
	if ok, why := s.Known(); !ok {
		t.Fatalf("not known: %s", why)
	}
	const lib = "example.com/lib.v2"
	for _, name := range []string{
		"Inlined", "Called", "T.Pointer", "(*T).Pointer", "T.Value", "T.AsValue", "Map.Put", "(*Map[K,V]).Put", "Generic", "impl.Do",
	} {
		if !s.HasSymbol(lib, name) {
			t.Errorf("%s is linked", name)
		}
	}
	for _, name := range []string{"Never", "NeverSmall", "T.Never", "Map.Never", "NeverGeneric", "Inline", "inlined", "Pointer", "T", ""} {
		if s.HasSymbol(lib, name) {
			t.Errorf("%s is not linked", name)
		}
	}
	// Inlined, and then nothing is left of them but what they lead to: the table does not know of them.
	for _, name := range []string{"New", "Closure"} {
		if got := s.HasSymbol(lib, name); got != noinlines {
			t.Errorf("%s is linked: %v", name, got)
		}
	}
	for path, want := range map[string]bool{
		lib: true, lib + "/deep": true, "example.com/idle": false, "example.com/calls": true, "main": true, "os": true,
		"net/http": false, "example.com/lib": false, "example.com": false,
	} {
		if got := s.HasPackage(path); got != want {
			t.Errorf("HasPackage(%s) is %v", path, got)
		}
	}
	if !s.HasSymbol("example.com/calls", "main") || s.HasSymbol("example.com/calls", "other") {
		t.Error("the main package is not known by its path")
	}
	if !s.HasModule(lib) || !s.HasModule("example.com") || s.HasModule("example.com/idle") {
		t.Error("modules")
	}
}

// Without section headers, as sstrip leaves it, what is mapped is searched.
func TestFunctionsWithoutSections(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"fixed": {"-ldflags=-s -w"}, "position independent": {"-ldflags=-s -w", "-buildmode=pie"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, b := compileCalls(t, nil, flags...)
			le := binary.LittleEndian
			clear(b[le.Uint64(b[40:]):][:le.Uint16(b[60:])*le.Uint16(b[58:])])
			le.PutUint64(b[40:], 0)
			le.PutUint16(b[60:], 0)
			le.PutUint16(b[62:], 0)
			checkCalls(t, symbolsOf(t, both(t, b)), false)
		})
	}
}

func TestFunctionsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	_, whole := compileCalls(t, nil)
	f, err := elf.NewFile(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	section := f.Section(".gopclntab")
	for name, c := range map[string]struct {
		damage func(b, table []byte)
		why    string
	}{
		"the table is wiped":  {func(_, table []byte) { clear(table) }, "not found"},
		"the names are wiped": {func(_, table []byte) { clear(table[72:]) }, "not whole"},
		"the packages have others": {func(b, _ []byte) {
			copy(b, bytes.ReplaceAll(b, []byte("\x00example.com/lib"), []byte("\x00h3kd9fj.com/lib")))
		}, "changed"},
		"a table of Go 1.15":        {func(_, table []byte) { copy(table, "\xfb") }, "inlined"},
		"a table of later versions": {func(_, table []byte) { copy(table, "\xf2") }, "not found"},
		"names past the end":        {func(_, table []byte) { binary.LittleEndian.PutUint64(table[40:], 1<<40) }, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bytes.Clone(whole)
			c.damage(b, b[section.Offset:][:section.Size])
			facts := both(t, b)
			ok, why := symbolsOf(t, facts).Known()
			if ok || !strings.Contains(why, c.why) {
				t.Errorf("known is %v, %q; want %q", ok, why, c.why)
			}
			if len(facts.Packages) != 4 {
				t.Errorf("packages are %q", list(facts.Packages))
			}
		})
	}
}

// A binary that carries another one, as go:embed does, keeps its own functions where sections have names; where all has to be searched,
// there are two tables and no way to tell.
func TestBinaryInsideABinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, inner := compileCalls(t, nil, "-ldflags=-s -w")
	for name, text := range map[string]string{
		"go.mod":    "module example.com/outer\n\ngo 1.25\n",
		"main.go":   "package main\n\nimport _ \"embed\"\n\n//go:embed inner.bin\nvar inner string\n\nfunc main() { println(len(inner), inner[:4]) }\n",
		"inner.bin": string(inner),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, b := compileIn(t, dir, nil, "-ldflags=-s -w")
	s := symbolsOf(t, both(t, b))
	if ok, why := s.Known(); !ok || s.HasPackage("example.com/lib.v2") || !s.HasSymbol("example.com/outer", "main") {
		t.Errorf("known is %v %q, and it has the inner program's functions: %v", ok, why, s.HasPackage("example.com/lib.v2"))
	}
	if testing.Short() {
		return
	}
	_, b = compileIn(t, dir, []string{"GOOS=windows", "GOARCH=amd64"}, "-ldflags=-s -w")
	if ok, why := symbolsOf(t, both(t, b)).Known(); ok || !strings.Contains(why, "more than one") {
		t.Errorf("known is %v %q", ok, why)
	}
}

// The go tool's own modules are linked under cmd/vendor.
func TestFunctionsOfTheGoTool(t *testing.T) {
	t.Parallel()
	file, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool is not installed")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := symbolsOf(t, both(t, b))
	if ok, why := s.Known(); !ok || !s.HasSymbol("golang.org/x/mod/modfile", "Parse") || s.HasPackage("golang.org/x/mod/zip/none") {
		t.Errorf("known is %v %s", ok, why)
	}
}

func BenchmarkFunctions(b *testing.B) {
	file, err := exec.LookPath("go")
	if err != nil {
		b.Skip("the go tool is not installed")
	}
	if f := os.Getenv("SIGHTLINE_GO_BINARY"); f != "" {
		file = f
	}
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	x := newExtractor()
	run := func(b *testing.B, content func() *random) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		var n int
		for b.Loop() {
			n = symbolsOf(b, extractWith(b, x, content(), len(data))).Len()
		}
		b.ReportMetric(float64(n), "functions")
	}
	b.Run("random", func(b *testing.B) { run(b, func() *random { return &random{r: bytes.NewReader(data)} }) })
	b.Run("stream", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			symbolsOf(b, extractWith(b, x, stream{bytes.NewReader(data)}, len(data)))
		}
	})
}

// tableOf is a function table of one of its forms with these names and n bytes of other things after them.
func tableOf(form uint8, names []byte, n uint16) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if form&1 != 0 {
		order = binary.BigEndian
	}
	magic := []uint32{0xfffffffa, 0xfffffff0, 0xfffffff1, 0xfffffff1}[form>>2&3]
	words := []uint64{1, 1, 0} // numbers of functions and files, where the code begins
	if magic == 0xfffffffa {
		words = words[:2]
	}
	word := 8
	if form&2 != 0 {
		word = 4
	}
	at := uint64(8 + (len(words)+5)*word)
	end := at + uint64(len(names))
	b := append(order.AppendUint32(nil, magic), 0, 0, 1, byte(word))
	for _, w := range append(words, at, end, end, end, end+uint64(n)) {
		if word == 8 {
			b = order.AppendUint64(b, w)
		} else {
			b = order.AppendUint32(b, uint32(w))
		}
	}
	return append(append(b, names...), make([]byte, n)...)
}

// A table that is whole gives the set of its names, wherever it stands and whoever reads it; one that is damaged gives the same from a
// stream as with random access.
func FuzzFunctions(f *testing.F) {
	f.Add(uint8(0), uint16(3), "runtime.main\x00example.com/dep.F\x00", -1, byte(0))
	f.Add(uint8(7), uint16(4000), "runtime.main\x00main.main\x00\x00x", -1, byte(0))
	f.Add(uint8(8), uint16(0), "runtime.main\x00a.(*T[go.shape.int]).M\x00", 9, byte(200))
	f.Fuzz(func(t *testing.T, form uint8, pad uint16, names string, at int, value byte) {
		if form&1 != 0 {
			form &^= 1 // the headers of elfWith are little endian
		}
		names = strings.TrimRight(names, "\x00") + "\x00runtime.main\x00example.com/dep.Dep\x00"
		tab := tableOf(form, []byte(names), pad%512)
		damaged := at >= 0 && at < len(tab) && tab[at] != value
		if damaged {
			tab[at] = value
		}
		data := append(make([]byte, pad&^15), inline("go1.22.1", framed(someModules))...)
		b := elfWith(data)
		b = append(b, make([]byte, pad%64)...)
		off := len(b)
		b = append(b, tab...)
		programHeader(b[64+56:], uint64(off)-uint64(pad%64), 0x900000, uint64(len(tab))+uint64(pad%64))
		b[64+56+4] = 4 // read only
		b[56] = 2      // program headers
		copy(b[400:], "\x04\x00\x00\x00Go\x00\x00")

		random, streamed := extractContent(t, &random{r: bytes.NewReader(b)}, len(b)), extractContent(t, stream{bytes.NewReader(b)}, len(b))
		got := symbolsOf(t, random)
		if !got.Equal(symbolsOf(t, streamed)) {
			t.Error("a stream gives another set")
		}
		if damaged || strings.Contains(names, "\xff\xff\xff\x00\x00") {
			return
		}
		want := inventory.NewSymbols(func(yield func([]byte) bool) {
			for n := range strings.SplitSeq(names, "\x00") {
				if !yield([]byte(n)) {
					return
				}
			}
		}).WithMain("command-line-arguments")
		if !got.Equal(want) {
			_, why := got.Known()
			t.Errorf("got %d functions (%s), want %d", got.Len(), why, want.Len())
		}
	})
}

// The forms of the function table that earlier versions of Go wrote, from their own compilers: those of which the go tool has a copy.
func TestFunctionsOfEarlierToolchains(t *testing.T) {
	t.Parallel()
	dir, err := calls()
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"go1.15.15", "go1.16.15", "go1.18.10", "go1.21.13"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			if msg, err := goEnv(t, version); err != nil {
				t.Skipf("no toolchain: %v %s", err, msg)
			}
			generic := version > "go1.17"
			old := filepath.Join(t.TempDir(), "calls")
			if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"go.mod", "lib/go.mod", "idle/go.mod", "lib/lib.go", "main.go"} {
				p := filepath.Join(old, name)
				b, err := os.ReadFile(p)
				if err != nil {
					t.Fatal(err)
				}
				text := strings.ReplaceAll(string(b), "go 1.25", "go "+version[2:6])
				if !generic {
					text = regexp.MustCompile(`(?s)type Map.*?\ntype Outer`).ReplaceAllString(text, "\ntype Outer")
					text = regexp.MustCompile(`(?m)^\t(var m lib.Map|m\.Put|lib\.Generic).*$`).ReplaceAllString(text, "")
					text = strings.ReplaceAll(text, "type wide", "type _ ")
				}
				if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, flags := range []string{"-ldflags=", "-ldflags=-s -w"} {
				_, b := compileWith(t, old, []string{"GOTOOLCHAIN=" + version, "GO111MODULE=on", "GOENV=off"}, "-mod=mod", flags)
				facts := extractContent(t, &random{r: bytes.NewReader(b)}, len(b))
				s := symbolsOf(t, facts)
				ok, why := s.Known()
				if version == "go1.15.15" {
					if ok || !strings.Contains(why, "inlined") {
						t.Errorf("known is %v, %q", ok, why)
					}
					continue
				}
				if !ok {
					t.Fatalf("not known: %s", why)
				}
				const lib = "example.com/lib.v2"
				want := []string{"Inlined", "Called", "T.Pointer", "T.Value", "T.AsValue", "impl.Do"}
				if generic {
					want = append(want, "Map.Put", "Generic")
				}
				for _, name := range want {
					if !s.HasSymbol(lib, name) {
						t.Errorf("%s is linked", name)
					}
				}
				for _, name := range []string{"Never", "NeverSmall", "T.Never", "Map.Never", "NeverGeneric"} {
					if s.HasSymbol(lib, name) {
						t.Errorf("%s is not linked", name)
					}
				}
				if !s.HasPackage(lib+"/deep") || s.HasPackage("example.com/idle") {
					t.Error("packages")
				}
			}
		})
	}
}

// goEnv asks the go tool for one of its toolchains, without the network.
func goEnv(t *testing.T, version string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "version")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+version, "GOPROXY=off", "GOFLAGS=", "GOENV=off")
	msg, err := cmd.CombinedOutput()
	return string(msg), err
}
