package lockfile

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// readMix reads mix.lock: a map of applications to tuples, {:hex, :package, "version", ...} or {:git, "url", "commit", ...}.
func readMix(b []byte, found *pins) error {
	maps := 0
	err := readTerms(b, '#', func(t, above *tuple, depth int) {
		if depth == 0 {
			maps++
		}
		if depth != 1 || above.open != '{' {
			return
		}
		f := t.fields
		switch {
		case f[0].kind == 'a' && f[0].text == "hex" && f[1].kind == 'a' && f[2].kind == 's':
			found.add(pin{ecosystem: purl.Hex, name: f[1].text, version: f[2].text})
		case f[0].kind == 'a' && f[0].text == "git" && f[1].kind == 's' && above.key != "":
			found.add(pin{ecosystem: purl.Hex, name: above.key, git: f[1].text, commit: f[2].text})
		case f[0].kind == 'a' && f[0].text == "path":
			found.left++
		default:
			found.odd++
		}
	})
	if err == nil && maps == 0 {
		err = errForm
	}
	found.empty = withoutSpace(b, 4) == "%{}"
	return err
}

// readRebar reads rebar.lock of Erlang: {<<"application">>, {pkg, <<"package">>, <<"version">>}, level}, or
// {git, "url", {ref, "commit"}} in the place of the package.
func readRebar(b []byte, found *pins) error {
	terms := 0
	err := readTerms(b, '%', func(t, above *tuple, depth int) {
		terms++
		if above == nil || above.open != '{' || above.n != 1 || above.fields[0].kind != 's' || t.fields[0].kind != 'a' {
			return
		}
		f := t.fields
		switch f[0].text {
		case "pkg":
			if f[1].kind != 's' || f[2].kind != 's' {
				found.odd++
				return
			}
			found.add(pin{ecosystem: purl.Hex, name: f[1].text, version: f[2].text})
		case "git", "git_subdir":
			found.add(pin{ecosystem: purl.Hex, name: above.fields[0].text, git: f[1].text, commit: f[2].text})
		default: // another version control, or a plugin's own
			found.add(pin{ecosystem: purl.Hex, name: above.fields[0].text})
		}
	})
	bare := withoutSpace(b, 64)
	found.empty = bare == "[]." || strings.HasPrefix(bare, `{"1.`) && strings.HasSuffix(bare, `",[]}.`)
	if err == nil && terms == 0 && !found.empty {
		err = errForm
	}
	return err
}

// withoutSpace gives the beginning of b without white space, at most so many bytes.
func withoutSpace(b []byte, most int) string {
	var text []byte
	for _, c := range b {
		if len(text) == most {
			break
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			text = append(text, c)
		}
	}
	return string(text)
}
