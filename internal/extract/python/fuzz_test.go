package python

import (
	"bufio"
	"bytes"
	"fmt"
	"net/textproto"
	"strings"
	"testing"
)

// net/textproto reads headers of the same form; for what it accepts, name and version are those it has. It joins
// folded lines with a space, where two lines of text are not taken for a name here.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte("Metadata-Version: 2.1\nName: a\nVersion: 1.0\nSummary: x\n y\n\nbody\n"))
	f.Add([]byte("name:\n a\nVERSION: 1\r\nLicense: MIT\n\n"))
	f.Add([]byte("Name: a\n b\nVersion: 1\nVersion: 2\n\n"))
	f.Add([]byte("License-Expression: MIT\nName: \xff\nClassifier: License :: OSI Approved :: MIT License\n\n"))
	f.Add([]byte("Name: a\rVersion: 1\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := readMetadata(b)
		for _, value := range []string{m.name, m.version, m.expression, m.license} {
			if len(value) > 3*maxValue || strings.TrimSpace(value) != value && !strings.ContainsFunc(value, func(r rune) bool { return r > 0x7f }) {
				t.Errorf("value %q", value)
			}
		}
		// A bare CR ends a line for Python and not for textproto; an empty value is none here.
		if bytes.Contains(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\r")) || bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
			return
		}
		head, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(b))).ReadMIMEHeader()
		if err != nil {
			return
		}
		folded := bytes.Contains(b, []byte("\n ")) || bytes.Contains(b, []byte("\n\t"))
		for key, got := range map[string]string{"Name": m.name, "Version": m.version, "License-Expression": m.expression, "License": m.license} {
			values := head.Values(key)
			if len(values) == 0 {
				if got != "" {
					t.Errorf("%s is %q, textproto has none", key, got)
				}
				continue
			}
			want := values[0]
			if want == "" || len(want) > maxValue || folded && strings.Contains(want, " ") {
				continue
			}
			if folded && got != "" && strings.HasPrefix(want, got) {
				continue // the first line of a whole licence text
			}
			if got != strings.ToValidUTF8(strings.TrimSpace(want), "\uFFFD") {
				t.Errorf("%s is %q, textproto has %q", key, got, want)
			}
		}
	})
}

func BenchmarkMetadata(b *testing.B) {
	var text strings.Builder
	text.WriteString("Metadata-Version: 2.1\nName: some-name\nVersion: 1.2.3\nSummary: It does one thing\nLicense: BSD\n")
	for i := range 20 {
		fmt.Fprintf(&text, "Classifier: Programming Language :: Python :: 3.%d\nRequires-Dist: dependency-%d (>=1.0)\n", i, i)
	}
	text.WriteString("Classifier: License :: OSI Approved :: BSD License\n\n")
	text.WriteString(strings.Repeat("A long description that is not read.\n", 500))
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if m := readMetadata(content); m.version != "1.2.3" {
			b.Fatal(m)
		}
	}
}
