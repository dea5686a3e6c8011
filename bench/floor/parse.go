package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"debug/buildinfo"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
)

// pkg is a package found.
type pkg struct{ kind, name, version string }

// parse reads a claimed file.
func parse(k kind, name string, b []byte) []pkg {
	switch k {
	case dpkg:
		return stanzas(b)
	case apk:
		return apkInstalled(b)
	case node:
		return module(b)
	case python:
		return wheel(b)
	case gem:
		return gemspec(b)
	case jar:
		return archive(name, bytes.NewReader(b), int64(len(b)))
	}
	return nil
}

// stanzas reads dpkg's status.
func stanzas(b []byte) (out []pkg) {
	var p pkg
	installed := true
	flush := func() {
		if p.name != "" && p.version != "" && installed {
			p.kind = "deb"
			out = append(out, p)
		}
		p, installed = pkg{}, true
	}
	for line := range bytes.Lines(b) {
		switch {
		case len(line) == 1:
			flush()
		case line[0] == 'P' && bytes.HasPrefix(line, []byte("Package: ")):
			p.name = string(bytes.TrimSpace(line[9:]))
		case line[0] == 'V' && bytes.HasPrefix(line, []byte("Version: ")):
			p.version = string(bytes.TrimSpace(line[9:]))
		case line[0] == 'S' && bytes.HasPrefix(line, []byte("Status: ")):
			installed = !bytes.HasSuffix(bytes.TrimSpace(line), []byte("not-installed")) && !bytes.HasSuffix(bytes.TrimSpace(line), []byte("config-files"))
		case line[0] == 'A' && bytes.HasPrefix(line, []byte("Architecture: ")):
			p.name += ":" + string(bytes.TrimSpace(line[14:]))
		}
	}
	flush()
	return out
}

func apkInstalled(b []byte) (out []pkg) {
	p := pkg{kind: "apk"}
	for line := range bytes.Lines(b) {
		switch {
		case bytes.HasPrefix(line, []byte("P:")):
			p.name = string(bytes.TrimSpace(line[2:]))
		case bytes.HasPrefix(line, []byte("V:")):
			p.version = string(bytes.TrimSpace(line[2:]))
		case len(line) == 1 && p.name != "":
			out = append(out, p)
			p = pkg{kind: "apk"}
		}
	}
	if p.name != "" {
		out = append(out, p)
	}
	return out
}

// module reads the two fields of a package.json that count, without reading it as JSON into values.
func module(b []byte) []pkg {
	p := pkg{kind: "npm", name: topString(b, "name"), version: topString(b, "version")}
	if p.name == "" || p.version == "" {
		return nil
	}
	return []pkg{p}
}

// topString is the string under a key of the outermost object; escapes are not decoded, which names do not have.
func topString(b []byte, key string) string {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := i + 1
			for end < len(b) && b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(b) {
				return ""
			}
			word := b[i+1 : end]
			i = end
			if depth != 1 || string(word) != key {
				continue
			}
			rest := bytes.TrimLeft(b[end+1:], " \t\r\n")
			if len(rest) == 0 || rest[0] != ':' {
				continue
			}
			rest = bytes.TrimLeft(rest[1:], " \t\r\n")
			if len(rest) == 0 || rest[0] != '"' {
				return ""
			}
			if n := bytes.IndexByte(rest[1:], '"'); n >= 0 {
				return string(rest[1 : 1+n])
			}
		}
	}
	return ""
}

func wheel(b []byte) []pkg {
	p := pkg{kind: "pypi"}
	for line := range bytes.Lines(b) {
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Name: ")); ok {
			p.name = string(bytes.TrimSpace(v))
		} else if v, ok := bytes.CutPrefix(line, []byte("Version: ")); ok {
			p.version = string(bytes.TrimSpace(v))
		}
	}
	if p.name == "" || p.version == "" {
		return nil
	}
	p.name = strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(p.name))
	return []pkg{p}
}

var gemField = regexp.MustCompile(`(?m)^\s*\w+\.(name|version)\s*=\s*"([^"]+)"`)

func gemspec(b []byte) []pkg {
	p := pkg{kind: "gem"}
	for _, m := range gemField.FindAllSubmatch(b, 4) {
		if string(m[1]) == "name" {
			p.name = string(m[2])
		} else {
			p.version = string(m[2])
		}
	}
	if p.name == "" || p.version == "" {
		return nil
	}
	return []pkg{p}
}

// archive reads the central directory of a jar and the pom.properties that it names; a jar without any counts by its own name.
func archive(name string, r io.ReaderAt, size int64) (out []pkg) {
	zr, err := zip.NewReader(r, size)
	if err != nil {
		return nil
	}
	for _, f := range zr.File {
		if !strings.HasPrefix(f.Name, "META-INF/maven/") || !strings.HasSuffix(f.Name, "/pom.properties") {
			continue
		}
		c, err := f.Open()
		if err != nil {
			continue
		}
		p := pkg{kind: "maven"}
		var group string
		lines := bufio.NewScanner(io.LimitReader(c, 64<<10))
		for lines.Scan() {
			switch k, v, _ := strings.Cut(lines.Text(), "="); k {
			case "groupId":
				group = strings.TrimSpace(v)
			case "artifactId":
				p.name = strings.TrimSpace(v)
			case "version":
				p.version = strings.TrimSpace(v)
			}
		}
		_ = c.Close()
		if p.name != "" {
			p.name = group + ":" + p.name
			out = append(out, p)
		}
	}
	if out == nil {
		out = []pkg{{kind: "maven", name: name[strings.LastIndexByte(name, '/')+1:]}}
	}
	return out
}

// magic begins the build information of a Go program, at an address that 16 divides.
var magic = []byte("\xff Go buildinf:")

// headerSize is the length of what comes before the strings.
const headerSize = 32

// inlineInfo reads build information with its strings in place, as it is since Go 1.18. b begins with the magic.
func inlineInfo(b []byte) (out []pkg, ok bool) {
	if len(b) < headerSize || b[15]&2 == 0 {
		return nil, false
	}
	version, b, ok := varString(b[headerSize:])
	if !ok || !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel") {
		return nil, false
	}
	mod, _, ok := varString(b)
	if !ok || len(mod) < 33 {
		return nil, false
	}
	return modules(version, mod[16:len(mod)-16]), true
}

func varString(b []byte) (s string, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return "", nil, false
	}
	return string(b[k : k+int(n)]), b[k+int(n):], true
}

func modules(version, mod string) []pkg {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "go"), " ")
	out := []pkg{{"go", "stdlib", version}}
	for line := range strings.SplitSeq(mod, "\n") {
		f := strings.Split(line, "\t")
		if len(f) < 3 {
			continue
		}
		switch f[0] {
		case "mod", "dep":
			out = append(out, pkg{"go", f[1], f[2]})
		case "=>":
			out[len(out)-1] = pkg{"go", f[1], f[2]}
		}
	}
	return out
}

// goProgram reads build information where the bytes can be had in any order.
func goProgram(r io.ReaderAt) []pkg {
	info, err := buildinfo.Read(r)
	if err != nil {
		return nil
	}
	v, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ")
	out := []pkg{{"go", "stdlib", v}}
	if info.Main.Path != "" {
		out = append(out, pkg{"go", info.Main.Path, info.Main.Version})
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		out = append(out, pkg{"go", d.Path, d.Version})
	}
	return out
}
