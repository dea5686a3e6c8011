package output

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"libc6":                           "libc6",
		"  a \t\n b  ":                    "a b",
		"\x1b[31mred\x1b[0m":              "red",
		"\x1b[38;5;200;1mx":               "x",
		"\x1b]0;title\x07x":               "x",
		"\x1b]8;;http://x\x1b\\y":         "y",
		"\u009b31mred":                    "red",
		"\x1b[unfinished":                 "nfinished",
		"\x1b]never ends":                 "never ends",
		"\x1bcreset":                      "reset",
		"end\x1b":                         "end",
		"ab\u202ecd\u202c":                "abcd",
		"zero\u200bwidth\ufeff":           "zerowidth",
		"line\u2028sep":                   "line sep",
		"bad\xff\xfeutf8":                 "bad\ufffd\ufffdutf8",
		"漢字 é 🙂":                          "漢字 é 🙂",
		"back\b\b\bspace\x00nul":          "backspacenul",
		"\x1b[2J\x1b[H" + "\x1b[1A" + "x": "x",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in      string
		columns int
		want    string
		wantEnd string
	}{
		{"abc", 3, "abc", "abc"},
		{"abcd", 3, "ab…", "…cd"},
		{"漢字", 4, "漢字", "漢字"},
		{"漢字x", 4, "漢…", "…字x"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301", "e\u0301e\u0301"},
		{"", 0, "", ""},
	} {
		if got := fit(c.in, c.columns); got != c.want {
			t.Errorf("fit(%q, %d) = %q, want %q", c.in, c.columns, got, c.want)
		}
		if got := fitEnd(c.in, c.columns); got != c.wantEnd {
			t.Errorf("fitEnd(%q, %d) = %q, want %q", c.in, c.columns, got, c.wantEnd)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"a b", "\x1b[31m", "e" + strings.Repeat("\u0301", 100), "漢字", "\u009b", "\x1b]\x1b\\"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, columns int) {
		got := plain(s)
		if plain(got) != got {
			t.Errorf("plain is not done with %q: %q", s, got)
		}
		if !utf8.ValidString(got) || strings.ContainsFunc(got, steers) {
			t.Errorf("plain(%q) = %q steers", s, got)
		}
		columns = min(max(columns, 1), 300)
		for name, cut := range map[string]func(string, int) string{"fit": fit, "fitEnd": fitEnd} {
			short := cut(got, columns)
			if width(short) > columns {
				t.Errorf("%s(%q, %d) = %q has %d columns", name, got, columns, short, width(short))
			}
			if short != got && !strings.Contains(short, "…") {
				t.Errorf("%s(%q, %d) = %q hides that something is missing", name, got, columns, short)
			}
		}
	})
}
