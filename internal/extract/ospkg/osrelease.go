package ospkg

import (
	"bytes"
	"context"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// OSRelease reads which distribution it is, from os-release(5), and where that is missing from what was there before it:
// etc/lsb-release, etc/alpine-release, etc/debian_version with a number in it (Ubuntu and Debian testing have
// "bookworm/sid" there, which says too little), and the sentence or two that other distributions have in files of their own
// (see released). The merge prefers os-release, and of the rest the first by name: etc/oracle-release before the
// etc/redhat-release that Oracle ships as Red Hat wrote it.
type OSRelease struct{}

var _ extract.Extractor = OSRelease{}

// Name implements [extract.Extractor].
func (OSRelease) Name() string { return "os-release" }

// Revision implements [extract.Extractor].
func (OSRelease) Revision() int { return 2 }

// Claims implements [extract.Extractor].
func (OSRelease) Claims() []extract.Claim {
	claims := []extract.Claim{
		{Path: "etc/os-release"},
		{Path: "usr/lib/os-release"},
		{Path: "etc/lsb-release"},
		{Path: "etc/alpine-release"},
		{Path: "etc/debian_version"},
	}
	for _, name := range []string{
		"almalinux", "centos", "fedora", "mariner", "oracle", "photon", "redhat", "rocky", "SuSE", "system",
	} {
		claims = append(claims, extract.Claim{Path: "etc/" + name + "-release"})
	}
	return claims
}

// Extract implements [extract.Extractor].
func (OSRelease) Extract(_ context.Context, f *extract.File, facts *extract.Facts) error {
	text := f.Bytes()
	switch path.Base(f.Path) {
	case "os-release":
		facts.Distro = inventory.DistroOf(assignments(text))
	case "lsb-release":
		lsb := assignments(text)
		facts.Distro = inventory.DistroOf(map[string]string{
			"ID":               lsb["DISTRIB_ID"],
			"VERSION_ID":       lsb["DISTRIB_RELEASE"],
			"VERSION_CODENAME": lsb["DISTRIB_CODENAME"],
			"PRETTY_NAME":      lsb["DISTRIB_DESCRIPTION"],
		})
	case "alpine-release":
		if v := bytes.TrimSpace(text); legalVersion(v) && len(v) <= maxReleaseValue {
			facts.Distro = inventory.DistroOf(map[string]string{
				"ID": "alpine", "VERSION_ID": string(v), "PRETTY_NAME": "Alpine Linux " + string(v),
			})
		}
	case "debian_version":
		if v := debianRelease(bytes.TrimSpace(text)); v != "" {
			facts.Distro = inventory.DistroOf(map[string]string{
				"ID": "debian", "VERSION_ID": v, "PRETTY_NAME": "Debian GNU/Linux " + v,
			})
		}
	default:
		facts.Distro = released(text)
	}
	return nil
}

// debianRelease turns the point release 12.4 into 12, and 6.0.10 into 6.0: up to Debian 6 a release was two numbers.
func debianRelease(point []byte) string {
	major, rest, _ := strings.Cut(string(point[:min(len(point), 16)]), ".")
	if major == "" || len(major) > 2 || strings.Trim(major, "0123456789") != "" {
		return ""
	}
	if len(major) == 1 && major < "7" {
		minor, _, _ := strings.Cut(rest, ".")
		if len(minor) != 1 || minor < "0" || minor > "9" {
			return ""
		}
		return major + "." + minor
	}
	return major
}

// maxReleaseValue bounds one value of an os-release file, which ends up in every result.
const maxReleaseValue = 1024

// assignments reads shell-like assignments as os-release(5) allows them: comments, and values bare, in single or in
// double quotes, with backslash escapes. What is not an assignment is skipped, later assignments win, as in a shell.
func assignments(text []byte) map[string]string {
	fields := map[string]string{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		key, value, ok := bytes.Cut(line, []byte("="))
		if !ok || !variable(key) || len(value) > maxReleaseValue || len(fields) >= 1024 {
			continue
		}
		if v, ok := unquote(value); ok {
			fields[string(key)] = v
		}
	}
	return fields
}

func variable(key []byte) bool {
	for i, c := range key {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '_', i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return len(key) > 0 && len(key) <= 64
}

// unquote takes the quotes and escapes of a shell word away. A quote that does not end, or anything after the word but a
// comment, makes it no word. Control characters and damaged UTF-8 are dropped: values are shown to people.
func unquote(s []byte) (string, bool) {
	out := make([]byte, 0, len(s))
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'': // nothing is special
		case c == '\\':
			i++
			if i == len(s) {
				return "", false
			}
			if quote == '"' && !strings.ContainsRune("\\\"$`", rune(s[i])) {
				out = append(out, '\\')
			}
			c = s[i]
		case c == quote:
			quote = 0
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
			continue
		case quote == 0 && (c == ' ' || c == '\t'):
			rest := bytes.TrimSpace(s[i:])
			return visible(out), len(rest) == 0 || rest[0] == '#'
		}
		out = append(out, c)
	}
	return visible(out), quote == 0
}

func visible(s []byte) string {
	if !utf8.Valid(s) {
		s = bytes.ToValidUTF8(s, nil)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return -1
		}
		return r
	}, string(s))
}
