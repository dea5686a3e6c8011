package inventory

import (
	"strings"
	"time"
)

// endOfLife tells the last days of a release's support: by the table, and for releases that are newer than it by what the
// release says of itself (SUPPORT_END in os-release(5)). It is nil for what rolls (Alpine edge, Wolfi, Tumbleweed), and
// where nobody has named a day.
//
// A derivative gets its packages from the release it is built on, and no fixes after that gets none; but its users are
// no customers of that release's extended support. SLE Micro has a life of its own.
func endOfLife(id string, fields map[string]string) *EndOfLife {
	said := supportEnd(fields["SUPPORT_END"])
	switch id {
	case "centos":
		major := major(fields["VERSION_ID"])
		if strings.HasPrefix(fields["NAME"]+fields["PRETTY_NAME"], "CentOS Stream") || len(major) > 1 || major > "8" {
			return firstKnown(lifecycle("CentOS Stream:"+major), said)
		}
		return firstKnown(lifecycle("CentOS:"+major), said)
	case "scientific":
		return firstKnown(lifecycle("Scientific Linux:"+major(fields["VERSION_ID"])), said)
	case "sle-micro", "sl-micro":
		return firstKnown(lifecycle("SUSE Linux Micro:"+fields["VERSION_ID"]), said)
	case "rhcos":
		return said
	}
	ns := namespace(id, fields)
	of := lifecycle(ns)
	if of == nil || isDerivative(id, ns) {
		if of != nil {
			of = &EndOfLife{Standard: of.Standard}
		}
		return firstKnown(said, of)
	}
	return of
}

// isDerivative says whether the namespace is that of a release which the distribution is only built on.
func isDerivative(id, ns string) bool {
	return strings.HasPrefix(ns, "Debian:") && id != "debian" || strings.HasPrefix(ns, "Ubuntu:") && id != "ubuntu"
}

func firstKnown(list ...*EndOfLife) *EndOfLife {
	for _, e := range list {
		if e != nil {
			return e
		}
	}
	return nil
}

func supportEnd(date string) *EndOfLife {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil
	}
	return &EndOfLife{Standard: t}
}

// lifecycle finds a release in the table.
func lifecycle(release string) *EndOfLife {
	for line := range strings.Lines(lifecycles) {
		if e, name := parseLifecycle(line); name == release && name != "" {
			return e
		}
	}
	return nil
}

// parseLifecycle reads a line of the table: the name, which may have a space in it, and dates after two or more spaces each.
// The name is empty where the line is a comment, empty or damaged.
func parseLifecycle(line string) (e *EndOfLife, name string) {
	line = strings.TrimSpace(line)
	name, rest, ok := strings.Cut(line, "  ")
	if !ok || strings.HasPrefix(line, "#") {
		return nil, ""
	}
	standard, rest, _ := strings.Cut(strings.TrimSpace(rest), "  ")
	extended, program, _ := strings.Cut(strings.TrimSpace(rest), "  ")
	if e = supportEnd(standard); e == nil {
		return nil, ""
	}
	if extended != "" {
		t, err := time.Parse(time.DateOnly, extended)
		if err != nil {
			return nil, ""
		}
		e.Extended, e.Program = t, strings.TrimSpace(program)
	}
	return e, name
}
