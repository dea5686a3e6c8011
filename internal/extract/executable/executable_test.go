package executable_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// build compiles a Go program that does nothing for a platform.
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

func open(b []byte) *executable.File { return executable.Open(bytes.NewReader(b), int64(len(b))) }

// debug/elf is the oracle for the sections of a real program.
func TestELFAgreesWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Skipf("no ELF: %v", err)
	}
	var want []executable.Section
	for _, s := range f.Sections {
		if s.Size > 0 && s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			want = append(want, executable.Section{
				Name: s.Name, Addr: s.Addr, Off: int64(s.Offset), Size: int64(s.FileSize), Mapped: s.Flags&elf.SHF_ALLOC != 0,
			})
		}
	}
	got := open(b)
	if diff := cmp.Diff(want, got.Sections); diff != "" {
		t.Errorf("sections (-debug/elf +got):\n%s", diff)
	}
	if len(got.Sections) < 5 || len(got.Segments) < 2 || !got.Named || got.Packed {
		t.Errorf("got %+v", got)
	}
	// Without random access the table, which Go's linker puts in front, has no names.
	head := executable.Parse(b[:executable.HeadBytes], nil, int64(len(b)))
	for i := range want {
		want[i].Name = ""
	}
	if diff := cmp.Diff(want, head.Sections); diff != "" || head.Named {
		t.Errorf("from the head (-debug/elf +got):\n%s", diff)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles for other platforms")
	}
	fat := func(b []byte) []byte {
		head := make([]byte, 1<<14)
		for i, v := range []uint32{0xcafebabe, 1, 0x0100000c, 0, 1 << 14, uint32(len(b)), 14} {
			binary.BigEndian.PutUint32(head[4*i:], v)
		}
		return append(head, b...)
	}
	darwin := build(t, "GOOS=darwin", "GOARCH=arm64")
	for name, c := range map[string]struct {
		b       []byte
		format  executable.Format
		is64    bool
		section string
		begins  string // of the section
	}{
		"elf 32":  {build(t, "GOOS=linux", "GOARCH=386"), executable.ELF, false, ".go.buildinfo", "\xff Go buildinf:"},
		"elf be":  {build(t, "GOOS=linux", "GOARCH=s390x"), executable.ELF, true, ".go.buildinfo", "\xff Go buildinf:"},
		"pe":      {build(t, "GOOS=windows", "GOARCH=amd64"), executable.PE, true, ".data", "\xff Go buildinf:"},
		"pe 32":   {build(t, "GOOS=windows", "GOARCH=386"), executable.PE, false, ".data", "\xff Go buildinf:"},
		"mach-o":  {darwin, executable.MachO, true, "__go_buildinfo", "\xff Go buildinf:"},
		"fat":     {fat(darwin), executable.MachO, true, "__go_buildinfo", "\xff Go buildinf:"},
		"wasm":    {build(t, "GOOS=js", "GOARCH=wasm"), executable.Wasm, false, "go:buildid", "\xff Go build ID:"},
		"nothing": {[]byte("#!/bin/sh\nexit 0\n"), 0, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(c.b)
			if c.format == 0 {
				if f != nil || executable.Magic(c.b) {
					t.Errorf("got %+v", f)
				}
				return
			}
			if f == nil || !executable.Magic(c.b[:8]) || f.Format != c.format || f.Is64 != c.is64 {
				t.Fatalf("got %+v", f)
			}
			s, ok := f.Section(c.section)
			if !ok || !bytes.HasPrefix(c.b[s.Off:][:s.Size], []byte(c.begins)) {
				t.Errorf("section %s: %+v of %+v", c.section, s, f.Sections)
			}
		})
	}
}

// A damaged table of sections is no empty one.
func TestDamagedSectionTable(t *testing.T) {
	t.Parallel()
	whole := build(t, "GOOS=linux", "GOARCH=amd64")
	const shoff, shentsize, shnum, shstrndx = 40, 58, 60, 62
	table := binary.LittleEndian.Uint64(whole[shoff:])
	names := table + 64*uint64(binary.LittleEndian.Uint16(whole[shstrndx:]))
	change := func(at uint64, value ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], value)
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"whole":                   {whole, ""},
		"no sections":             {change(shoff, make([]byte, 24)...), ""},
		"no names":                {change(shstrndx, 0, 0), ""},
		"behind the end":          {change(shoff, 0, 0, 0, 0, 1), "the table of sections is cut off"},
		"over the end":            {change(shoff, binary.LittleEndian.AppendUint64(nil, uint64(len(whole)-64))...), "the table of sections is cut off"},
		"entries of a byte":       {change(shentsize, 1, 0), "the ELF header tells of a table of sections that cannot be one"},
		"too many":                {change(shnum, 0xff, 0xff), "the ELF header tells of a table of sections that cannot be one"},
		"names behind the end":    {change(names+24, 0, 0, 0, 0, 1), "the names of the sections cannot be read"},
		"names in no section":     {change(shstrndx, 0xf0, 0), "the names of the sections cannot be read"},
		"names of many gigabytes": {change(names+32, 0, 0, 0, 0, 1), "the names of the sections cannot be read"},
	} {
		f := open(c.b)
		if f == nil || f.Damaged != c.want {
			t.Errorf("%s: %+v, want %q", name, f, c.want)
		}
	}
}

// What is read is inside the file's numbers, and agrees with debug/elf where both read it.
func FuzzOpen(f *testing.F) {
	exe, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:1<<12])
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x00\x05\x01a\x01\x02\x03\x01\x02\x00\x00"))
	f.Add(append([]byte("MZ"), make([]byte, 512)...))
	f.Add([]byte("\xcf\xfa\xed\xfe\x07\x00\x00\x01"))
	f.Add([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := open(b)
		if got == nil {
			return
		}
		if !executable.Magic(b) {
			t.Error("read without a magic")
		}
		if len(got.Sections) > 4096*4096 || len(got.Segments) > 4096 {
			t.Errorf("%d segments, %d sections", len(got.Segments), len(got.Sections))
		}
		for _, s := range got.Sections {
			if s.Off < 0 || s.Size <= 0 || s.Off+s.Size < 0 || len(s.Name) > 64 {
				t.Errorf("section %+v", s)
			}
			if got.Format == executable.Wasm && s.Off+s.Size > int64(len(b)) {
				t.Errorf("section %+v ends after the file", s)
			}
		}
		std, err := elf.NewFile(bytes.NewReader(b))
		if err != nil || got.Format != executable.ELF || !got.Named {
			return
		}
		for _, s := range got.Sections {
			if len(s.Name) >= 64 || s.Name == "" {
				continue
			}
			found := false
			for _, o := range std.Sections {
				found = found || o.Name == s.Name && int64(o.Offset) == s.Off
			}
			if !found {
				t.Errorf("section %+v is not in debug/elf's %v", s, std.Sections)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		b.Skip("no /proc")
	}
	b.ReportAllocs()
	for b.Loop() {
		if open(exe) == nil {
			b.Fatal("not read")
		}
	}
}
