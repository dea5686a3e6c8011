package artifact_test

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func TestCleanPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, clean string
		escaped     bool
	}{
		{"etc/passwd", "etc/passwd", false},
		{"./etc/passwd", "etc/passwd", false},
		{"/etc/passwd", "etc/passwd", false},
		{"etc/", "etc", false},
		{"etc//x/./y", "etc/x/y", false},
		{"", ".", false},
		{".", ".", false},
		{"./", ".", false},
		{"/", ".", false},
		{"//", ".", false},
		{"..", ".", true},
		{"../", ".", true},
		{"/..", ".", true},
		{"../../etc", "etc", true},
		{"a/../../b", "b", true},
		{"a/../b", "b", false},
		{"a/b/../../../c", "c", true},
		{"a/..", ".", false},
		{"...", "...", false},
		{"a/...", "a/...", false},
		{"..a", "..a", false},
		{".a/..b", ".a/..b", false},
		{"a/.", "a", false},
		{"a/./b", "a/b", false},
		{".wh..wh..opq", ".wh..wh..opq", false},
		{"etc/passwd\x00/../../x", "etc/passwd", false},
		{"\x00", ".", false},
		{`..\..\x`, `..\..\x`, false},
	} {
		clean, escaped := artifact.CleanPath(c.name)
		if clean != c.clean || escaped != c.escaped {
			t.Errorf("CleanPath(%q) = %q, %v; want %q, %v", c.name, clean, escaped, c.clean, c.escaped)
		}
	}
}

// FuzzCleanPath compares with a walk that keeps the directories it is in on a stack.
func FuzzCleanPath(f *testing.F) {
	for _, s := range []string{"etc/passwd", "../x", "/a/./b//c/..", "a\x00b", "....//", ".", "a/.../b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, escaped := artifact.CleanPath(name)
		cut, _, _ := strings.Cut(name, "\x00")
		var stack []string
		left := false
		for part := range strings.SplitSeq(cut, "/") {
			switch part {
			case "", ".":
			case "..":
				if len(stack) == 0 {
					left = true
				} else {
					stack = stack[:len(stack)-1]
				}
			default:
				stack = append(stack, part)
			}
		}
		want := "."
		if len(stack) > 0 {
			want = strings.Join(stack, "/")
		}
		if clean != want || escaped != left {
			t.Fatalf("CleanPath(%q) = %q, %v; want %q, %v", name, clean, escaped, want, left)
		}
		if !fs.ValidPath(strings.ToValidUTF8(clean, "?")) || path.Clean(clean) != clean {
			t.Fatalf("CleanPath(%q) = %q, which is not clean", name, clean)
		}
		if again, out := artifact.CleanPath(clean); again != clean || out {
			t.Fatalf("CleanPath(%q) = %q: cleaned twice is not cleaned once", clean, again)
		}
	})
}
