package rust_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/rust"
)

// stream is content without random access.
type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

func extractFile(t testing.TB, name string, file *extract.File) (extract.Facts, error) {
	t.Helper()
	for _, x := range rust.Extractors() {
		if x.Name() == name {
			var facts extract.Facts
			err := x.Extract(t.Context(), file, &facts)
			return facts, err
		}
	}
	t.Fatalf("no extractor %s", name)
	return extract.Facts{}, nil
}

func names(facts extract.Facts) []string {
	var list []string
	for _, p := range facts.Packages {
		list = append(list, p.Name+" "+p.Version)
	}
	slices.Sort(list)
	return list
}

func audit(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// crates as cargo-auditable writes them: a root, run time and build time dependencies, sources of each kind.
const someCrates = `{"packages":[{"name":"adler","version":"0.2.3","source":"crates.io"},` +
	`{"name":"autocfg","version":"1.0.1","source":"crates.io","kind":"build"},` +
	`{"name":"hello","version":"0.1.0","source":"local","dependencies":[0,3],"root":true},` +
	`{"name":"libgit2-sys","version":"0.14.2+1.5.1","source":"git"},{"name":"adler","version":"0.2.3","source":"registry"}],"format":1}`

var wantCrates = []string{"adler 0.2.3", "hello 0.1.0", "libgit2-sys 0.14.2+1.5.1"}

// withSection adds the section to an ELF, PE or other file that binutils know.
func withSection(t testing.TB, program, data []byte, flags ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("objcopy")
	if err != nil {
		t.Skip("objcopy is not installed (binutils)")
	}
	dir := t.TempDir()
	in, out, section := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "section")
	for name, b := range map[string][]byte{in: program, section: data} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := append(slices.Clone(flags), "--add-section", ".dep-v0="+section, in, out)
	if msg, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
		t.Skipf("objcopy cannot write this kind of file: %v %s", err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func build(t testing.TB, env ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool is not installed")
	}
	dir := t.TempDir()
	src, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "out")
	if err := os.WriteFile(src, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool, "build", "-o", out, src)
	cmd.Env = append(os.Environ(), append([]string{"CGO_ENABLED=0", "GOFLAGS="}, env...)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// cargo runs cargo, without the network, in a tree of two crates.
func cargo(t testing.TB) (dir string, run func(args ...string) []byte) {
	t.Helper()
	tool, err := exec.LookPath("cargo")
	if err != nil {
		t.Skip("cargo is not installed")
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"Cargo.toml":         "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nhelper-crate = { path = \"helper\" }\n",
		"src/main.rs":        "fn main() { println!(\"{}\", helper_crate::name()); }\n",
		"helper/Cargo.toml":  "[package]\nname = \"helper-crate\"\nversion = \"1.2.3-rc.1\"\nedition = \"2021\"\n",
		"helper/src/lib.rs":  "pub fn name() -> &'static str { \"helper\" }\n",
		".cargo/config.toml": "[net]\noffline = true\n",
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("cargo does not work here: %v\n%s", err, stderr.String())
		}
		return out
	}
}

// A program of rustc with the section that cargo-auditable would have linked into it.
func TestRustProgram(t *testing.T) {
	t.Parallel()
	dir, run := cargo(t)
	run("build", "--release")
	plain, err := os.ReadFile(filepath.Join(dir, "target/release/hello"))
	if err != nil {
		t.Fatal(err)
	}
	program := withSection(t, plain, audit(t, someCrates))
	for name, b := range map[string][]byte{
		"with its table of symbols": program,
		"stripped":                  withSection(t, plain, audit(t, someCrates), "--strip-all"),
	} {
		facts, err := extractFile(t, "cargo-auditable", extract.NewFile("usr/bin/hello", b, 0o755))
		if diff := cmp.Diff(wantCrates, names(facts)); diff != "" || err != nil {
			t.Errorf("%s: %v, crates (-want +got):\n%s", name, err, diff)
		}
		for _, p := range facts.Packages {
			if p.Ecosystem != "crates.io" || p.Name == "adler" && p.PURL != "pkg:cargo/adler@0.2.3" {
				t.Errorf("package %+v", p)
			}
		}
	}
	facts, err := extractFile(t, "cargo-auditable", extract.NewFile("usr/bin/hello", plain, 0o755))
	if err != nil || len(facts.Packages)+len(facts.Incomplete) > 0 {
		t.Errorf("a program without the section: %v, %+v", err, facts)
	}
	// A stream shows only that it is Rust's.
	facts, err = extractFile(t, "cargo-auditable", extract.NewStreamFile("hello", stream{iotest.HalfReader(bytes.NewReader(program))}, int64(len(program)), 0o755))
	if err != nil || len(facts.Packages) > 0 || len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.FileTooLarge {
		t.Errorf("a stream: %v, %+v", err, facts)
	}
}

// leb is an unsigned LEB128.
func leb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func wasmWith(name string, data []byte) []byte {
	payload := append(append(leb(len(name)), name...), data...)
	return append(append([]byte{0}, leb(len(payload))...), payload...)
}

// machO is a Mach-O file of one segment with one section.
func machO(data []byte) []byte {
	b := make([]byte, 32+72+80, 4096+len(data))
	le := binary.LittleEndian
	le.PutUint32(b, 0xfeedfacf)
	le.PutUint32(b[12:], 2) // MH_EXECUTE
	le.PutUint32(b[16:], 1)
	le.PutUint32(b[20:], 72+80)
	s := b[32:]
	le.PutUint32(s, 0x19) // LC_SEGMENT_64
	le.PutUint32(s[4:], 72+80)
	copy(s[8:], "__DATA")
	le.PutUint64(s[24:], 0x1000)
	le.PutUint64(s[40:], 184)
	le.PutUint64(s[48:], uint64(len(data)))
	le.PutUint32(s[64:], 1)
	copy(s[72:], ".dep-v0")
	copy(s[72+16:], "__DATA")
	le.PutUint64(s[72+32:], 0x1000)
	le.PutUint64(s[72+40:], uint64(len(data)))
	le.PutUint32(s[72+48:], 184)
	return append(b, data...)
}

func TestOtherFormats(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles for other platforms")
	}
	for name, program := range map[string]func(t *testing.T) []byte{
		"pe": func(t *testing.T) []byte {
			return withSection(t, build(t, "GOOS=windows", "GOARCH=amd64"), audit(t, someCrates))
		},
		"elf 32": func(t *testing.T) []byte {
			return withSection(t, build(t, "GOOS=linux", "GOARCH=386"), audit(t, someCrates))
		},
		"mach-o": func(t *testing.T) []byte { return machO(audit(t, someCrates)) },
		"wasm": func(t *testing.T) []byte {
			return append([]byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00"), wasmWith(".dep-v0", audit(t, someCrates))...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := extractFile(t, "cargo-auditable", extract.NewFile("x", program(t), 0o755))
			if diff := cmp.Diff(wantCrates, names(facts)); diff != "" || err != nil {
				t.Errorf("%v, crates (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDamagedLists(t *testing.T) {
	t.Parallel()
	whole := audit(t, someCrates)
	bomb := audit(t, `{"packages":[`+strings.Repeat(" ", 64<<20)+`]}`)
	for name, c := range map[string]struct {
		data    []byte
		corrupt bool
		limit   bool
	}{
		"cut off":     {whole[:len(whole)/2], true, false},
		"no zlib":     {[]byte("not compressed at all"), true, false},
		"no JSON":     {audit(t, "[1,2"), false, false},
		"wrong shape": {audit(t, `{"packages":[{"name":5}]}`), false, false},
		"it expands":  {bomb, false, true},
		"wrong sum":   {append(bytes.Clone(whole[:len(whole)-1]), ^whole[len(whole)-1]), true, false},
		"a deep nest": {audit(t, `{"packages":`+strings.Repeat("[", 1<<20)), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := extractFile(t, "cargo-auditable", extract.NewFile("x", machO(c.data), 0o755))
			if err == nil || len(facts.Packages) > 0 || errors.Is(err, artifact.ErrCorrupt) != c.corrupt {
				t.Errorf("%v, %v", names(facts), err)
			}
			if _, limit := errors.AsType[*artifact.ErrLimit](err); limit != c.limit {
				t.Errorf("limit: %v", err)
			}
		})
	}
}

// cargo is the oracle: what `cargo metadata` lists is what the lock file that it wrote is read as.
func TestLockAgreesWithCargo(t *testing.T) {
	t.Parallel()
	dir, run := cargo(t)
	run("generate-lockfile")
	var metadata struct {
		Packages []struct {
			Name, Version string
			Source        *string
		}
	}
	if err := json.Unmarshal(run("metadata", "--format-version", "1", "--locked"), &metadata); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range metadata.Packages {
		if p.Source != nil { // else a crate of the tree itself
			want = append(want, p.Name+" "+p.Version)
		}
	}
	slices.Sort(want)
	b, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", b, 0o644))
	if diff := cmp.Diff(want, names(facts)); diff != "" || err != nil || len(metadata.Packages) != 2 {
		t.Errorf("%v, crates (-cargo metadata +got):\n%s\n%s", err, diff, b)
	}
}

const registry = "registry+https://registry.example/index"

func TestLockVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"0: with a root": {
			"[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"libc 0.2.18 (" + registry + ")\",\n]\n\n" +
				"[[package]]\nname = \"libc\"\nversion = \"0.2.18\"\nsource = \"" + registry + "\"\n\n[metadata]\n\"checksum libc 0.2.18 (" + registry + ")\" = \"a51822\"\n",
			[]string{"libc 0.2.18"},
		},
		"1: checksums apart": {
			"[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"rand 0.7.3 (" + registry + ")\",\n]\n\n[[package]]\nname = \"rand\"\nversion = \"0.7.3\"\nsource = \"" + registry +
				"\"\n\n[metadata]\n\"checksum rand 0.7.3 (" + registry + ")\" = \"6a6b1679\"\n",
			[]string{"rand 0.7.3"},
		},
		"2: checksums inside": {
			"# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n[[package]]\nname = \"rand\"\nversion = \"0.7.3\"\nsource = \"" + registry + "\"\nchecksum = \"6a6b1679\"\n",
			[]string{"rand 0.7.3"},
		},
		"3: git, two versions of one": {
			"version = 3\n\n[[package]]\nname = \"rand\"\nversion = \"0.7.3\"\nsource = \"" + registry + "\"\nchecksum = \"6a\"\ndependencies = [\n \"libc\",\n]\n\n" +
				"[[package]]\nname = \"rand\"\nversion = \"0.8.5\"\nsource = \"" + registry + "\"\n\n" +
				"[[package]]\nname = \"own\"\nversion = \"1.0.0+meta\"\nsource = \"git+https://git.example/own?branch=main#0123456789abcdef\"\n\n" +
				"[[patch.unused]]\nname = \"unused\"\nversion = \"9.9.9\"\n",
			[]string{"own 1.0.0+meta", "rand 0.7.3", "rand 0.8.5"},
		},
		"4": {
			"version = 4\n\n[[package]]\nname = \"rand\"\nversion = \"0.8.5\"\nsource = \"sparse+https://registry.example/index/\"\n",
			[]string{"rand 0.8.5"},
		},
		"nothing": {"version = 4\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", []byte(c.text), 0o644))
			if diff := cmp.Diff(c.want, names(facts)); diff != "" || err != nil {
				t.Errorf("%v, crates (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDamagedLocks(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a conflict":  "[[package]]\nname = \"a\"\n<<<<<<< HEAD\nversion = \"1.0.0\"\n",
		"cut off":     "[[package]]\nname = \"a\"\nversion = \"1.0",
		"a deep nest": "x = " + strings.Repeat("[", 1<<20),
		"wrong types": "package = 5\n",
	} {
		facts, err := extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", []byte(text), 0o644))
		if err == nil || len(facts.Packages) > 0 {
			t.Errorf("%s: %v, %v", name, names(facts), err)
		}
	}
	_, err := extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", []byte("x = ["+strings.Repeat("[],", 1<<20)+"]"), 0o644))
	if limit, ok := errors.AsType[*artifact.ErrLimit](err); !ok || limit.Reason != artifact.PackagesLimit {
		t.Errorf("a million arrays: %v", err)
	}
	file := extract.NewStreamFile("Cargo.lock", stream{strings.NewReader("")}, 1<<30, 0o644)
	if _, err := extractFile(t, "cargo-lock", file); err == nil {
		t.Error("a lock file of 1 GiB is read")
	}
}

func FuzzAuditable(f *testing.F) {
	f.Add([]byte(someCrates), -1, byte(0))
	f.Add([]byte(`{"packages":[{"name":"a","version":"1","kind":"build"},{"name":"","version":"2"}]}`), 20, byte(9))
	f.Fuzz(func(t *testing.T, text []byte, at int, value byte) {
		data := audit(t, string(text))
		damaged := at >= 0 && at < len(data) && data[at] != value
		if damaged {
			data[at] = value
		}
		facts, err := extractFile(t, "cargo-auditable", extract.NewFile("x", machO(data), 0o755))
		wasm, wasmErr := extractFile(t, "cargo-auditable", extract.NewFile("x.wasm", append([]byte("\x00asm\x01\x00\x00\x00"), wasmWith(".dep-v0", data)...), 0o644))
		if diff := cmp.Diff(facts, wasm); diff != "" || (err == nil) != (wasmErr == nil) {
			t.Errorf("from wasm (-mach-o +wasm): %v, %v\n%s", err, wasmErr, diff)
		}
		if damaged {
			return // zlib's own sum finds nearly all
		}
		var want struct {
			Packages []struct{ Name, Version, Kind string }
		}
		if json.Unmarshal(text, &want) != nil {
			if err == nil {
				t.Error("no error for what is no JSON")
			}
			return
		}
		var list []string
		for _, p := range want.Packages {
			if p.Name != "" && p.Kind != "build" {
				list = append(list, p.Name+" "+p.Version)
			}
		}
		slices.Sort(list)
		if diff := cmp.Diff(slices.Compact(list), names(facts)); diff != "" && err == nil && len(list) == len(facts.Packages) {
			t.Errorf("crates (-want +got):\n%s", diff)
		}
	})
}

func FuzzLock(f *testing.F) {
	f.Add("a", "1.0.0", "b", "2.0.0", "version = 4\n")
	f.Add("x\"y", "\\", "\n", "", "[metadata]\n")
	f.Fuzz(func(t *testing.T, name, version, name2, version2, junk string) {
		entry := func(name, version string) string {
			return fmt.Sprintf("[[package]]\nname = %s\nversion = %s\nsource = \"registry+x\"\n", quote(name), quote(version))
		}
		text := entry(name, version) + entry(name2, version2)
		facts, err := extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", []byte(text), 0o644))
		if err != nil {
			t.Fatalf("%v of\n%s", err, text)
		}
		got := names(facts)
		for _, p := range [][2]string{{clean(name), clean(version)}, {clean(name2), clean(version2)}} {
			if p[0] != "" && !slices.Contains(got, p[0]+" "+p[1]) {
				t.Errorf("%q is not in %q", p, got)
			}
		}
		// Whatever stands before, nothing is there twice.
		facts, _ = extractFile(t, "cargo-lock", extract.NewFile("Cargo.lock", []byte(junk+"\n"+text), 0o644))
		if got := names(facts); len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("twice in %q", got)
		}
	})
}

// clean is a string that TOML can hold.
func clean(s string) string { return strings.ToValidUTF8(s, "?") }

// quote writes a basic string of TOML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range clean(s) {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func BenchmarkAuditable(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"packages":[`)
	for i := range 500 {
		fmt.Fprintf(&text, `{"name":"crate-%d","version":"1.%d.0","source":"crates.io","dependencies":[1,2,3]},`, i, i)
	}
	text.WriteString(`{"name":"app","version":"0.1.0","source":"local","root":true}]}`)
	program := machO(audit(b, text.String()))
	b.ReportAllocs()
	for b.Loop() {
		if facts, err := extractFile(b, "cargo-auditable", extract.NewFile("x", program, 0o755)); err != nil || len(facts.Packages) != 501 {
			b.Fatal(err)
		}
	}
}

func BenchmarkLock(b *testing.B) {
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "[[package]]\nname = \"crate-%d\"\nversion = \"1.%d.0\"\nsource = \"%s\"\nchecksum = \"%064d\"\ndependencies = [\n \"a\",\n \"b\",\n]\n\n", i, i, registry, i)
	}
	content := []byte(text.String())
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if facts, err := extractFile(b, "cargo-lock", extract.NewFile("Cargo.lock", content, 0o644)); err != nil || len(facts.Packages) != 500 {
			b.Fatal(err)
		}
	}
}
