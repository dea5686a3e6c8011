package dotnet_test

import (
	"bytes"
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
	"github.com/sightline-sec/sightline/internal/extract/dotnet"
)

// The .NET SDK is in no distribution that the tests run on: what is read here was written by hand after the documented formats and the sources of
// the SDK, the runtime and NuGet.

func extractFile(t testing.TB, name string, file *extract.File) (extract.Facts, error) {
	t.Helper()
	for _, x := range dotnet.Extractors() {
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

// check extracts a file and compares.
func check(t *testing.T, name, content string, want []string, wantErr string) {
	t.Helper()
	facts, err := extractFile(t, name, extract.NewFile("x", []byte(content), 0o644))
	if diff := cmp.Diff(want, names(facts)); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
		t.Errorf("error is %v, want %q", err, wantErr)
	}
}

// selfContained is the deps.json of a program that brings its runtime.
const selfContained = `{
  "runtimeTarget": { "name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": "" },
  "compilationOptions": {},
  "targets": {
    ".NETCoreApp,Version=v8.0": {},
    ".NETCoreApp,Version=v8.0/linux-x64": {
      "MyApp/1.4.2": {
        "dependencies": { "Newtonsoft.Json": "12.0.3", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64": "8.0.1" },
        "runtime": { "MyApp.dll": {} }
      },
      "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {
        "runtime": { "System.Private.CoreLib.dll": { "assemblyVersion": "8.0.0.0", "fileVersion": "8.0.123.58001" } },
        "native": { "libcoreclr.so": { "fileVersion": "0.0.0.0" } }
      },
      "Newtonsoft.Json/12.0.3": {
        "runtime": { "lib/netstandard2.0/Newtonsoft.Json.dll": { "assemblyVersion": "12.0.0.0", "fileVersion": "12.0.3.23909" } }
      },
      "SQLitePCLRaw.lib.e_sqlite3/2.1.4": {
        "native": { "runtimes/linux-x64/native/libe_sqlite3.so": { "fileVersion": "0.0.0.0" } }
      },
      "Humanizer.Core.de/2.14.1": { "resources": { "lib/netstandard2.0/de/Humanizer.resources.dll": { "locale": "de" } } },
      "System.Text.RegularExpressions/4.3.0": { "dependencies": { "System.Runtime": "4.3.0" } },
      "NETStandard.Library/1.6.1": {},
      "Placeholder/1.0.0": { "runtime": { "lib/netcoreapp3.1/_._": {} } },
      "Common/1.0.0": { "runtime": { "Common.dll": {} } },
      "System.Reference/1.0.0.0": { "runtime": { "System.Reference.dll": {} } }
    }
  },
  "libraries": {
    "MyApp/1.4.2": { "type": "project", "serviceable": false, "sha512": "" },
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": { "type": "runtimepack", "serviceable": false, "sha512": "" },
    "Newtonsoft.Json/12.0.3": { "type": "package", "serviceable": true, "sha512": "sha512-6m==", "path": "newtonsoft.json/12.0.3", "hashPath": "x" },
    "SQLitePCLRaw.lib.e_sqlite3/2.1.4": { "type": "package", "serviceable": true, "sha512": "" },
    "Humanizer.Core.de/2.14.1": { "type": "package", "serviceable": true, "sha512": "" },
    "System.Text.RegularExpressions/4.3.0": { "type": "package", "serviceable": true, "sha512": "" },
    "NETStandard.Library/1.6.1": { "type": "package", "serviceable": true, "sha512": "" },
    "Placeholder/1.0.0": { "type": "package", "serviceable": true, "sha512": "" },
    "Common/1.0.0": { "type": "project", "serviceable": false, "sha512": "" },
    "System.Reference/1.0.0.0": { "type": "reference", "serviceable": false, "sha512": "" }
  }
}`

var wantSelfContained = []string{
	"Humanizer.Core.de 2.14.1", "Microsoft.NETCore.App.Runtime.linux-x64 8.0.1", "Newtonsoft.Json 12.0.3",
	"SQLitePCLRaw.lib.e_sqlite3 2.1.4",
}

func TestDeps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
		err        string
	}{
		{"self-contained", "\xef\xbb\xbf" + selfContained, wantSelfContained, ""},
		{
			"the shared runtime", `{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0/linux-x64","signature":""},"targets":{".NETCoreApp,Version=v8.0":{},` +
				`".NETCoreApp,Version=v8.0/linux-x64":{"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"runtime":{"System.Runtime.dll":{}},"native":{"libcoreclr.so":{}}}}},` +
				`"libraries":{"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"package","serviceable":true,"sha512":"","path":"microsoft.netcore.app.runtime.linux-x64/8.0.1"}}}`,
			[]string{"Microsoft.NETCore.App.Runtime.linux-x64 8.0.1"},
			"",
		},
		{
			"for any platform, by its files", `{"runtimeTarget":{"name":".NETCoreApp,Version=v6.0"},"targets":{".NETCoreApp,Version=v6.0":{` +
				`"A/1.0.0":{"runtimeTargets":{"runtimes/unix/lib/net6.0/A.dll":{"rid":"unix","assetType":"runtime"}}},"B/2.0.0":{"compileOnly":true}}},` +
				`"libraries":{"A/1.0.0":{"type":"package"},"B/2.0.0":{"type":"package"}}}`,
			[]string{"A 1.0.0"},
			"",
		},
		{"a target that is not there: all count", `{"runtimeTarget":{"name":"x"},"targets":{"y":{"A/1.0.0":{"runtime":{"A.dll":{}}},"B/1":{}}},"libraries":{"A/1.0.0":{"type":"package"},"B/1":{"type":"package"}}}`, []string{"A 1.0.0"}, ""},
		{"without targets", `{"libraries":{"A/1.0.0":{"type":"package"},"nothing":{"type":"package"},"/1":{"type":"package"}}}`, []string{"A 1.0.0"}, ""},
		{"one of a wrong type", `{"libraries":{"A/1.0.0":{"type":"package"},"B/1.0.0":5}}`, []string{"A 1.0.0"}, "cannot unmarshal"},
		{"nothing", `{}`, nil, ""},
		{"cut off", selfContained[:700], nil, "unexpected end"},
		{"a deep nest", strings.Repeat("[", 1<<20), nil, "depth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check(t, "dotnet-deps", c.text, c.want, c.err)
		})
	}
	facts, _ := extractFile(t, "dotnet-deps", extract.NewFile("x", []byte(selfContained), 0o644))
	if p := facts.Packages[len(facts.Packages)-1]; p.Ecosystem != "NuGet" || p.PURL != "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1" {
		t.Errorf("package %+v", p)
	}
}

func TestLockFiles(t *testing.T) {
	t.Parallel()
	check(t, "nuget-lock", `{"version":1,"dependencies":{"net8.0":{`+
		`"Newtonsoft.Json":{"type":"Direct","requested":"[12.0.3, )","resolved":"12.0.3","contentHash":"6m"},`+
		`"Common":{"type":"Project","dependencies":{"Serilog":"[2.10.0, )"}},`+
		`"Serilog":{"type":"Transitive","resolved":"2.10.0"},"Central":{"type":"CentralTransitive","requested":"[1.0.0, )","resolved":"1.0.1"}},`+
		`"net8.0/linux-x64":{"Newtonsoft.Json":{"type":"Direct","resolved":"12.0.3"},"Native":{"type":"Transitive","resolved":"1.0.0-rc.1"}},`+
		`"net48":{"newtonsoft.json":{"type":"Direct","resolved":"13.0.1"}}}}`,
		[]string{"Central 1.0.1", "Native 1.0.0-rc.1", "Newtonsoft.Json 12.0.3", "Serilog 2.10.0", "newtonsoft.json 13.0.1"}, "")
	check(t, "nuget-lock", `{"version":1`, nil, "unexpected end")
	check(t, "nuget-assets", `{"version":3,"targets":{"net8.0":{"Serilog/2.10.0":{"type":"package"}}},"libraries":{`+
		`"Serilog/2.10.0":{"sha512":"x","type":"package","path":"serilog/2.10.0","files":["a.dll"]},"Common/1.0.0":{"type":"project","path":"../Common/Common.csproj"}},"project":{}}`,
		[]string{"Serilog 2.10.0"}, "")
	check(t, "nuget-assets", `[]`, nil, "cannot unmarshal")
	check(t, "nuget-config", "\xef\xbb\xbf"+`<?xml version="1.0" encoding="utf-8"?>
<packages>
  <package id="EntityFramework" version="6.1.3" targetFramework="net45" />
  <package id="jQuery" version="1.10.2" allowedVersions="[1,2)" developmentDependency="true"></package>
  <other id="x" version="1" />
  <package id="" version="1" />
</packages>`, []string{"EntityFramework 6.1.3", "jQuery 1.10.2"}, "")
	check(t, "nuget-config", `<packages><package id="a" version="1.0.0"/>`, []string{"a 1.0.0"}, "ends inside")
	check(t, "nuget-config", strings.Repeat("<a>", 100), nil, "nested deeper")
	check(t, "nuget-config", `<packages></package>`, nil, "did not begin")
	check(t, "nuget-config", `<!DOCTYPE p [<!ENTITY a "aaaa">]><packages><package id="&a;" version="1"/></packages>`, nil, "entity")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"versions in attributes and elements", `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFrameworks>net8.0;net48</TargetFrameworks><SerilogVersion>2.10.0</SerilogVersion></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Newtonsoft.Json" Version="12.0.3" />
    <PackageReference Include="Serilog" Version="$(SerilogVersion)" />
    <PackageReference Include="Dapper">
      <Version>2.0.35</Version>
      <PrivateAssets>all</PrivateAssets>
    </PackageReference>
    <packagereference Include="Lower" Version="[1.0.0-beta.1]" />
    <ProjectReference Include="../Common/Common.csproj" Version="9.9.9" />
    <PackageReference Include="A;B" Version="1.1" />
    <PackageReference Update="C" VersionOverride="3.0.0" Version="2.0.0" />
  </ItemGroup>
  <ItemGroup Condition="'$(TargetFramework)' == 'net48'">
    <PackageReference Include="Newtonsoft.Json" Version="13.0.1" />
  </ItemGroup>
</Project>`, []string{"A 1.1", "B 1.1", "C 3.0.0", "Dapper 2.0.35", "Lower 1.0.0-beta.1", "Newtonsoft.Json 12.0.3", "Newtonsoft.Json 13.0.1", "Serilog 2.10.0"}},
		{"central versions", `<Project><PropertyGroup><V>4.</V></PropertyGroup><ItemGroup><PackageVersion Include="X" Version="$(V)5.6"/><GlobalPackageReference Include="G" Version="1.0.0"/></ItemGroup></Project>`, []string{"G 1.0.0", "X 4.5.6"}},
		{"what pins nothing", `<Project><ItemGroup><PackageReference Include="A"/><PackageReference Include="B" Version="1.*"/><PackageReference Include="C" Version="[1.0,2.0)"/>` +
			`<PackageReference Include="D" Version="(1.0,)"/><PackageReference Include="E" Version="$(Unknown)"/><PackageReference Include="$(N)" Version="1.0"/><PackageReference Include="F" Version=""/></ItemGroup></Project>`, nil},
		{"a property with two values is not known", `<Project><PropertyGroup><V>1.0</V></PropertyGroup><PropertyGroup Condition="x"><V>2.0</V></PropertyGroup><ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup></Project>`, nil},
		{"a property that names itself", `<Project><PropertyGroup><V>$(V)$(V)$(V)</V></PropertyGroup><ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup></Project>`, nil},
		{"metadata of another item", `<Project><ItemGroup><PackageReference Include="A"/><Other Include="B"><Version>1.0</Version></Other></ItemGroup></Project>`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check(t, "msbuild", c.text, c.want, "")
		})
	}
	check(t, "msbuild", "<Project><ItemGroup>", nil, "ends inside")
}

func TestClaims(t *testing.T) {
	t.Parallel()
	for _, x := range dotnet.Extractors() {
		for _, c := range x.Claims() {
			source := x.Name() != "dotnet-deps" && x.Name() != "dotnet-bundle"
			if got := slices.Equal(c.In, []artifact.Kind{artifact.Directory}); got != source {
				t.Errorf("%s is claimed in %v", x.Name(), c.In)
			}
			if x.Name() == "dotnet-deps" && (!c.Match("usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json") || c.Match("app/package.json")) {
				t.Error("deps.json is claimed by its name")
			}
		}
	}
}

const signature = "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae"

// host is an ELF file with one segment of data, which holds the marker.
func host(pad int) []byte {
	const off = 0x1000
	data := append(make([]byte, pad+8), signature...)
	b := make([]byte, off, off+len(data))
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], 62)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint16(b[58:], 64)
	p := b[64:]
	le.PutUint32(p, 1)
	le.PutUint32(p[4:], 6)
	le.PutUint64(p[8:], off)
	le.PutUint64(p[16:], 0x400000)
	le.PutUint64(p[32:], uint64(len(data)))
	le.PutUint64(p[40:], uint64(len(data)))
	return append(b, data...)
}

// embedded is a file in a bundle.
type embedded struct{ name, text string }

// bundled puts files behind a host as the bundler does.
func bundled(host []byte, version uint32, files ...embedded) []byte {
	b := bytes.Clone(host)
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	type entry struct{ off, size uint64 }
	var entries []entry
	var deps, config entry
	for _, f := range files {
		e := entry{uint64(len(b)), uint64(len(f.text))}
		b = append(b, f.text...)
		entries = append(entries, e)
		switch {
		case strings.HasSuffix(f.name, ".deps.json"):
			deps = e
		case strings.HasSuffix(f.name, ".runtimeconfig.json"):
			config = e
		}
	}
	if at := bytes.Index(b, []byte(signature)); at >= 0 {
		le.PutUint64(b[at-8:], uint64(len(b)))
	}
	b = le.AppendUint32(b, version)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, uint32(len(files)))
	b = text(b, "kJX0Tz3bPm1w")
	if version >= 2 {
		for _, n := range []uint64{deps.off, deps.size, config.off, config.size, 0} {
			b = le.AppendUint64(b, n)
		}
	}
	for i, f := range files {
		b = le.AppendUint64(b, entries[i].off)
		b = le.AppendUint64(b, entries[i].size)
		if version >= 6 {
			b = le.AppendUint64(b, 0)
		}
		b = append(b, 1)
		b = text(b, f.name)
	}
	return b
}

var program = []embedded{
	{"MyApp.dll", strings.Repeat("MZ", 5000)},
	{"MyApp.deps.json", selfContained},
	{"MyApp.runtimeconfig.json", `{"runtimeOptions":{}}`},
	{"de/MyApp.resources.dll", "MZ"},
}

// stream is content without random access.
type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

func TestBundles(t *testing.T) {
	t.Parallel()
	for _, version := range []uint32{1, 2, 6} {
		for _, pad := range []int{0, 1, 65536 - 41, 65536 - 40, 65536 - 20, 65536, 200_000} {
			b := bundled(host(pad), version, program...)
			facts, err := extractFile(t, "dotnet-bundle", extract.NewFile("app/MyApp", b, 0o755))
			if diff := cmp.Diff(wantSelfContained, names(facts)); diff != "" || err != nil || len(facts.Incomplete) > 0 {
				t.Errorf("version %d, marker at %d: %v %v\n%s", version, pad, err, facts.Incomplete, diff)
			}
			content := stream{iotest.HalfReader(bytes.NewReader(b))}
			facts, err = extractFile(t, "dotnet-bundle", extract.NewStreamFile("app/MyApp", content, int64(len(b)), 0o755))
			if err != nil || len(facts.Packages) > 0 || len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.FileTooLarge {
				t.Errorf("a stream: %v %+v", err, facts)
			}
		}
	}
}

// A host that a C compiler made, with the marker in its data as the runtime's sources have it.
func TestBundleBehindARealHost(t *testing.T) {
	t.Parallel()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("cc is not installed (gcc)")
	}
	dir := t.TempDir()
	src, out := filepath.Join(dir, "host.c"), filepath.Join(dir, "host")
	var text strings.Builder
	text.WriteString("static volatile unsigned char placeholder[] = {0,0,0,0,0,0,0,0")
	for i := range len(signature) {
		fmt.Fprintf(&text, ",0x%02x", signature[i])
	}
	text.WriteString("};\nint main(void) { return placeholder[0]; }\n")
	if err := os.WriteFile(src, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{{"-s"}, {"-static", "-s"}} {
		if msg, err := exec.CommandContext(t.Context(), cc, append(flags, "-o", out, src)...).CombinedOutput(); err != nil {
			t.Skipf("cc does not work here: %v\n%s", err, msg)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, "dotnet-bundle", extract.NewFile("app/MyApp", bundled(b, 6, program...), 0o755))
		if diff := cmp.Diff(wantSelfContained, names(facts)); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", flags, err, diff)
		}
		// A host as it is, whose program lies beside it.
		facts, err = extractFile(t, "dotnet-bundle", extract.NewFile("app/MyApp", b, 0o755))
		if err != nil || len(facts.Packages)+len(facts.Incomplete) > 0 {
			t.Errorf("%v: a host alone: %v %+v", flags, err, facts)
		}
	}
}

func TestDamagedBundles(t *testing.T) {
	t.Parallel()
	whole := bundled(host(100), 6, program...)
	le := binary.LittleEndian
	mark := bytes.Index(whole, []byte(signature)) - 8
	head := int(le.Uint64(whole[mark:]))
	depsAt := head + 12 + 1 + 12
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		err    error
		reason artifact.Reason
	}{
		"the header is outside":  {func(b []byte) []byte { le.PutUint64(b[mark:], 1<<40); return b }, artifact.ErrCorrupt, ""},
		"the header is before":   {func(b []byte) []byte { le.PutUint64(b[mark:], 1<<63+5); return b }, artifact.ErrCorrupt, ""},
		"the header is cut off":  {func(b []byte) []byte { return b[:head+20] }, artifact.ErrCorrupt, ""},
		"deps.json is outside":   {func(b []byte) []byte { le.PutUint64(b[depsAt:], 1<<40); return b }, artifact.ErrCorrupt, ""},
		"deps.json ends outside": {func(b []byte) []byte { le.PutUint64(b[depsAt+8:], 1<<62); return b }, artifact.ErrCorrupt, ""},
		"deps.json is before":    {func(b []byte) []byte { le.PutUint64(b[depsAt:], 1<<63+1); return b }, artifact.ErrCorrupt, ""},
		"a version of tomorrow":  {func(b []byte) []byte { b[head] = 7; return b }, nil, artifact.Unsupported},
		"files without end": {func([]byte) []byte {
			b := bundled(host(1), 1, program[0])
			le.PutUint32(b[le.Uint64(b[bytes.Index(b, []byte(signature))-8:])+8:], 1<<31-1)
			return b
		}, artifact.ErrCorrupt, ""},
		"fewer files than none": {func(b []byte) []byte { le.PutUint64(b[depsAt:], 0); le.PutUint32(b[head+8:], 1<<31); return b }, artifact.ErrCorrupt, ""},
		"without a deps.json":   {func([]byte) []byte { return bundled(host(1), 6, program[0]) }, nil, artifact.Unsupported},
		"deps.json of 1 GiB": {func(b []byte) []byte {
			le.PutUint64(b[depsAt:], 1)
			le.PutUint64(b[depsAt+8:], 20<<20)
			return append(b, make([]byte, 21<<20)...)
		}, &artifact.ErrLimit{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := extractFile(t, "dotnet-bundle", extract.NewFile("app/MyApp", c.damage(bytes.Clone(whole)), 0o755))
			if _, limit := errors.AsType[*artifact.ErrLimit](err); limit {
				err = c.err
				if _, want := errors.AsType[*artifact.ErrLimit](c.err); !want {
					t.Error("a limit")
				}
			}
			if !errors.Is(err, c.err) || len(facts.Packages) > 0 {
				t.Errorf("%v, %v; want %v", names(facts), err, c.err)
			}
			if c.reason != "" && (len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != c.reason) {
				t.Errorf("reported %v", facts.Incomplete)
			}
		})
	}
}

func FuzzDeps(f *testing.F) {
	f.Add([]byte(selfContained))
	f.Add([]byte(`{"targets":{"a":{"b/1":{"runtime":{"x":1}}}},"libraries":{"b/1":{"type":"package"},"c/2":{"type":"runtimepack"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := extractFile(t, "dotnet-deps", extract.NewFile("x", b, 0o644))
		var generic struct{ Libraries map[string]json.RawMessage }
		if json.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &generic) != nil {
			if err == nil {
				t.Error("no error for what is no JSON")
			}
			return
		}
		if err != nil {
			return
		}
		for _, p := range facts.Packages {
			key := p.Name + "/" + p.Version
			if generic.Libraries[key] == nil && generic.Libraries["runtimepack."+key] == nil {
				t.Errorf("%s is not in the file", key)
			}
		}
		// The same list in a bundle gives the same.
		inside, err := extractFile(t, "dotnet-bundle", extract.NewFile("x", bundled(host(7), 6, embedded{"a.dll", "x"}, embedded{"a.deps.json", string(b)}), 0o755))
		if diff := cmp.Diff(names(facts), names(inside)); diff != "" || err != nil {
			t.Errorf("in a bundle: %v\n%s", err, diff)
		}
	})
}

// A bundle that is whole gives what is inside; a damaged one does not make the reader read outside, or invent.
func FuzzBundle(f *testing.F) {
	f.Add(uint8(1), uint16(0), "a.deps.json", -1, byte(0))
	f.Add(uint8(6), uint16(500), "b.dll", 40, byte(255))
	const text = `{"libraries":{"A/1.0.0":{"type":"package"}}}`
	f.Fuzz(func(t *testing.T, version uint8, pad uint16, name string, at int, value byte) {
		version %= 8
		b := bundled(host(int(pad)), uint32(version), embedded{name, "{}"}, embedded{"app.deps.json", text})
		damaged := at >= 0 && at < len(b) && b[at] != value
		if damaged {
			b[at] = value
		}
		facts, err := extractFile(t, "dotnet-bundle", extract.NewFile("x", b, 0o755))
		if got := names(facts); len(got) > 1 || len(got) == 1 && !damaged && got[0] != "A 1.0.0" {
			t.Errorf("got %q", got)
		}
		known := version == 1 || version == 2 || version == 6
		if !damaged && !strings.HasSuffix(name, ".deps.json") && (err != nil || known != (len(facts.Packages) == 1)) {
			t.Errorf("version %d: %v, %v, %v", version, names(facts), err, facts.Incomplete)
		}
	})
}

// What is read out of a project file stands in it.
func FuzzProject(f *testing.F) {
	f.Add([]byte(`<Project><PropertyGroup><V>1.0</V></PropertyGroup><ItemGroup><PackageReference Include="A" Version="$(V)"><Version>2.0</Version></PackageReference></ItemGroup></Project>`))
	f.Add([]byte(`<packages><package id="a" version="1.0"/></packages>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"msbuild", "nuget-config"} {
			facts, err := extractFile(t, name, extract.NewFile("x", b, 0o644))
			if len(facts.Packages) > 0 && !bytes.Contains(b, []byte("<")) {
				t.Error("packages of no XML")
			}
			plain := !bytes.ContainsAny(b, "&$\r")
			for _, p := range facts.Packages {
				if plain && (!bytes.Contains(b, []byte(p.Name)) || !bytes.Contains(b, []byte(p.Version))) {
					t.Errorf("%s: %q %q is not in the file", name, p.Name, p.Version)
				}
				if name == "msbuild" && strings.ContainsAny(p.Version, "[]*$(), ") {
					t.Errorf("version %q pins nothing", p.Version)
				}
			}
			if err == nil && bytes.Count(b, []byte("<a>")) > bytes.Count(b, []byte("</a>")) && !bytes.Contains(b, []byte("<!")) && !bytes.Contains(b, []byte("<?")) && !bytes.ContainsAny(b, `"'`) {
				t.Errorf("%s: no error for elements that do not end", name)
			}
		}
	})
}

func BenchmarkDeps(b *testing.B) {
	var targets, libraries strings.Builder
	for i := range 200 {
		fmt.Fprintf(&targets, `"P%d/1.0.%d":{"dependencies":{"A":"1"},"runtime":{"lib/net8.0/P%d.dll":{"assemblyVersion":"1.0.0.0","fileVersion":"1.0.0.0"}}},`, i, i, i)
		fmt.Fprintf(&libraries, `"P%d/1.0.%d":{"type":"package","serviceable":true,"sha512":"%088d","path":"p%d","hashPath":"p%d.nupkg.sha512"},`, i, i, i, i, i)
	}
	text := `{"runtimeTarget":{"name":"t"},"targets":{"t":{` + strings.TrimSuffix(targets.String(), ",") + `}},"libraries":{` + strings.TrimSuffix(libraries.String(), ",") + `}}`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if facts, err := extractFile(b, "dotnet-deps", extract.NewFile("x", []byte(text), 0o644)); err != nil || len(facts.Packages) != 200 {
			b.Fatal(err)
		}
	}
}
