package java

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// parseProperties calls visit for the entries of a properties file, as java.util.Properties.load reads them: "=", ":" or space
// between key and value, "#" and "!" before comments, lines that go on behind a backslash, \uXXXX. Its bytes are Latin-1 by the
// book and UTF-8 in life; coordinates are neither.
func parseProperties(text string, visit func(key, value string)) {
	for text != "" {
		var line string
		line, text = logicalLine(text)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		end := len(line)
		for i := 0; i < len(line); i++ {
			if line[i] == '\\' {
				i++
				continue
			}
			if strings.IndexByte("=: \t\f", line[i]) >= 0 {
				end = i
				break
			}
		}
		value := strings.TrimLeft(line[end:], " \t\f")
		if value != "" && (value[0] == '=' || value[0] == ':') {
			value = strings.TrimLeft(value[1:], " \t\f")
		}
		visit(unescape(line[:end]), unescape(value))
	}
}

// logicalLine takes one line with those that continue it. Comments do not go on.
func logicalLine(text string) (line, rest string) {
	var whole strings.Builder
	for {
		line, rest = text, ""
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			line, rest = text[:i], text[i+1:]
			if text[i] == '\r' {
				rest = strings.TrimPrefix(rest, "\n")
			}
		}
		line = strings.TrimLeft(line, " \t\f")
		slashes := len(line) - len(strings.TrimRight(line, `\`))
		comment := whole.Len() == 0 && line != "" && (line[0] == '#' || line[0] == '!')
		if slashes%2 == 0 || comment {
			whole.WriteString(line)
			return whole.String(), rest
		}
		whole.WriteString(line[:len(line)-1])
		if rest == "" {
			return whole.String(), rest
		}
		text = rest
	}
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			var units []uint16
			for i++; i+4 <= len(s); {
				u, err := strconv.ParseUint(s[i:i+4], 16, 16)
				if err != nil {
					break
				}
				units = append(units, uint16(u))
				i += 4
				if !strings.HasPrefix(s[i:], `\u`) {
					break
				}
				i += 2
			}
			i--
			b.WriteString(string(utf16.Decode(units)))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// coordinates name an artifact.
type coordinates struct{ group, artifact, version string }

// whole says whether all is told.
func (c coordinates) whole() bool { return c.group != "" && c.artifact != "" && c.version != "" }

// parsePomProperties reads what Maven's archiver writes.
func parsePomProperties(text string) coordinates {
	var c coordinates
	parseProperties(text, func(key, value string) {
		value = plain(value)
		switch key {
		case "groupId":
			c.group = value
		case "artifactId":
			c.artifact = value
		case "version":
			c.version = value
		}
	})
	return c
}

// plain is a value that can be a part of coordinates: one word, with nothing that was to be filled in.
func plain(v string) string {
	v = strings.TrimSpace(v)
	if len(v) > 512 || strings.ContainsAny(v, "${}@& \t\r\n\x00<>\"\\/:") {
		return ""
	}
	return strings.ToValidUTF8(v, "?")
}
