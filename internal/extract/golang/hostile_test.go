package golang_test

import (
	"bytes"
	"debug/buildinfo"
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	begin = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	end   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
)

const dataAddr, dataOff = 0x500000, 0x1000

// elfWith is an ELF file for amd64 of one writable segment.
func elfWith(data []byte) []byte {
	b := make([]byte, dataOff, dataOff+len(data))
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)  // ET_EXEC
	le.PutUint16(b[18:], 62) // EM_X86_64
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64) // program headers
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint16(b[58:], 64)
	programHeader(b[64:], dataOff, dataAddr, uint64(len(data)))
	return append(b, data...)
}

func programHeader(p []byte, off, addr, size uint64) {
	le := binary.LittleEndian
	le.PutUint32(p, 1)     // PT_LOAD
	le.PutUint32(p[4:], 6) // read, write
	le.PutUint64(p[8:], off)
	le.PutUint64(p[16:], addr)
	le.PutUint64(p[32:], size)
	le.PutUint64(p[40:], size)
}

// inline is build information as since Go 1.18.
func inline(version, modules string) []byte {
	b := make([]byte, 32)
	copy(b, "\xff Go buildinf:\x08\x02")
	b = append(binary.AppendUvarint(b, uint64(len(version))), version...)
	return append(binary.AppendUvarint(b, uint64(len(modules))), modules...)
}

func framed(modules string) string { return begin + modules + "\n" + end }

const someModules = "path\tcommand-line-arguments\nmod\texample.com/app\tv1.2.3\t\ndep\texample.com/dep\tv0.1.0\th1:x="

func TestMagicInCodeIsNoBuildInformation(t *testing.T) {
	t.Parallel()
	var data []byte
	for _, decoy := range []string{
		"\xff Go buildinf:\x08\x02",                             // as debug/buildinfo has it in its code
		string(inline("not a version", framed(someModules))),    //
		string(inline("go1\x00.2", framed(someModules))),        //
		string(inline("", framed(someModules))),                 //
		"x" + string(inline("go1.1.1", framed(someModules))),    // not aligned
		"\xff Go buildinf:\x08\x00\xff\xff\xff\xff\xff\xff\xff", // pointers that lead nowhere
	} {
		data = append(data, decoy...)
		data = append(data, make([]byte, 64-len(data)%64)...)
	}
	if facts := both(t, elfWith(data)); len(facts.Packages) > 0 {
		t.Errorf("found %v", list(facts.Packages))
	}
	data = append(data, inline("go1.22.1", framed(someModules))...)
	got := strings.Join(list(both(t, elfWith(data)).Packages), ", ")
	if want := "example.com/app v1.2.3, example.com/dep v0.1.0, stdlib 1.22.1"; got != want {
		t.Errorf("after the decoys: %s, want %s", got, want)
	}
}

func TestBinaryWithoutModulesHasItsStandardLibrary(t *testing.T) {
	t.Parallel()
	facts := both(t, elfWith(append(inline("go1.20.3", ""), make([]byte, 64)...)))
	if got := strings.Join(list(facts.Packages), ", "); got != "stdlib 1.20.3" || len(facts.Incomplete) > 0 {
		t.Errorf("got %s, %v", got, facts.Incomplete)
	}
}

func TestDamagedModulesAreReported(t *testing.T) {
	t.Parallel()
	facts := both(t, elfWith(append(inline("go1.20.3", framed("dep\texample.com/x\nnonsense")), make([]byte, 64)...)))
	if got := strings.Join(list(facts.Packages), ", "); got != "stdlib 1.20.3" {
		t.Errorf("got %s", got)
	}
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Unparsable {
		t.Errorf("reported %v", facts.Incomplete)
	}

	cut := elfWith(inline("go1.20.3", framed(strings.Repeat("x", 1<<17))))
	cut = cut[:len(cut)-100]
	facts = both(t, cut)
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Corrupt {
		t.Errorf("cut off: reported %v", facts.Incomplete)
	}
}

func TestUPXHeadersAreReported(t *testing.T) {
	t.Parallel()
	b := elfWith(make([]byte, 4096))
	copy(b[64+56+4:], "UPX!") // l_info follows the program headers
	facts := both(t, b)
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Unsupported {
		t.Errorf("ELF: reported %v", facts.Incomplete)
	}

	pe := make([]byte, 4096)
	copy(pe, "MZ")
	pe[0x3c] = 0x80
	copy(pe[0x80:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(pe[0x86:], 1) // sections
	copy(pe[0x80+24:], "UPX0")
	facts = both(t, pe)
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Unsupported {
		t.Errorf("PE: reported %v", facts.Incomplete)
	}
}

// Each of these is to end soon, in little memory, without a package.
func TestHostileExecutables(t *testing.T) {
	le := binary.LittleEndian
	// Lengths that lie: the strings would have 2^60 bytes.
	lying := func(version bool) []byte {
		b := make([]byte, 32)
		copy(b, "\xff Go buildinf:\x08\x02")
		if !version {
			b = append(b, "\x08go1.22.1"...)
		}
		b = binary.AppendUvarint(b, 1<<60)
		return elfWith(append(b, make([]byte, 1<<16)...))
	}
	// 65,535 sections over a file that has them all.
	sections := elfWith(make([]byte, 65535*64))
	le.PutUint64(sections[40:], dataOff)
	le.PutUint16(sections[60:], 65535)
	le.PutUint16(sections[62:], 65534)
	// As many segments as the head holds, each the whole of a large file.
	segments := elfWith(make([]byte, 32<<20))
	const many = (dataOff - 64) / 56
	le.PutUint16(segments[56:], many)
	for i := range many {
		programHeader(segments[64+56*i:], uint64(i), dataAddr+uint64(i), uint64(len(segments)-i))
	}
	// Sizes and places at the ends of the number range.
	overflow := elfWith(make([]byte, 4096))
	programHeader(overflow[64:], math.MaxInt64-10, math.MaxUint64-10, math.MaxUint64)
	le.PutUint64(overflow[40:], math.MaxUint64)
	le.PutUint16(overflow[60:], 10)
	// Nothing but magics, at odd and at even places; and headers of the pointer form that point at each other.
	magics := elfWith(bytes.Repeat([]byte("\xff Go buildinf:"), 2<<20))
	aligned := elfWith(bytes.Repeat([]byte("\xff Go buildinf:\x08\x02"), 2<<20))
	pointers := inline("go1.22.1", "")
	pointers[15] = 0
	le.PutUint64(pointers[16:], dataAddr)
	le.PutUint64(pointers[24:], dataAddr)
	// A mark, then 64 MiB of what a stream remembers.
	remembered := elfWith(make([]byte, 16))
	copy(remembered[512:], "\x04\x00\x00\x00Go\x00\x00")
	remembered = append(remembered, bytes.Repeat([]byte(begin+"go1.devel "), 2<<20)...)
	programHeader(remembered[64:], uint64(len(remembered)-16), dataAddr, 16)
	// Load commands of Mach-O without end, a fat file in itself.
	macho := make([]byte, 1<<16)
	copy(macho, "\xcf\xfa\xed\xfe")
	le.PutUint32(macho[16:], math.MaxUint32)
	fat := make([]byte, 1<<16)
	copy(fat, "\xca\xfe\xba\xbe\x00\x00\x00\x01")

	for name, b := range map[string][]byte{
		"length of version": lying(true), "length of modules": lying(false), "sections": sections, "segments": segments,
		"overflow": overflow, "magics": magics, "aligned magics": aligned, "pointers": elfWith(pointers),
		"remembered": remembered, "mach-o": macho, "fat": fat, "elf head": []byte("\x7fELF"), "pe head": []byte("MZ"),
		"mach-o head": []byte("\xcf\xfa\xed\xfe"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			for _, content := range []artifact.Content{&random{r: bytes.NewReader(b)}, stream{bytes.NewReader(b)}} {
				if facts := extractContent(t, content, len(b)); len(facts.Packages) > 0 {
					t.Errorf("found %v", list(facts.Packages))
				}
			}
			runtime.ReadMemStats(&after)
			took, used := time.Since(start), after.TotalAlloc-before.TotalAlloc
			t.Logf("%d bytes: %v, allocated %d KiB", len(b), took, used>>10)
			if took > time.Minute {
				t.Errorf("took %v", took)
			}
			if used > 128<<20 {
				t.Errorf("allocated %d bytes", used)
			}
		})
	}
}

// debug/buildinfo is the oracle: what it reads we read, from a stream as with random access; what it refuses we do
// not make up.
func FuzzBuildInformation(f *testing.F) {
	f.Add(uint16(0), inline("go1.22.1", framed(someModules)))
	f.Add(uint16(16), inline("go1.22.1", ""))
	f.Add(uint16(7), inline("devel go1.22-abc", framed(someModules+"\n=>\t./x\t(devel)\t")))
	f.Add(uint16(4096), inline("go1.22.1", framed("x")))
	pointers := inline("", "")
	pointers[15] = 0
	binary.LittleEndian.PutUint64(pointers[16:], dataAddr+64)
	binary.LittleEndian.PutUint64(pointers[24:], dataAddr+80)
	pointers = append(pointers[:32], make([]byte, 32+32)...)
	binary.LittleEndian.PutUint64(pointers[64:], dataAddr+96)
	binary.LittleEndian.PutUint64(pointers[72:], 8)
	binary.LittleEndian.PutUint64(pointers[80:], dataAddr+104)
	binary.LittleEndian.PutUint64(pointers[88:], uint64(len(framed(someModules))))
	f.Add(uint16(0), append(append(pointers, "go1.17.3"...), framed(someModules)...))
	f.Fuzz(func(t *testing.T, pad uint16, data []byte) {
		b := elfWith(append(append(make([]byte, pad), data...), make([]byte, 64)...))
		at := extractContent(t, &random{r: bytes.NewReader(b)}, len(b))
		names := strings.Join(list(at.Packages), "\n")
		streamed := extractContent(t, stream{bytes.NewReader(b)}, len(b))
		inlineForm := bytes.Contains(data, []byte("\xff Go buildinf:\x08\x02"))
		if inlineForm && strings.Join(list(streamed.Packages), "\n") != names {
			t.Errorf("stream found %q, random access %q", list(streamed.Packages), names)
		}
		if bytes.Count(data, []byte("\xff Go buildinf:")) != 1 {
			return // the first one may be refused here and read there
		}
		info, err := buildinfo.Read(bytes.NewReader(b))
		if err != nil {
			// debug/buildinfo gives nothing where the modules are damaged, here the version of Go stays and it is told.
			if len(at.Packages) > 0 && len(at.Incomplete) == 0 {
				t.Errorf("found %q where debug/buildinfo has %v", names, err)
			}
			return
		}
		printable := !strings.ContainsFunc(info.GoVersion, func(r rune) bool { return r < ' ' || r == 0x7f })
		isGo := (strings.HasPrefix(info.GoVersion, "go") || strings.HasPrefix(info.GoVersion, "devel")) && printable && len(info.GoVersion) <= 1<<10
		if found := len(at.Packages) > 0; found != isGo {
			t.Errorf("found %q where debug/buildinfo has version %q", names, info.GoVersion)
		}
		if !isGo {
			return
		}
		for _, dep := range info.Deps {
			if dep.Path != "" && dep.Replace == nil && !strings.Contains(names, dep.Path) {
				t.Errorf("module %q is not in %q", dep.Path, names)
			}
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	_, binary := compile(b, nil)
	library := elfWith(bytes.Repeat([]byte("no Go in here; "), 8<<20/15))
	for _, c := range []struct {
		name    string
		content []byte
		open    func([]byte) artifact.Content
	}{
		{"go/random", binary, func(x []byte) artifact.Content { return &random{r: bytes.NewReader(x)} }},
		{"go/stream", binary, func(x []byte) artifact.Content { return stream{bytes.NewReader(x)} }},
		{"other/random", library, func(x []byte) artifact.Content { return &random{r: bytes.NewReader(x)} }},
		{"other/stream", library, func(x []byte) artifact.Content { return stream{bytes.NewReader(x)} }},
		{"script/stream", []byte("#!/bin/sh\n" + strings.Repeat("true\n", 1000)), func(x []byte) artifact.Content { return stream{bytes.NewReader(x)} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			x := newExtractor()
			b.ReportAllocs()
			b.SetBytes(int64(len(c.content)))
			for b.Loop() {
				extractWith(b, x, c.open(c.content), len(c.content))
			}
		})
	}
}
