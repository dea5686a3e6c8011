package main

import "testing"

func TestMirrorIsReadFromBothFormsOfLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, list, want string }{
		{"one line", "# a comment\ndeb http://mirror.example/debian bookworm main contrib\n", "http://mirror.example/debian"},
		{"one line with options", "deb [arch=amd64 signed-by=/key] http://mirror.example/debian bookworm main\n", "http://mirror.example/debian"},
		{"another release", "deb http://mirror.example/debian trixie main\n", ""},
		{"updates are not the release", "deb http://mirror.example/debian bookworm-updates main\n", ""},
		{"source packages are not", "deb-src http://mirror.example/debian bookworm main\n", ""},
		{
			"deb822, the second stanza", "Types: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n\n" +
				"Types: deb\n# URIs: http://old.example\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n", "http://mirror.example/debian",
		},
	} {
		if got := mirrorIn(c.list, "bookworm"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestGeneratedTextIsStable(t *testing.T) {
	t.Parallel()
	if a, b := text(1, 4000), text(2, 4000); a == b || len(a) != 4000 {
		t.Error("generated files are to differ and to have the size asked for")
	}
	again := text(1, 4000)
	if again != text(1, 4000) {
		t.Error("generated files are to be the same each time")
	}
}
