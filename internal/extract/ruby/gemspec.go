package ruby

import (
	"bytes"
	"strings"
)

// spec is what matters of a gemspec.
type spec struct {
	name, version, platform string
	licenses                []string
}

// scanSpec reads the assignments of literals in a gemspec: the way of RubyGems' own to_ruby, and of most people. An
// assignment of anything else takes back what was known.
//
// The second line of a specification that RubyGems wrote is a comment for its own quick reading, the "stub", which `gem
// list` shows and which therefore wins.
func scanSpec(b []byte) spec {
	var s spec
	if body, variable := blockOf(b); variable != "" {
		s.assignments(body, variable+".")
	}
	if stub, ok := stubOf(b); ok {
		s.name, s.version, s.platform = stub.name, stub.version, stub.platform
	}
	return s
}

// blockOf finds the first block that a specification is made with, and the name of its variable: "do |s|".
func blockOf(b []byte) (body []byte, variable string) {
	for {
		_, after, found := bytes.Cut(b, []byte("Gem::Specification.new"))
		if !found {
			return nil, ""
		}
		b = after
		line, _, _ := bytes.Cut(after[:min(len(after), 256)], []byte("\n"))
		before, rest, opened := bytes.Cut(line, []byte("|"))
		name, _, closed := bytes.Cut(rest, []byte("|"))
		before = bytes.TrimRight(before, " \t")
		if !opened || !closed || !bytes.HasSuffix(before, []byte("do")) && !bytes.HasSuffix(before, []byte("{")) {
			continue
		}
		if name = bytes.TrimSpace(name); len(name) > 0 {
			return after[len(line):], string(name)
		}
	}
}

// stubOf reads "# stub: name version platform require_paths".
func stubOf(b []byte) (s spec, ok bool) {
	_, b, _ = bytes.Cut(b[:min(len(b), 64<<10)], []byte("\n"))
	line, _, _ := bytes.Cut(b, []byte("\n"))
	text, ok := bytes.CutPrefix(line, []byte("# stub: "))
	if !ok {
		return s, false
	}
	words := strings.SplitN(strings.TrimRight(string(text), "\r"), " ", 4)
	if len(words) < 3 || words[0] == "" || words[1] == "" {
		return s, false
	}
	return spec{name: words[0], version: words[1], platform: words[2]}, true
}

func (s *spec) assignments(b []byte, variable string) {
	comment := false
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		start := b
		b = rest
		switch {
		case bytes.HasPrefix(line, []byte("=begin")):
			comment = true
		case bytes.HasPrefix(line, []byte("=end")):
			comment = false
		case bytes.Equal(bytes.TrimRight(line, "\r"), []byte("__END__")):
			return
		}
		l := literals{b: start}
		l.space()
		if comment || !l.take(variable) {
			continue
		}
		word := 0
		for word < len(l.b) && ('a' <= l.b[word] && l.b[word] <= 'z' || l.b[word] == '_') {
			word++
		}
		attribute := string(l.b[:min(word, 32)])
		l.b = l.b[word:]
		l.space()
		if !l.take("=") || bytes.HasPrefix(l.b, []byte("=")) || bytes.HasPrefix(l.b, []byte("~")) {
			continue
		}
		l.space()
		s.assign(attribute, &l)
	}
}

func (s *spec) assign(attribute string, l *literals) {
	switch attribute {
	case "name":
		s.name = l.scalar("")
	case "version":
		s.version = l.scalar("Gem::Version.new")
	case "platform":
		if l.take("Gem::Platform::RUBY") {
			return
		}
		s.platform = l.scalar("Gem::Platform.new")
	case "license", "licenses":
		s.licenses = nil
		list, ok := l.list()
		if !ok || !l.ended() {
			return
		}
		for _, text := range list {
			if text = strings.TrimSpace(text); text != "" {
				s.licenses = append(s.licenses, text)
			}
		}
	}
}

// scalar reads a string, alone or as the one argument of constructor; empty for all else.
func (l *literals) scalar(constructor string) string {
	call := constructor != "" && l.take(constructor)
	if call && l.take("(") {
		l.space()
		text, ok := l.text()
		l.space()
		if !ok || !l.take(")") || !l.ended() {
			return ""
		}
		return strings.TrimSpace(text)
	}
	l.space()
	text, ok := l.text()
	if !ok || !l.ended() {
		return ""
	}
	return strings.TrimSpace(text)
}
