package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/config"
	"github.com/sightline-sec/sightline/internal/extract/all"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/output"
	"github.com/sightline-sec/sightline/internal/scan"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// scanFlags are the flags of scan.
type scanFlags struct {
	formats  []string
	platform string
	failOn   string
	verbose  bool
	workers  int

	vex            []string
	showSuppressed bool
	onlyLinked     bool

	insecure []string
	mirrors  []string
	caFile   string

	fileSize, totalSize string
	ratio, files        int64
	layers, nesting     int
	timeout             time.Duration
}

func (e *env) scanCommand() *cobra.Command {
	o := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "scan TARGET",
		Short: "Find the packages of an image, root file system, directory or SBOM, and their vulnerabilities",
		Long: `Scan one target and say what to fix first.

TARGET is looked at: what lies on disk under that name is scanned (an image archive, an OCI layout, a root file system, a
directory, an SBOM). A name that is nothing on disk is an image: of an engine on this host that has the very reference (Docker, podman, containerd),
else in its registry. A scheme forces the kind:

` + schemeHelp() + `
Registries are asked with the credentials of docker login and podman login.

The vulnerability database is the one that 'sightline db update' made; without one, the small starter database answers,
and the result says so. Nothing is ever fetched while scanning but the image itself.

What a limit cut or what could not be read is listed in the result as incomplete. When a whole layer is concerned, the
result is written and the exit status is 3.
` + environmentHelp + exitHelp,
		Example: `  sightline scan alpine:3.20
  sightline scan ./image.tar
  sightline scan rootfs:/
  docker save app:1.2 | sightline scan -
  sightline scan dir:. --format sarif=results.sarif --format table
  sightline scan sbom:bom.cdx.json --db ./vuln.db --format json
  sightline scan registry.example/app:1.2 --platform linux/arm64 --fail-on critical`,
		Args: exactly(1, "one target: an image, archive, directory or SBOM"),
		RunE: func(cmd *cobra.Command, args []string) error { return e.scan(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.StringVar(&e.db, "db", "", "database file (default: the one that 'db update' made, else the starter)")
	f.StringArrayVarP(&o.formats, "format", "f", nil, "output: "+strings.Join(output.Formats(), ", ")+"; FORMAT=FILE writes to a file; may repeat (default table)")
	f.StringVar(&o.failOn, "fail-on", "", "exit with status 1 when there is a finding of this severity or worse: critical, high, medium, low, negligible, unknown (any)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "table: list every finding")
	f.BoolVar(&o.showSuppressed, "show-suppressed", false, "table, SARIF, CycloneDX: list what was matched and does not count, with the reason of each")
	f.StringArrayVar(&o.vex, "vex", nil, "VEX document (OpenVEX, CSAF, CycloneDX): what it states as not affected or fixed is suppressed; may repeat")
	f.BoolVar(&o.onlyLinked, "only-linked", false, "suppress findings in Go binaries whose vulnerable functions are not linked in")
	f.StringVar(&o.platform, "platform", "", "of a multi-platform image: os/architecture[/variant] (default linux/"+"this machine's)")
	f.StringArrayVar(&o.insecure, "insecure-registry", nil, "registry host to speak to without TLS, or without checking it; may repeat")
	f.StringArrayVar(&o.mirrors, "registry-mirror", nil, "HOST=MIRROR: ask MIRROR before HOST; may repeat")
	f.StringVar(&o.caFile, "registry-ca", "", "PEM file with further trusted authorities for registries")
	f.StringVar(&o.fileSize, "max-file-size", "", "largest file that is read into memory (default 128MiB)")
	f.StringVar(&o.totalSize, "max-total-size", "", "bytes that may be decompressed in all; what is stored plain does not count (default 64GiB)")
	f.Int64Var(&o.ratio, "max-ratio", 0, "decompressed to compressed bytes of a layer, looked at past 256 MiB (default 200)")
	f.Int64Var(&o.files, "max-files", 0, "entries of the whole artifact (default 5000000)")
	f.IntVar(&o.layers, "max-layers", 0, "layers (default 1000)")
	f.IntVar(&o.nesting, "max-nesting", 0, "archives in archives, indexes in indexes (default 8). For all limits 0 is the default, and a negative number no limit")
	f.DurationVar(&o.timeout, "timeout", 0, "time for reading the artifact (default 10m)")
	f.IntVar(&o.workers, "workers", 0, "layers read side by side (default: the number of processors)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(output.Formats(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"critical", "high", "medium", "low", "negligible", "unknown"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func schemeHelp() string {
	var b strings.Builder
	for _, s := range scan.Schemes() {
		fmt.Fprintf(&b, "  %-16s %s\n", s[0]+":", s[1])
	}
	return b.String()
}

// destination is one format and the file it goes to; "" is stdout.
type destination struct{ format, file string }

func destinations(formats []string) ([]destination, error) {
	if len(formats) == 0 {
		formats = []string{"table"}
	}
	var list []destination
	toStdout := ""
	for _, f := range formats {
		format, file, named := strings.Cut(f, "=")
		if !slices.Contains(output.Formats(), format) {
			return nil, usage("--format %q: known are %s", f, strings.Join(output.Formats(), ", "))
		}
		if named && file == "" {
			return nil, usage("--format %q: the file's name is missing", f)
		}
		if file == "-" {
			file = ""
		}
		if err := writable(file); err != nil {
			return nil, usage("--format %s: %w", f, err)
		}
		if file != "" && slices.ContainsFunc(list, func(d destination) bool { return d.file == file }) {
			return nil, usage("--format %q: another format goes to that file", f)
		}
		if file == "" {
			if toStdout != "" {
				return nil, &Exit{
					Code: ExitUsage, Err: fmt.Errorf("--format %s and --format %s would both write to stdout", toStdout, f),
					Hint: "give one of them a file: --format " + format + "=FILE",
				}
			}
			toStdout = f
		}
		list = append(list, destination{format, file})
	}
	return list, nil
}

// writable says early that a file cannot be written, rather than after a long scan.
func writable(file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory: name a file in it", file)
	}
	dir := filepath.Dir(file)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no directory %s", dir)
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return nil // a pipe or a device, which is written to in place
	}
	return canWrite(dir)
}

// canWrite tries to make a file in a directory: what is written there replaces a file by a new one.
func canWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".sightline-*")
	if err != nil {
		if p, is := errors.AsType[*fs.PathError](err); is {
			err = p.Err
		}
		return fmt.Errorf("the directory %s cannot be written to: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (e *env) scan(ctx context.Context, target string, o *scanFlags) error {
	dests, err := destinations(o.formats)
	if err != nil {
		return err
	}
	threshold, gated := vuln.Unknown, o.failOn != ""
	if gated {
		var ok bool
		if threshold, ok = vuln.ParseSeverity(o.failOn); !ok {
			return usage("--fail-on %q: write critical, high, medium, low, negligible or unknown", o.failOn)
		}
	}
	opts, err := e.scanOptions(o)
	if err != nil {
		return err
	}
	db, path, err := e.openDB(e.db)
	if err != nil {
		return err
	}
	defer db.Close()
	opts.DBPath = path
	opts.MaxDBAge = e.settings.Feeds.MaxAge
	if opts.VEX, err = e.readVEX(o.vex); err != nil {
		return err
	}
	opts.OnlyLinked = o.onlyLinked

	line := e.progress()
	defer line.done()
	line.say("opening %s", target)
	t, err := e.openTarget(ctx, target, opts)
	if err != nil {
		return err
	}
	defer t.Close()
	opts.Progress = func(p scan.Progress) {
		line.say("scanning %s: %d of %d layers, %d files", t.Artifact.Name, p.LayersDone, p.Layers, p.Entries)
	}
	var uses []vex.Use
	opts.Stated = func(u []vex.Use) { uses = u }
	r, err := scan.Run(ctx, t, db, opts)
	if err != nil {
		return err
	}
	r.Run.DatabaseUnverified = unverified(db, path)
	line.done()
	e.tellUses(uses)
	e.log.InfoContext(ctx, "scanned", "target", target, "packages", len(r.Packages), "findings", len(r.Findings), "ms", r.Run.DurationMS)
	for _, d := range dests {
		if err := e.write(d, r, o); err != nil {
			return err
		}
	}
	if t.Artifact.Kind == artifact.Directory && len(r.Packages) == 0 && !strings.HasPrefix(target, "dir:") {
		fmt.Fprintf(e.stderr, "sightline: %s is a directory here, and nothing was found in it; for an image of that name: registry:%s\n", printable(target), printable(target))
	}
	return verdict(r, gated, threshold)
}

// readVEX reads VEX documents. What of them could not be understood is told, and does not stop the scan.
func (e *env) readVEX(names []string) (docs []*vex.Document, err error) {
	for _, name := range names {
		b, err := readSaved(name)
		if err != nil {
			return nil, fmt.Errorf("--vex: %w", err)
		}
		d, err := vex.Read(b, filepath.Base(name))
		if errors.Is(err, vex.ErrFormat) {
			return nil, usage("--vex: %w", err)
		} else if err != nil {
			return nil, fmt.Errorf("--vex: %w", err)
		}
		for _, s := range d.Skipped {
			fmt.Fprintf(e.stderr, "sightline: %s: %s\n", printable(name), printable(s))
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// tellUses says which statements came to nothing: a finding that somebody thought to have answered is counted still.
func (e *env) tellUses(uses []vex.Use) {
	for _, u := range uses {
		name := printable(u.Document.Name)
		if u.Future > 0 {
			fmt.Fprintf(e.stderr, "sightline: %s: %s dated in the future: they win over no others\n", name, counted(u.Future, "statement"))
		}
		if u.Idle == 0 {
			continue
		}
		fmt.Fprintf(e.stderr, "sightline: %s: %d of %s decided nothing in this scan", name, u.Idle, counted(u.Statements, "statement"))
		if u.Elsewhere > 0 {
			fmt.Fprintf(e.stderr, " (%d about another product, or one that cannot be told to be this one)", u.Elsewhere)
		}
		fmt.Fprintln(e.stderr)
	}
}

// verdict turns a written result into the exit status.
func verdict(r *finding.Result, gated bool, threshold vuln.Severity) error {
	if lost := scan.Partial(r); len(lost) > 0 {
		what := fmt.Sprintf("%s: %s", lost[0].Reason, lost[0].Detail)
		if l := lost[0].Layer; l != nil {
			what = fmt.Sprintf("layer %d: %s", l.Index, what)
		}
		if len(lost) > 1 {
			what += fmt.Sprintf(" (and %d more)", len(lost)-1)
		}
		return &Exit{Code: ExitScan, Err: fmt.Errorf("%w: %s", scan.ErrPartial, what), Hint: "the result was written; its list of incomplete parts says what is missing"}
	}
	if !gated {
		return nil
	}
	if n := r.Summary.Unjudged; n > 0 {
		return &Exit{
			Code: ExitScan, Err: fmt.Errorf("%w: nothing is known of %s of the distribution, so that nobody can say that they pass", scan.ErrPartial, counted(n, "package")),
			Hint: "sightline db status lists what the database has; without --fail-on such a scan ends with 0",
		}
	}
	n := 0
	for _, f := range r.Findings {
		if f.Severity >= threshold {
			n++
		}
	}
	if n > 0 {
		return &Exit{Code: ExitPolicy, Err: fmt.Errorf("policy failed: %s of severity %s or worse", counted(n, "finding"), threshold)}
	}
	return nil
}

// write sends a result to stdout, or into a file that is either the old one or whole.
func (e *env) write(d destination, r *finding.Result, f *scanFlags) error {
	o := output.Options{Now: r.Run.StartedAt, Verbose: f.verbose, Suppressed: f.showSuppressed}
	if d.file == "" {
		o.Color, o.Width = e.colored(e.stdout), e.width(e.stdout)
		if err := output.Write(e.stdout, d.format, r, o); err != nil {
			return fmt.Errorf("writing %s: %w", d.format, err)
		}
		return nil
	}
	var buf bytes.Buffer
	if err := output.Write(&buf, d.format, r, o); err != nil {
		return fmt.Errorf("writing %s: %w", d.format, err)
	}
	if err := writeFile(d.file, &buf); err != nil {
		return fmt.Errorf("writing %s to %s: %w", d.format, d.file, err)
	}
	return nil
}

// writeFile replaces a file as a whole. What is no regular file (a pipe, /dev/stderr) is written to as it is.
func writeFile(name string, r io.Reader) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// scanOptions maps settings and flags to the pipeline's options; flags win.
func (e *env) scanOptions(o *scanFlags) (scan.Options, error) {
	s := e.settings
	size := func(flag, text string, setting config.Size) (int64, error) {
		if text == "" {
			return int64(setting), nil
		}
		v, err := config.ParseSize(text)
		if err != nil {
			return 0, usage("--%s: %w", flag, err)
		}
		return int64(v), nil
	}
	file, err := size("max-file-size", o.fileSize, s.Limits.FileSize)
	if err != nil {
		return scan.Options{}, err
	}
	total, err := size("max-total-size", o.totalSize, s.Limits.TotalSize)
	if err != nil {
		return scan.Options{}, err
	}
	mirrors := map[string][]string{}
	maps.Copy(mirrors, s.Registry.Mirrors)
	for _, m := range o.mirrors {
		host, mirror, ok := strings.Cut(m, "=")
		if !ok || host == "" || mirror == "" {
			return scan.Options{}, usage("--registry-mirror %q: write HOST=MIRROR", m)
		}
		mirrors[host] = append([]string{mirror}, mirrors[host]...)
	}
	ca := first(o.caFile, s.Registry.CAFile)
	if ca != "" {
		if _, err := os.Stat(ca); err != nil {
			return scan.Options{}, usage("the certificates of registries (--registry-ca): %w", err)
		}
	}
	if o.workers < 0 {
		return scan.Options{}, usage("--workers %d: write a number above zero", o.workers)
	}
	return scan.Options{
		Platform: o.platform,
		Registry: image.Options{Registry: image.RegistryOptions{
			Insecure:  append(slices.Clone(s.Registry.Insecure), o.insecure...),
			Mirrors:   mirrors,
			CAFile:    ca,
			UserAgent: "sightline/" + thisBuild().Version,
		}},
		Limits: artifact.Limits{
			FileBytes:  file,
			TotalBytes: total,
			Ratio:      cmp.Or(o.ratio, s.Limits.Ratio),
			Files:      cmp.Or(o.files, s.Limits.Files),
			Layers:     cmp.Or(o.layers, s.Limits.Layers),
			Nesting:    cmp.Or(o.nesting, s.Limits.Nesting),
			Time:       cmp.Or(o.timeout, s.Limits.Time),
		},
		Workers:    o.workers,
		Extractors: all.Extractors(),
		Stdin:      e.stdin,
		Scanner:    thisBuild().Version,
	}, nil
}
