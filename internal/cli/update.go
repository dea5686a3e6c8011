package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/outbound"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

func (e *env) updateCommand() *cobra.Command {
	var mirror, ca string
	var force bool
	var names []string
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Fetch what changed in the feeds, and build the database",
		Long: `Ask each upstream whether its feed changed, download what did, and build the database from it.

Downloads go on where a former one was cut off. The old database serves until the new one is whole; an interruption at any
moment leaves one of the two. When a feed cannot be reached, or what comes is no such file, its former copy is used, and the exit
status is 4; without any network the old database stays, and scans go on with it. A feed of which there is only a copy that cannot be
read is left out of the database: the command and 'db status' say so, the exit status is 4, and the next update fetches it anew.
` + exitHelp,
		Example: `  sightline db update
  sightline db update --mirror https://mirror.example/feeds`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			feeds, err := chooseFeeds(names)
			if err != nil {
				return err
			}
			from := first(mirror, e.settings.Feeds.Mirror)
			if from != "" && !isHTTP(from) {
				return &Exit{
					Code: ExitUsage, Err: fmt.Errorf("--mirror %s: it must begin with http:// or https://", from),
					Hint: "for a folder: sightline db build --mirror DIR --out FILE",
				}
			}
			return e.update(cmd.Context(), from, ca, feeds, force)
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file to write (default: the one that scans use)")
	cmd.Flags().StringVar(&mirror, "mirror", "", "base URL of a mirror that stands for all upstreams")
	cmd.Flags().StringVar(&ca, "ca-file", "", "PEM file with further trusted authorities")
	cmd.Flags().BoolVar(&force, "force", false, "build also when nothing changed")
	cmd.Flags().StringArrayVar(&names, "feed", nil, "only this feed; may repeat (default all)")
	return cmd
}

// fetch brings a folder of raw feeds up to date.
func (e *env) fetch(ctx context.Context, dir, mirror, ca string, feeds []feed.Feed) (feed.FetchReport, error) {
	client, err := outbound.New(outbound.Options{
		UserAgent: "sightline/" + thisBuild().Version,
		// The SSRF guard is for addresses that strangers give. A mirror is named by the user, and may stand next door.
		AllowPrivate: mirror != "",
		CAFile:       ca,
	})
	if err != nil {
		return feed.FetchReport{}, &Exit{Code: ExitUsage, Err: err}
	}
	var resources []feed.Resource
	for _, f := range feeds {
		resources = append(resources, f.Resources()...)
	}
	line := e.progress()
	defer line.done()
	return feed.Fetch(ctx, client, dir, resources, feed.FetchOptions{
		BaseURL: mirror,
		Progress: func(p feed.Progress) {
			if p.Total > 0 {
				line.say("fetching: %s, %.1f of %.1f MB", p.Path, float64(p.Done)/1e6, float64(p.Total)/1e6)
			} else {
				line.say("fetching: %s, %.1f MB", p.Path, float64(p.Done)/1e6)
			}
		},
	})
}

// built says from what the database was made, so that an update that finds nothing new need not build.
type built struct {
	Feeds    string `json:"feeds"`    // fingerprint of the raw files
	Database string `json:"database"` // checksum of the database made from them
}

func (e *env) update(ctx context.Context, mirror, ca string, feeds []feed.Feed, force bool) error {
	out := first(e.db, e.settings.DB, e.dbPath())
	if e.dirs.Cache == "" || out == "" {
		return usage("no home folder is known: set HOME, or XDG_DATA_HOME and XDG_CACHE_HOME")
	}
	if err := folderOf(out); err != nil { // before much is fetched
		return err
	}
	cache := filepath.Join(e.dirs.Cache, "feeds")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return &Exit{Code: ExitScan, Err: fmt.Errorf("making the folder of the feeds: %w", err), Hint: "set XDG_CACHE_HOME to a folder that can be written to"}
	}
	report, err := e.fetch(ctx, cache, mirror, ca, feeds)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, feed.ErrBusy) {
		return &Exit{Code: ExitUnreachable, Err: err, Hint: "another update is at work; wait for it"}
	}
	if len(report.Files) == 0 && err != nil {
		return err
	}
	failed := e.tellFetch(report, mirror)
	old, oldErr := vulndb.Open(out)
	if oldErr == nil {
		defer old.Close()
		if oldErr = old.Verify(ctx); oldErr != nil {
			fmt.Fprintf(e.stderr, "sightline: %s is built anew: %v\n", out, oldErr)
		}
	}
	if oldErr == nil && !force {
		if dropped := droppedFeeds(old, feeds); len(dropped) > 0 {
			return &Exit{
				Code: ExitUsage, Err: fmt.Errorf("%s has %s more than were asked for: %s", out, counted(len(dropped), "feed"), strings.Join(dropped, ", ")),
				Hint: "name another file with --db, or give --force to drop them",
			}
		}
	}
	if lost := unavailable(report, feeds); len(lost) > 0 {
		if len(lost) == len(feeds) || oldErr == nil && holdsAny(old, lost) {
			what := strings.Join(lost, ", ")
			if len(lost) == len(feeds) {
				what = "the feeds"
			}
			return e.keep(old, fmt.Errorf("updating the database: %s could not be fetched", what))
		}
		fmt.Fprintf(e.stderr, "sightline: the database is built without %s\n", strings.Join(lost, ", "))
	}
	fingerprint, ferr := fingerprintOf(cache, feeds)
	if ferr != nil {
		return ferr
	}
	stamp := out + ".built"
	var lost []broken
	if !force && oldErr == nil && old.Meta().Version == vulndb.FormatVersion && upToDate(stamp, built{fingerprint, old.Meta().Checksum}) {
		if err := pack.ForgetOrigin(out); err != nil { // the same was built here
			return err
		}
		word := "up to date"
		if failed > 0 {
			word = "nothing new"
		}
		fmt.Fprintf(e.stdout, "%s: %s, as of %s\n", word, out, day(old.Meta().AsOf))
	} else {
		if lost, err = e.buildFrom(ctx, cache, out, feeds); err != nil {
			forget(cache, report)
			removeAll(statesOf(cache, feeds, lost))
			if ctx.Err() != nil {
				return err
			}
			return e.keep(old, err)
		}
		if len(lost) > 0 { // the next update fetches them again, and builds whatever comes
			removeAll(append(statesOf(cache, feeds, lost), stamp))
		} else if err := e.stamp(stamp, out, fingerprint); err != nil {
			return err
		}
		if now, err := vulndb.Open(out); err == nil {
			if oldErr == nil {
				for _, s := range shrunk(old.Meta(), now.Meta()) {
					fmt.Fprintf(e.stderr, "sightline: warning: %s\n", s)
				}
			}
			_ = now.Close()
		}
	}
	if len(lost) > 0 {
		return &Exit{
			Code: ExitUnreachable, Err: fmt.Errorf("updating the database: it lacks %s, which cannot be read: %s", counted(len(lost), "feed"), namesOf(lost)),
			Hint: "run it again: what could not be read is fetched anew",
		}
	}
	if failed > 0 {
		return &Exit{
			Code: ExitUnreachable, Err: fmt.Errorf("updating the database: %d of %d files could not be fetched; the database is made of what was there", failed, len(report.Files)),
			Hint: "run it again later: what is there already is not fetched again",
		}
	}
	return nil
}

// forget has the next update fetch again what this one fetched and could not use: an upstream may have answered with something else.
func forget(cache string, r feed.FetchReport) {
	for _, f := range r.Files {
		if f.Outcome == feed.Updated {
			_ = os.Remove(filepath.Join(cache, filepath.FromSlash(f.Resource.Path)) + ".state")
		}
	}
}

func removeAll(names []string) {
	for _, n := range names {
		_ = os.Remove(n) // what stays costs a download that was not needed
	}
}

// holdsAny says whether a database has records of one of the feeds.
func holdsAny(db *vulndb.DB, names []string) bool {
	return slices.ContainsFunc(db.Meta().Feeds, func(f vuln.FeedInfo) bool { return f.Advisories > 0 && slices.Contains(names, f.Name) })
}

// droppedFeeds lists the feeds that a database has records of and the new one would lack.
func droppedFeeds(old *vulndb.DB, feeds []feed.Feed) (dropped []string) {
	for _, had := range old.Meta().Feeds {
		if had.Advisories > 0 && !slices.ContainsFunc(feeds, func(f feed.Feed) bool { return f.Name() == had.Name }) {
			dropped = append(dropped, had.Name)
		}
	}
	return dropped
}

// shrunk names the feeds that lost all of their records, or more than half of many, since the old database: an upstream that was emptied is told.
func shrunk(old, now vuln.Database) (list []string) {
	for _, f := range now.Feeds {
		for _, had := range old.Feeds {
			switch {
			case had.Name != f.Name:
			case had.Advisories > 0 && f.Advisories == 0:
				list = append(list, fmt.Sprintf("scans no longer find what %s tells of: it had %s in the former database, and has none now", f.Name, counted(had.Advisories, "record")))
			case had.Advisories > 100 && f.Advisories < had.Advisories/2:
				list = append(list, fmt.Sprintf("%s has %s, it had %d", f.Name, counted(f.Advisories, "record"), had.Advisories))
			}
		}
	}
	return list
}

// keep says that the old database stays, and how old it is.
func (e *env) keep(old *vulndb.DB, cause error) error {
	x := &Exit{Code: ExitUnreachable, Err: cause, Hint: "scans use the starter database until an update succeeds"}
	if old != nil {
		m := old.Meta()
		x.Hint = "the old database stays: as of " + day(m.AsOf)
		if old := aged(m.AsOf, time.Now()); old != "" {
			x.Hint += ", " + old
		}
	}
	return x
}

// tellFetch sums up what was fetched, and says of each host what could not be, once.
func (e *env) tellFetch(r feed.FetchReport, mirror string) (failed int) {
	var bytes int64
	var hosts []string
	byHost := map[string][]feed.Fetched{}
	for _, f := range r.Files {
		bytes += f.Downloaded
		if f.Outcome != feed.Failed {
			continue
		}
		if !f.Resource.Optional {
			failed++
		}
		host := "the mirror"
		if u, err := url.Parse(f.Resource.URL); err == nil && mirror == "" {
			host = u.Host
		}
		if byHost[host] == nil {
			hosts = append(hosts, host)
		}
		byHost[host] = append(byHost[host], f)
	}
	for _, host := range hosts {
		list := byHost[host]
		line := fmt.Sprintf("%v", list[0].Err)
		if !slices.ContainsFunc(list, func(f feed.Fetched) bool { return !f.Resource.Optional }) {
			line = "left out, as it may be: " + line
		}
		if len(list) > 1 {
			line += fmt.Sprintf(" (and %d more of %s)", len(list)-1, host)
		}
		fmt.Fprintf(e.stderr, "sightline: %s\n", printable(line))
	}
	fmt.Fprintf(e.stdout, "feeds: %s changed (%s), %d unchanged, %d failed\n",
		counted(r.Count(feed.Updated), "file"), sized(bytes), r.Count(feed.Unchanged), failed)
	return failed
}

// unavailable lists the feeds of which a needed file is not at hand, in whatever age.
func unavailable(r feed.FetchReport, feeds []feed.Feed) []string {
	size := map[string]int64{}
	for _, f := range r.Files {
		size[f.Resource.Path] = f.Size
	}
	var lost []string
	for _, f := range feeds {
		needed, there := 0, 0
		for _, res := range f.Resources() {
			if !res.Optional {
				needed++
			}
			if size[res.Path] > 0 && !res.Optional {
				there++
			}
			if size[res.Path] > 0 && res.Optional && needed == 0 {
				there++
			}
		}
		if there < max(needed, 1) {
			lost = append(lost, f.Name())
		}
	}
	return lost
}

// fingerprintOf identifies the raw files that a build would read: names, sizes and times. The names of the feeds and
// the program's version are part of it, since either changes what is built.
func fingerprintOf(dir string, feeds []feed.Feed) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, vulndb.FormatVersion, thisBuild().Version, thisBuild().Commit)
	for _, f := range feeds {
		for _, r := range f.Resources() {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(r.Path)))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return "", fmt.Errorf("looking at the raw feeds: %w", err)
			}
			fmt.Fprintln(h, f.Name(), r.Path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func upToDate(stamp string, want built) bool {
	b, err := os.ReadFile(stamp)
	if err != nil {
		return false
	}
	var have built
	return json.Unmarshal(b, &have) == nil && have == want
}

func (e *env) stamp(stamp, out, fingerprint string) error {
	db, err := vulndb.Open(out)
	if err != nil {
		return fmt.Errorf("opening the new database: %w", err)
	}
	defer db.Close()
	b, err := json.Marshal(built{fingerprint, db.Meta().Checksum})
	if err != nil {
		return err
	}
	return writeFile(stamp, strings.NewReader(string(b)+"\n"))
}
