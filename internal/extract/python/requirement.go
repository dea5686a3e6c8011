package python

import "strings"

// requirement is one line of a requirements file.
type requirement struct {
	name    string
	version string // where it is pinned
	from    string // an address in place of a version
	include string // of -r and -c: another file
	option  bool   // any other option
	text    string // what was not understood
}

// parseRequirement reads a line: "name[extra] == 1.2.3 ; marker --hash=...", "name @ url", a path or url alone, an
// option. See https://packaging.python.org/specifications/dependency-specifiers/.
func parseRequirement(line string) requirement {
	if strings.HasPrefix(line, "-") {
		return parseOption(line)
	}
	for _, mark := range []string{" --", "\t--", " -"} { // options of the one requirement
		line, _, _ = strings.Cut(line, mark)
	}
	name, rest := cutName(line)
	if name == "" || isPlace(line) {
		return parsePlace(line)
	}
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, "[") {
		_, after, ok := strings.Cut(rest, "]")
		if !ok {
			return requirement{text: line}
		}
		rest = strings.TrimLeft(after, " \t")
	}
	if from, ok := strings.CutPrefix(rest, "@"); ok {
		from, _, _ = strings.Cut(strings.TrimSpace(from), " ;")
		if from = strings.TrimSpace(from); isFolder(from) {
			from = "" // pip freeze writes so what was built on the disk
		}
		return requirement{name: name, from: from}
	}
	rest, _, _ = strings.Cut(rest, ";")
	rest = strings.TrimSpace(rest)
	if inner, ok := strings.CutPrefix(rest, "("); ok {
		rest = strings.TrimSuffix(inner, ")")
	}
	if rest != "" && !strings.ContainsAny(rest[:1], "=<>!~") {
		return requirement{text: line}
	}
	for clause := range strings.SplitSeq(rest, ",") {
		clause = strings.TrimSpace(clause)
		version, exact := strings.CutPrefix(clause, "===")
		if !exact {
			version, exact = strings.CutPrefix(clause, "==")
		}
		version = strings.TrimSpace(version)
		if exact && version != "" && !strings.ContainsAny(version, "* \t") {
			return requirement{name: name, version: version}
		}
	}
	return requirement{name: name}
}

// parseOption reads a line that begins with a dash.
func parseOption(line string) requirement {
	word, rest := line, ""
	if i := strings.IndexAny(line, " \t="); i >= 0 {
		word, rest = line[:i], strings.TrimLeft(line[i:], " \t=")
	} else if len(line) > 2 && line[1] != '-' {
		word, rest = line[:2], line[2:]
	}
	switch word {
	case "-r", "--requirement", "-c", "--constraint":
		return requirement{include: rest, option: rest == ""}
	case "-e", "--editable":
		r := parsePlace(rest)
		if r.name == "" || isFolder(rest) {
			return requirement{option: true} // no package of an index
		}
		return r
	}
	return requirement{option: true}
}

// isFolder says whether an address is that of a folder on the disk.
func isFolder(place string) bool { return strings.HasPrefix(place, "file:") && !isArchive(place) }

// isPlace says whether a line begins with a path or an address.
func isPlace(line string) bool {
	head, _, _ := strings.Cut(line, " ")
	head, _, _ = strings.Cut(head, ";")
	if i := strings.IndexAny(head, "=<>!~["); i >= 0 && !strings.Contains(head, "://") {
		head = head[:i]
	}
	if i := strings.IndexByte(head, '@'); i >= 0 && !strings.Contains(head[:i], ":") && !strings.Contains(head[:i], "/") {
		return false // name@address
	}
	return strings.ContainsAny(head, "/\\:") || isArchive(head)
}

// parsePlace reads a path or address: "git+https://host/x.git@v1#egg=name", "./name-1.0-py3-none-any.whl".
func parsePlace(line string) requirement {
	place, _, _ := strings.Cut(line, " ;")
	place = strings.TrimSpace(place)
	_, fragment, _ := strings.Cut(place, "#")
	for part := range strings.SplitSeq(fragment, "&") {
		if egg, ok := strings.CutPrefix(part, "egg="); ok {
			if name, _ := cutName(egg); name != "" {
				return requirement{name: name, from: place}
			}
		}
	}
	if name, version := versionOfFile(place); version != "" {
		return requirement{name: name, version: version}
	}
	if public := publicURL(place); public != "" {
		return requirement{text: public}
	}
	if strings.Contains(place, "://") {
		return requirement{text: "an address"} // which may hold a secret
	}
	return requirement{text: place}
}

// cutName takes the name off: letters, digits, and between them ".", "-" and "_".
func cutName(s string) (name, rest string) {
	letter := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	end := 0
	for i := 0; i < len(s) && (letter(s[i]) || i > 0 && (s[i] == '.' || s[i] == '-' || s[i] == '_')); i++ {
		if letter(s[i]) {
			end = i + 1
		}
	}
	return s[:end], s[end:]
}

// clip shortens what is told of a line.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
