package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sightline-sec/sightline/internal/config"
	"github.com/sightline-sec/sightline/internal/feed/all"
)

//go:generate go test -run TestReference -update .

// Reference writes the reference page of all commands, from the commands themselves.
func Reference(w io.Writer) error {
	// Folders as users have them, so that the page is the same wherever it is made.
	e := &env{getenv: func(k string) string {
		if k == "HOME" {
			return "/home/you"
		}
		return ""
	}, stdout: io.Discard, stderr: io.Discard}
	e.dirs = config.FindDirs(e.getenv)
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Made by go generate from the commands' own help. -->\n")
	root := e.root()
	root.InitDefaultHelpCmd()
	describe(&b, root)
	_, err := io.WriteString(w, b.String())
	return err
}

func describe(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n", cmd.CommandPath())
	long, _, _ := strings.Cut(cmd.Long, "\nEXIT STATUS")
	fmt.Fprintf(b, "```\n%s\n```\n\n%s\n", cmd.UseLine(), strings.TrimSpace(preformatted(long)))
	if cmd.Example != "" {
		fmt.Fprintf(b, "\n```console\n%s\n```\n", unindent(cmd.Example))
	}
	var flags []string
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			flags = append(flags, flagLine(f))
		}
	})
	if !cmd.HasParent() {
		cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, flagLine(f)) })
	}
	if len(flags) > 0 {
		fmt.Fprintf(b, "\n| flag | meaning |\n|---|---|\n%s", strings.Join(flags, ""))
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" && sub.Name() != "help" {
			describe(b, sub)
		}
	}
}

func flagLine(f *pflag.Flag) string {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	return fmt.Sprintf("| `%s` | %s |\n", name, strings.ReplaceAll(f.Usage, "|", "\\|"))
}

// preformatted puts fences around indented lines, which are lists in the help.
func preformatted(s string) string {
	var out []string
	inside := false
	for line := range strings.SplitSeq(s, "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != inside && line != "" {
			inside = indented
			out = append(out, "```")
		}
		out = append(out, line)
	}
	if inside {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = "$ " + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

// FeedsReference writes the reference page of the feeds and the layout of a mirror, from the feeds themselves.
func FeedsReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Feeds and the mirror layout

<!-- Made by go generate from the feeds themselves. -->

The database is built from these feeds, each in its upstream's own format. A mirror is a folder, or a server, that has each
upstream file at its path below; ` + "`sightline db build --mirror DIR|URL`" + ` builds from it. Files that are not there are left out,
and the command says so. Any other ecosystem that OSV publishes can be named as well: ` + "`--feed osv/Hex`" + `.

| feed | published by | terms | files |
|---|---|---|---|
`)
	for _, f := range all.Feeds() {
		a := f.About()
		fmt.Fprintf(&b, "| `%s` | [%s](%s) | %s | %d |\n", f.Name(), a.Publisher, a.URL, a.License, len(f.Resources()))
	}
	b.WriteString(`
Read only when they are named with ` + "`--feed`" + `, because their terms do not allow to ship what they say, because another feed says the same, or
because they take longer to read than all others together:

| feed | published by | terms | files |
|---|---|---|---|
`)
	for _, f := range all.OnRequest() {
		a := f.About()
		fmt.Fprintf(&b, "| `%s` | [%s](%s) | %s | %d |\n", f.Name(), a.Publisher, a.URL, a.License, len(f.Resources()))
	}
	b.WriteString(`
## What an update costs

` + "`sightline db update`" + ` downloads what changed since the last time, and goes on where a download was cut off. The biggest by far is Red Hat's archive: some
hundred MB whenever upstream makes it anew, with about 10 GB of JSON in it. They are read as a stream, in some 50 MB of memory, and
take one to two minutes of a processor. Who needs none of it names the feeds to take: ` + "`--feed alpine-secdb --feed nvd`" + `.

## Where each file lies

Where upstream's name for a file changes, the address is that of an index, which an update follows to the file of the day; a mirror has the
file itself, and no index. Only mirrors have what upstream does not publish as one file. Of Fedora's older releases upstream has only
forms that are not read (xz, zchunk): a mirror can hold them packed by gzip, bzip2 or zstd, whatever the name's ending.

| path in the mirror | upstream |
|---|---|
`)
	for _, f := range slices.Concat(all.Feeds(), all.OnRequest()) {
		for _, r := range f.Resources() {
			note := ""
			switch {
			case r.MirrorOnly:
				note = " (only in mirrors)"
			case len(r.Index) > 0 && r.Optional:
				note = " (an index; may be missing)"
			case len(r.Index) > 0:
				note = " (an index)"
			case r.Optional:
				note = " (may be missing)"
			}
			fmt.Fprintf(&b, "| `%s` | <%s>%s |\n", r.Path, r.URL, note)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
