package lockfile

import "github.com/sightline-sec/sightline/internal/purl"

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
		default:
			found.odd++
		}
	})
	if err == nil && maps == 0 {
		err = errForm
	}
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
	if err == nil && terms == 0 && !isEmptyList(b) {
		err = errForm
	}
	return err
}

// isEmptyList says whether b is "[].", the lock of a project that needs nothing.
func isEmptyList(b []byte) bool {
	n := 0
	for _, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case "[]."[min(n, 2)]:
			n++
		default:
			return false
		}
	}
	return n == 3
}
