package yamltree

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// value reads a scalar or a flow collection that begins with s at the end of the current line, and may go on in lines that are indented more than
// parent.
func (p *parser) value(s string, parent, depth int) *Node {
	switch s[0] {
	case '|', '>':
		return p.literal(s, parent)
	case '"', '\'', '[', '{':
		return p.inline(s, parent, depth)
	}
	if !plainStart(s, false) {
		return p.fail("a value that begins with " + strconv.QuoteRune(rune(s[0])))
	}
	return p.plain(s, parent)
}

// plainStart says whether a plain scalar may begin so.
func plainStart(s string, flow bool) bool {
	switch s[0] {
	case ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return false
	case '-', '?', ':':
		return len(s) > 1 && strings.IndexByte(" \t\r\n", s[1]) < 0 && (!flow || strings.IndexByte(",[]{}", s[1]) < 0)
	}
	return true
}

// plain reads a scalar without quotes.
func (p *parser) plain(s string, parent int) *Node {
	first, comment, ok := plainLine(s)
	if !ok {
		return p.fail("a colon inside a value")
	}
	p.at++
	if comment || !p.continues(parent) {
		return &Node{Text: first}
	}
	var b strings.Builder
	b.WriteString(first)
	breaks := 1
	for ; !comment && p.at < len(p.lines); p.at++ {
		l := p.lines[p.at]
		c := strings.Trim(p.text[l.start:l.end], " \t")
		if c == "" {
			breaks++
			continue
		}
		if l.indent <= parent || c[0] == '#' {
			break
		}
		if c, comment, ok = plainLine(c); !ok {
			return p.fail("a colon inside a value")
		}
		fold(&b, breaks)
		b.WriteString(c)
		breaks = 1
	}
	return &Node{Text: b.String()}
}

// continues says whether the next line that is not blank is indented more than parent and no comment.
func (p *parser) continues(parent int) bool {
	for i := p.at; i < len(p.lines); i++ {
		if l := p.lines[i]; !l.blank() {
			return l.indent > parent && p.text[l.start+l.indent] != '#'
		}
	}
	return false
}

// plainLine cuts a line of a plain scalar where its comment begins.
func plainLine(s string) (text string, comment, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ':':
			if i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t' {
				return "", false, false
			}
		case '#':
			if i > 0 && (s[i-1] == ' ' || s[i-1] == '\t') {
				return strings.TrimRight(s[:i], " \t"), true, true
			}
		}
	}
	return strings.TrimRight(s, " \t"), false, true
}

// fold writes what stands for so many line breaks between two lines: a space for one, else one less.
func fold(b *strings.Builder, breaks int) {
	if breaks == 1 {
		b.WriteByte(' ')
		return
	}
	for range breaks - 1 {
		b.WriteByte('\n')
	}
}

// literal reads a block scalar; s is its header.
func (p *parser) literal(s string, parent int) *Node {
	folded, chomp, explicit := s[0] == '>', byte(0), 0
	head := s[1:]
	for head != "" && head[0] != ' ' && head[0] != '\t' {
		switch c := head[0]; {
		case (c == '-' || c == '+') && chomp == 0:
			chomp = c
		case c >= '1' && c <= '9' && explicit == 0:
			explicit = int(c - '0')
		default:
			return p.fail("the head of a block")
		}
		head = head[1:]
	}
	if rest := strings.TrimLeft(head, " \t"); rest != "" && (rest[0] != '#' || rest == head) {
		return p.fail("the head of a block")
	}
	p.at++
	indent := max(parent, 0) + explicit
	if explicit == 0 {
		leading := 0
		for i := p.at; i < len(p.lines); i++ {
			if l := p.lines[i]; l.blank() {
				leading = max(leading, l.indent)
			} else {
				indent = l.indent
				break
			}
		}
		if indent <= parent { // nothing, then
			indent = max(parent+1, leading)
		} else if leading > indent {
			return p.fail("a blank line with more spaces than the block that follows")
		}
	}
	return &Node{Text: p.lift(indent, folded, chomp), Quoted: true}
}

// lift takes the lines of a block scalar, without their indentation.
func (p *parser) lift(indent int, folded bool, chomp byte) string {
	var b strings.Builder
	breaks, more := 0, false // line breaks that were not written yet; whether the last line was indented more
	for ; p.at < len(p.lines); p.at++ {
		l := p.lines[p.at]
		if l.indent < indent {
			if !l.blank() {
				if p.text[l.start+l.indent] == '\t' {
					p.fail("a tab in the place of indentation")
				}
				break
			}
			breaks++
			continue
		}
		c := p.text[l.start+indent : l.end]
		if c == "" {
			breaks++
			continue
		}
		now := c[0] == ' ' || c[0] == '\t'
		if folded && b.Len() > 0 && !more && !now && breaks > 0 {
			// One break between two ordinary lines is a space.
			fold(&b, breaks)
		} else {
			for range breaks {
				b.WriteByte('\n')
			}
		}
		b.WriteString(c)
		breaks, more = 1, now
		if l.end == len(p.text) { // the text ends without a line break
			if breaks = 0; strings.TrimSpace(c) == "" {
				p.fail("spaces at the end, of which readers think differently")
			}
		}
	}
	switch {
	case chomp == '+':
		for range breaks {
			b.WriteByte('\n')
		}
	case chomp == 0 && b.Len() > 0 && breaks > 0:
		b.WriteByte('\n')
	}
	return b.String()
}

// inline reads what quotes or brackets enclose.
func (p *parser) inline(s string, parent, depth int) *Node {
	l := p.lines[p.at]
	f := &flow{s: p.text[l.end-len(s):]}
	n := f.value(depth)
	if f.bad != "" {
		return p.fail(f.bad)
	}
	// Go on at the line where it ended. All between is to be indented as the block around it demands.
	end := l.end - len(s) + f.i
	for end > p.lines[p.at].end {
		p.at++
		if p.at == len(p.lines) {
			return p.fail("a document in a value")
		}
		if in := p.lines[p.at]; !in.blank() && in.indent <= parent {
			return p.fail("less indented than it should be")
		}
	}
	rest := p.text[end:p.lines[p.at].end]
	if c := strings.TrimLeft(rest, " \t"); c != "" && (c[0] != '#' || c == rest) {
		return p.fail("more after a value")
	}
	p.at++
	return n
}

// quoted reads the scalar in quotes with which s begins, and gives its length in s.
func quoted(s string) (text string, n int, ok bool) {
	if s[0] == '\'' {
		return single(s)
	}
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; c {
		case '"':
			return b.String(), i + 1, true
		case '\\':
			m := unescape(&b, s[i:])
			if m == 0 {
				return "", 0, false
			}
			i += m
		case ' ', '\t', '\r', '\n':
			i += space(&b, s[i:])
		default:
			m := strings.IndexAny(s[i:], "\"\\ \t\r\n")
			if m < 0 {
				return "", 0, false
			}
			b.WriteString(s[i : i+m])
			i += m
		}
	}
	return "", 0, false
}

func single(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); {
		switch s[i] {
		case '\'':
			if i+1 < len(s) && s[i+1] == '\'' {
				b.WriteByte('\'')
				i += 2
				continue
			}
			return b.String(), i + 1, true
		case ' ', '\t', '\r', '\n':
			i += space(&b, s[i:])
		default:
			m := strings.IndexAny(s[i:], "' \t\r\n")
			if m < 0 {
				return "", 0, false
			}
			b.WriteString(s[i : i+m])
			i += m
		}
	}
	return "", 0, false
}

// space reads white space inside quotes: as it is where it is inside a line, and folded where it has line breaks.
func space(b *strings.Builder, s string) int {
	n, breaks := 0, 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '\r' || s[n] == '\n') {
		if s[n] == '\n' {
			breaks++
		}
		n++
	}
	if breaks == 0 {
		b.WriteString(s[:n])
	} else {
		fold(b, breaks)
	}
	return n
}

// unescape reads an escape and gives its length; 0 when it is none. See https://yaml.org/spec/1.2.2/#57-escaped-characters.
func unescape(b *strings.Builder, s string) int {
	if len(s) < 2 {
		return 0
	}
	digits := 0
	switch c := s[1]; c {
	case '0':
		b.WriteByte(0)
	case 'a':
		b.WriteByte('\a')
	case 'b':
		b.WriteByte('\b')
	case 't', '\t':
		b.WriteByte('\t')
	case 'n':
		b.WriteByte('\n')
	case 'v':
		b.WriteByte('\v')
	case 'f':
		b.WriteByte('\f')
	case 'r':
		b.WriteByte('\r')
	case 'e':
		b.WriteByte(0x1b)
	case ' ', '"', '/', '\\':
		b.WriteByte(c)
	case 'N':
		b.WriteString("\u0085")
	case '_':
		b.WriteString("\u00a0")
	case 'L':
		b.WriteString("\u2028")
	case 'P':
		b.WriteString("\u2029")
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case '\r', '\n':
		return 1 + joined(b, s[1:])
	default:
		return 0
	}
	if digits == 0 {
		return 2
	}
	if len(s) < 2+digits {
		return 0
	}
	r, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(r)) {
		return 0
	}
	b.WriteRune(rune(r))
	return 2 + digits
}

// joined reads an escaped line break: the next line goes on without a space, after the line breaks of blank lines.
func joined(b *strings.Builder, s string) int {
	n, breaks := 0, 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '\r' || s[n] == '\n') {
		if s[n] == '\n' {
			breaks++
		}
		n++
	}
	for range breaks - 1 {
		b.WriteByte('\n')
	}
	return n
}
