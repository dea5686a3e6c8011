package license

import (
	"slices"
	"strings"
)

// Join is what several declared licences of one package mean together. It hangs on the ecosystem.
type Join string

// The ways to join.
const (
	All     Join = "AND" // each holds for a part of the package (Debian's copyright files)
	Choice  Join = "OR"  // the user chooses (Composer's schema, "license"; Maven's POM reference, "licenses")
	Unclear Join = ""    // nobody says: several licences give no expression
)

// maxDeclared bounds the licences of one package that are joined: those with more have one in each file.
const maxDeclared = 200

// Expression gives the SPDX expression (SPDX 2.3, Annex D) of what a package declares: ids and expressions in any case, with old or
// foreign spellings of ids ("GPLv2+", "ASL 2.0", "Apache License, Version 2.0", "MIT/Apache-2.0"). It is empty where one of them cannot be told,
// or where several are declared and join is Unclear.
func Expression(declared []string, join Join) string {
	if len(declared) > maxDeclared {
		return ""
	}
	var parts []string
	for _, s := range declared {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		e, ok := one(s)
		if !ok {
			return ""
		}
		if !slices.Contains(parts, e) {
			parts = append(parts, e)
		}
	}
	switch {
	case len(parts) == 0:
		return ""
	case len(parts) == 1:
		return parts[0]
	case join == Unclear:
		return ""
	}
	for i, p := range parts {
		if strings.Contains(p, " ") && !strings.HasPrefix(p, "(") && join != All || strings.Contains(p, " OR ") {
			parts[i] = "(" + p + ")"
		}
	}
	return strings.Join(parts, " "+string(join)+" ")
}

// one gives the expression of one declaration.
func one(s string) (string, bool) {
	if len(s) > maxExpression {
		return "", false
	}
	if IsExpression(s) {
		return s, true
	}
	if id, ok := name(s); ok {
		return id, true
	}
	e, rest, ok := either(tokens(s), 0)
	if !ok || len(rest) > 0 || !IsExpression(e) {
		return "", false
	}
	return e, true
}

// tokens splits a declaration at parentheses and operators; what stands between two of them is one name, with its spaces.
func tokens(s string) []string {
	var out []string
	var words []string
	flush := func() {
		if len(words) > 0 {
			out = append(out, strings.Join(words, " "))
			words = nil
		}
	}
	for w := range strings.FieldsSeq(separator.Replace(s)) {
		switch op := strings.ToUpper(w); op {
		case "AND", "OR", "WITH", "(", ")":
			flush()
			out = append(out, op)
		case "&", "&&":
			flush()
			out = append(out, "AND")
		case "/", "|", "||":
			flush()
			out = append(out, "OR") // Cargo's old way to say or
		default:
			words = append(words, w)
		}
	}
	flush()
	return out
}

var separator = strings.NewReplacer("(", " ( ", ")", " ) ", "/", " / ", "|", " | ", "&", " & ")

const maxNesting = 20

// either reads all { OR all }.
func either(tokens []string, depth int) (e string, rest []string, ok bool) {
	return chain(tokens, depth, "OR", all)
}

// all reads term { AND term }: AND binds before OR in SPDX as in what others write.
func all(tokens []string, depth int) (e string, rest []string, ok bool) {
	return chain(tokens, depth, "AND", term)
}

func chain(tokens []string, depth int, op string, next func([]string, int) (string, []string, bool)) (e string, rest []string, ok bool) {
	e, rest, ok = next(tokens, depth)
	for ok && len(rest) > 0 && rest[0] == op {
		var right string
		right, rest, ok = next(rest[1:], depth)
		e += " " + op + " " + right
	}
	return e, rest, ok
}

func term(tokens []string, depth int) (e string, rest []string, ok bool) {
	if len(tokens) == 0 || depth > maxNesting {
		return "", nil, false
	}
	if tokens[0] == "(" {
		e, rest, ok = either(tokens[1:], depth+1)
		if !ok || len(rest) == 0 || rest[0] != ")" {
			return "", nil, false
		}
		return "(" + e + ")", rest[1:], true
	}
	e, ok = name(tokens[0])
	rest = tokens[1:]
	if ok && len(rest) >= 2 && rest[0] == "WITH" {
		x, known := exception(e, rest[1])
		return e + " WITH " + x, rest[2:], known
	}
	return e, rest, ok
}
