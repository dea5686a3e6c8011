package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/scan"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// dbPath is where the database lies when nobody says otherwise; empty where no home is known.
func (e *env) dbPath() string {
	if e.dirs.Data == "" {
		return ""
	}
	return filepath.Join(e.dirs.Data, "sightline.db")
}

// openDB opens the database of --db, of the settings, the one that db update made, or the starter: the first that is
// said or there. A database that is there but cannot be used is an error: another one must not answer in its place silently. The path
// is empty for the starter.
func (e *env) openDB(flag string) (*vulndb.DB, string, error) {
	named := first(flag, e.settings.DB)
	path := first(named, e.dbPath())
	db, err := vulndb.Open(path)
	switch {
	case err == nil:
		if unverified(db, path) {
			fmt.Fprintf(e.stderr, "sightline: WARNING: the database %s was taken without a checked signature (--insecure-db)\n", path)
		}
		return db, path, nil
	case errors.Is(err, fs.ErrNotExist) && named == "":
		db, err := vulndb.Starter()
		if err != nil {
			return nil, "", fmt.Errorf("opening the starter database: %w", err)
		}
		return db, "", nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", &Exit{
			Code: ExitUnreachable, Err: fmt.Errorf("opening the database: %w", err),
			Hint: "make one with: sightline db update, or sightline db build --mirror DIR --out FILE",
		}
	case errors.Is(err, vulndb.ErrVersion):
		return nil, "", &Exit{Code: ExitUnreachable, Err: fmt.Errorf("opening the database: %w", err), Hint: "build it again with this version: sightline db update"}
	}
	if info, serr := os.Stat(path); serr == nil && info.IsDir() {
		return nil, "", &Exit{Code: ExitUnreachable, Err: fmt.Errorf("opening the database: %s is a directory", path), Hint: "name the file in it"}
	}
	return nil, "", &Exit{
		Code: ExitUnreachable, Err: fmt.Errorf("opening the database: %w", err),
		Hint: "remove the file, or build it again: sightline db update",
	}
}

// unverified says whether a database was pulled without asking for a signature.
func unverified(db *vulndb.DB, path string) bool {
	o, pulled := pack.OriginOf(path, db.Meta().Checksum)
	return pulled && !o.Verified
}

func (e *env) dbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Fetch, build and check the vulnerability database",
		Long: `The vulnerability database is one read-only file, built from the upstreams' own feeds.

'db update' fetches what changed from upstream and builds it; 'db build' builds it from a mirror of the feeds, as an air-gapped
site does; 'db pull' fetches one that someone publishes with 'db push'. Scans use it with no network.
` + exitHelp,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &Exit{Code: ExitUsage, Err: fmt.Errorf("unknown command %q", "db "+args[0]), Hint: "see sightline db --help"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.updateCommand(), e.pullCommand(), e.buildCommand(), e.statusCommand(), e.verifyCommand())
	cmd.AddCommand(e.pushCommand(), e.bundleCommand(), e.keygenCommand())
	return cmd
}

func (e *env) buildCommand() *cobra.Command {
	var mirror, out string
	var names []string
	cmd := &cobra.Command{
		Use:   "build --mirror DIR|URL --out FILE",
		Short: "Build the database from a mirror of the feeds",
		Long: `Build the database from a mirror: a folder, or the base URL of a server, that holds the upstreams' own files at fixed
places (docs/reference/feeds.md). A feed whose files are not in the mirror is left out, and the command says so. So is one whose files
cannot be read; the exit status is then 4.

The same feeds give the same bytes. The file at --out is replaced only when the new one is whole.
` + exitHelp,
		Example: `  sightline db build --mirror /srv/feeds --out vuln.db
  sightline db build --mirror https://mirror.example/feeds --out vuln.db
  sightline db build --mirror /srv/feeds --out small.db --feed osv/Debian --feed cisa-kev`,
		Args: exactly(0, "no arguments, but --mirror and --out"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if mirror == "" || out == "" {
				return &Exit{Code: ExitUsage, Err: errors.New("--mirror and --out are needed"), Hint: "see sightline db build --help"}
			}
			if info, err := os.Stat(out); err == nil && !info.Mode().IsRegular() {
				return usage("--out %s: it is there, and no file that could be replaced", out)
			}
			if strings.Contains(mirror, "://") && !isHTTP(mirror) {
				return usage("--mirror %s: write a folder, or a URL that begins with http:// or https://", mirror)
			}
			feeds, err := chooseFeeds(names)
			if err != nil {
				return err
			}
			return e.build(cmd.Context(), mirror, out, feeds)
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "", "folder or base URL of the raw feeds")
	cmd.Flags().StringVarP(&out, "out", "o", "", "database file to write")
	cmd.Flags().StringArrayVar(&names, "feed", nil, "only this feed; may repeat (default all)")
	return cmd
}

func isHTTP(mirror string) bool {
	return strings.HasPrefix(mirror, "http://") || strings.HasPrefix(mirror, "https://")
}

// chooseFeeds gives the feeds of those names, or all.
func chooseFeeds(names []string) ([]feed.Feed, error) {
	list := all.Feeds()
	if len(names) == 0 {
		return list, nil
	}
	var chosen []feed.Feed
	for _, n := range names {
		i := slices.IndexFunc(list, func(f feed.Feed) bool { return strings.EqualFold(f.Name(), n) })
		if eco, ok := strings.CutPrefix(n, "osv/"); ok && i < 0 {
			if e, known := purl.ParseEcosystem(eco); known {
				chosen = append(chosen, osv.New(string(e)))
				continue
			}
		}
		if i < 0 {
			if i = slices.IndexFunc(all.OnRequest(), func(f feed.Feed) bool { return strings.EqualFold(f.Name(), n) }); i >= 0 {
				chosen = append(chosen, all.OnRequest()[i])
				continue
			}
			var known []string
			for _, f := range slices.Concat(list, all.OnRequest()) {
				known = append(known, f.Name())
			}
			return nil, usage("--feed %q is not known: %s", n, strings.Join(known, ", "))
		}
		chosen = append(chosen, list[i])
	}
	return chosen, nil
}

// build builds from a mirror, which it fetches first where it is a URL.
func (e *env) build(ctx context.Context, mirror, out string, feeds []feed.Feed) error {
	dir := mirror
	if strings.Contains(mirror, "://") {
		var err error
		if dir, err = os.MkdirTemp(filepath.Dir(out), ".sightline-feeds-*"); err != nil {
			return fmt.Errorf("making a folder for the feeds: %w", err)
		}
		defer os.RemoveAll(dir)
		report, err := e.fetch(ctx, dir, mirror, "", feeds)
		if len(unavailable(report, feeds)) == len(feeds) {
			if i := slices.IndexFunc(report.Files, func(f feed.Fetched) bool { return f.Err != nil }); i >= 0 && ctx.Err() == nil {
				err = fmt.Errorf("%w (and %d more)", report.Files[i].Err, report.Count(feed.Failed)-1)
			}
			return &Exit{Code: ExitUnreachable, Err: fmt.Errorf("fetching from the mirror: %w", err), Hint: "check the address; docs/reference/feeds.md lists where each file lies below it"}
		} else if err != nil {
			// A mirror need not have every feed: those that it lacks are named by the build.
			e.tellFetch(report, mirror)
		}
	}
	lost, err := e.buildFrom(ctx, dir, out, feeds)
	if err == nil && len(lost) > 0 {
		return &Exit{
			Code: ExitUnreachable, Err: fmt.Errorf("building the database: it lacks %s, which cannot be read: %s", counted(len(lost), "feed"), namesOf(lost)),
			Hint: "mend or remove the files; docs/reference/feeds.md lists them",
		}
	}
	return err
}

// buildFrom builds the database out of a folder of raw feeds, and says what came of each. A feed that cannot be read does not keep
// the others out of it: it is named and told.
func (e *env) buildFrom(ctx context.Context, dir, out string, feeds []feed.Feed) ([]broken, error) {
	raw, err := feed.Dir(dir)
	if err != nil {
		return nil, &Exit{Code: ExitUnreachable, Err: err}
	}
	defer raw.Close()
	if !hasAny(dir, feeds) {
		return nil, &Exit{Code: ExitUnreachable, Err: fmt.Errorf("no file of a feed is in %s", dir), Hint: "docs/reference/feeds.md lists where each file lies in a mirror"}
	}
	if err := folderOf(out); err != nil {
		return nil, err
	}
	line := e.progress()
	defer line.done()
	report, lost, err := buildWithout(ctx, out, raw, feeds, vulndb.BuildOptions{
		Progress: func(name string, n int) { line.say("building: %s, %d records", name, n) },
	})
	if err != nil {
		return lost, fmt.Errorf("building the database: %w", err)
	}
	line.done()
	e.tellBroken(lost)
	if err := pack.ForgetOrigin(out); err != nil {
		return lost, err
	}
	return lost, e.tellBuild(report, lost, out)
}

// folderOf makes the folder of a database, and finds out early that it cannot be written to.
func folderOf(out string) error {
	dir := filepath.Dir(out)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &Exit{Code: ExitScan, Err: fmt.Errorf("making the folder of the database: %w", err), Hint: folderHint}
	}
	if err := canWrite(dir); err != nil {
		return &Exit{Code: ExitScan, Err: fmt.Errorf("writing %s: %w", out, err), Hint: folderHint}
	}
	return nil
}

const folderHint = "name another file, or set XDG_DATA_HOME to a folder that can be written to"

// hasAny says whether a folder has any file of the feeds.
func hasAny(dir string, feeds []feed.Feed) bool {
	return slices.ContainsFunc(feeds, func(f feed.Feed) bool {
		return slices.ContainsFunc(f.Resources(), func(r feed.Resource) bool {
			_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(r.Path)))
			return err == nil
		})
	})
}

func (e *env) tellBuild(r vulndb.Report, lost []broken, out string) error {
	w := e.stdout
	fmt.Fprintf(w, "%-16s %-11s %10s %9s  %s\n", "feed", "as of", "records", "skipped", "")
	for _, f := range r.Feeds {
		asOf, note := dayIn(f.AsOf), ""
		if slices.ContainsFunc(lost, func(b broken) bool { return b.feed == f.Name }) {
			note = "left out: it cannot be read"
		} else if f.Missing != nil {
			note = "left out: not in the mirror"
		} else if len(f.Examples) > 0 {
			note = fmt.Sprintf("first skipped: %s: %s", f.Examples[0].Record, f.Examples[0].Reason)
		}
		fmt.Fprintln(w, strings.TrimRight(printable(fmt.Sprintf("%-16s %-11s %10d %9d  %s", f.Name, asOf, f.Advisories, f.Skipped, note)), " "))
	}
	_, err := fmt.Fprintf(w, "\n%s, %s, %s\n%s: %s, content sha256:%s\n",
		counted(r.Vulnerabilities, "vulnerability"), counted(r.Packages, "package"), counted(r.Rows, "row"), out, sized(r.Bytes), strings.TrimPrefix(r.Checksum, "sha256:"))
	return err
}

func (e *env) statusCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say which database answers, and how old it is",
		Long:    "Say which database answers, how old it is, and what each of its feeds holds.\n" + exitHelp,
		Example: "  sightline db status\n  sightline db status --db vuln.db --format json",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			db, path, err := e.openDB(e.db)
			if err != nil {
				return err
			}
			defer db.Close()
			return e.status(db.Meta(), path, format, unverified(db, path), time.Now())
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	return cmd
}

func (e *env) status(m vuln.Database, path, format string, unverified bool, now time.Time) error {
	stale := now.Sub(m.AsOf) > e.maxAge() // as is what has no date
	switch format {
	case "json":
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		age := ""
		if !m.AsOf.IsZero() {
			age = scan.Age(now.Sub(m.AsOf))
		}
		return enc.Encode(struct {
			Path       string `json:"path,omitempty"`
			Age        string `json:"age,omitempty"`
			Stale      bool   `json:"stale"`
			Unverified bool   `json:"unverified,omitempty"` // pulled without a checked signature
			vuln.Database
		}{path, age, stale, unverified, m})
	case "text":
	default:
		return usage("--format %q: write text or json", format)
	}
	w := e.stdout
	if m.Starter {
		fmt.Fprintln(w, "starter database, built into sightline: a few hundred of the best-known vulnerabilities")
	} else {
		fmt.Fprintln(w, path)
	}
	var remarks []string
	if !m.AsOf.IsZero() {
		remarks = append(remarks, aged(m.AsOf, now))
	}
	if stale && !m.Starter {
		remarks = append(remarks, "stale: run sightline db update")
	}
	remark := ""
	if len(remarks) > 0 {
		remark = " (" + strings.Join(remarks, ", ") + ")"
	}
	fmt.Fprintf(w, "format %d, as of %s%s\ncontent %s\n", m.Version, day(m.AsOf), remark, m.Checksum)
	if unverified {
		fmt.Fprintln(w, "signature not checked: it was taken with --insecure-db")
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "%-16s %-11s %10s  %s\n", "feed", "as of", "records", "licence; source")
	var absent []string
	for _, f := range m.Feeds {
		if f.Advisories == 0 && !m.Starter {
			absent = append(absent, f.Name)
			continue
		}
		// The terms of several feeds ask that the source be named.
		fmt.Fprintf(w, "%-16s %-11s %10d  %s\n", f.Name, dayIn(f.AsOf), f.Advisories, strings.Join(slices.DeleteFunc([]string{f.License, f.URL}, func(s string) bool { return s == "" }), "; "))
	}
	if len(absent) > 0 {
		fmt.Fprintf(w, "\nNot in it, as no copy that can be read was at hand when it was built: %s\n", strings.Join(absent, ", "))
	}
	if m.Starter {
		fmt.Fprintln(w, "\nThe full database: sightline db update")
	}
	return nil
}

// maxAge is how old a database may be before it is called stale.
func (e *env) maxAge() time.Duration {
	if e.settings.Feeds.MaxAge > 0 {
		return e.settings.Feeds.MaxAge
	}
	return scan.DefaultMaxDBAge
}

func (e *env) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check the database: checksum, and every record",
		Long:    "Read the whole database: its checksum, and every record and cross reference.\n" + exitHelp,
		Example: "  sightline db verify\n  sightline db verify --db vuln.db",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, path, err := e.openDB(e.db)
			if err != nil {
				return err
			}
			defer db.Close()
			if err := db.Verify(cmd.Context()); err != nil {
				return &Exit{Code: ExitUnreachable, Err: fmt.Errorf("verifying %s: %w", first(path, "the starter database"), err), Hint: "build it again: sightline db update"}
			}
			_, err = fmt.Fprintf(e.stdout, "%s: whole, content %s\n", first(path, "starter database"), db.Meta().Checksum)
			return err
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file")
	return cmd
}
