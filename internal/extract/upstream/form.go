package upstream

import (
	"bytes"
	"strings"
)

const (
	maxNumbers = 5 // in a version
	maxDigits  = 8 // in a number
)

// length says how many bytes at the beginning of b are a version of the form; none where it is not followed as the form wants.
func (f *form) length(b []byte) int {
	n, numbers := 0, 0
	for numbers < maxNumbers {
		d := digits(b[n:])
		if d == 0 || d > maxDigits {
			break
		}
		n += d
		numbers++
		if n+1 >= len(b) || b[n] != '.' || !isDigit(b[n+1]) {
			break
		}
		n++
	}
	if numbers == 0 || numbers == maxNumbers && n < len(b) && b[n] == '.' {
		return 0
	}
	tail := 0
	if f.letters {
		for tail < 2 && n+tail < len(b) && 'a' <= b[n+tail] && b[n+tail] <= 'z' {
			tail++
		}
	}
	if (f.patch || f.patched) && n+1 < len(b) && b[n] == 'p' {
		if d := digits(b[n+1:]); d > 0 && d <= maxDigits {
			tail = 1 + d
		}
	}
	if f.patched && tail == 0 {
		return 0
	}
	// An unfinished version may have fewer numbers: 17beta1, 5.3-rc2.
	if word := unfinished(b[n+tail:]); word > 0 {
		tail += word
		numbers++
	}
	n += tail
	if numbers < f.numbers || !f.follows(b[n:]) {
		return 0
	}
	return n
}

func (f *form) follows(b []byte) bool {
	if f.soon != "" {
		line, _, _ := bytes.Cut(b[:min(len(b), 64)], []byte{0})
		return bytes.Contains(line, []byte(f.soon))
	}
	if len(b) == 0 {
		return f.ends == ""
	}
	if f.ends != "" {
		return strings.IndexByte(f.ends, b[0]) >= 0
	}
	return !isDigit(b[0])
}

// unfinished gives the length of a word that marks a version before its release, and the number after it: "rc1", "-beta.2", "a3", "-dev".
func unfinished(b []byte) int {
	n := 0
	if len(b) > 0 && strings.IndexByte("-.~_", b[0]) >= 0 {
		n = 1
	}
	for _, word := range []string{"alpha", "beta", "rc", "RC", "dev", "DEV", "preview", "a", "b"} {
		if !bytes.HasPrefix(b[n:], []byte(word)) {
			continue
		}
		end := n + len(word)
		if end+1 < len(b) && (b[end] == '.' || b[end] == '-') && isDigit(b[end+1]) {
			end++
		}
		d := digits(b[end:])
		if d > 3 || d == 0 && (len(word) < 3 || end < len(b) && isLetter(b[end])) {
			return 0
		}
		return end + d
	}
	return 0
}

// clean writes a version as advisories do. Since Ruby 2.1 the patch level counts commits and says nothing more than the version before it.
func (f *form) clean(v string) string {
	if release, level, ok := strings.Cut(v, "p"); ok && f.patch && strings.Trim(level, "0123456789") == "" {
		if later(release, "2.0.99") {
			return release
		}
		return release + "-p" + level
	}
	return v
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
