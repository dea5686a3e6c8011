package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/scan"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

func (e *env) pullCommand() *cobra.Command {
	var reg registryFlags
	var trust trustFlags
	var older bool
	cmd := &cobra.Command{
		Use:   "pull [REF|BUNDLE]",
		Short: "Fetch the database that someone publishes, as a patch where there is one",
		Long: `Fetch the database from a registry, or from a bundle (one file). Without an argument the setting database.reference says from where.

Before anything is believed, one of the keys of --db-key, or of the setting database.keys, must have signed it, and the signature must
not have expired. A database that is older than the one in place is refused. Where the publisher has a patch from the file in place,
only that is fetched; either way the file is the one that was published, bit for bit. Downloads go on where a former one was cut off;
the old database serves until the new one is whole and verified.
` + exitHelp,
		Example: `  sightline db pull registry.example/sightline-db:1 --db-key publisher.pub
  sightline db pull bundle.tar --db-key publisher.pub --db vuln.db`,
		Args: atMost(1, "a reference or a bundle"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := e.settings.Database.Reference
			if len(args) > 0 {
				ref = args[0]
			}
			if ref == "" {
				return &Exit{Code: ExitUsage, Err: errors.New("from where? name a reference or a bundle"), Hint: "or set database.reference in the settings"}
			}
			return e.pull(cmd.Context(), ref, reg, trust, older)
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file to write (default: the one that scans use)")
	cmd.Flags().BoolVar(&older, "allow-older", false, "take also a database that is older than the one in place")
	trust.add(cmd)
	reg.add(cmd)
	return cmd
}

// atMost wants up to n arguments.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return &Exit{
			Code: ExitUsage, Hint: fmt.Sprintf("see %s --help", cmd.CommandPath()),
			Err: fmt.Errorf("%s wants %s; got %s", cmd.CommandPath(), what, counted(len(args), "argument")),
		}
	}
}

func (e *env) pull(ctx context.Context, ref string, reg registryFlags, trust trustFlags, older bool) error {
	out := first(e.db, e.settings.DB, e.dbPath())
	if out == "" {
		return usage("no home folder is known: set HOME or XDG_DATA_HOME, or name a file with --db")
	}
	if info, err := os.Stat(out); err == nil && !info.Mode().IsRegular() {
		return usage("--db %s: it is there, and no file that could be replaced", out)
	}
	believed, err := e.trust(trust)
	if err != nil {
		return err
	}
	src, done, err := e.openArtifact(ctx, ref, reg)
	if err != nil {
		return err
	}
	defer done()
	if err := folderOf(out); err != nil {
		return err
	}
	came := "fetched"
	if _, bundle := src.(*pack.Bundle); bundle {
		came = "read"
	}
	line := e.progress()
	defer line.done()
	p, err := pack.Pull(ctx, src, out, pack.PullOptions{
		Trust: believed, AllowOlder: older,
		Progress: func(what string, now, total int64) {
			line.say("fetching: %s, %.1f of %.1f MB", what, float64(now)/1e6, float64(total)/1e6)
		},
	})
	line.done()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return tellPull(fmt.Errorf("pulling the database: %w", err))
	}
	return e.tellPulled(p, out, came)
}

func (e *env) tellPulled(p pack.Pulled, out, came string) error {
	if p.Note != "" {
		fmt.Fprintf(e.stderr, "sightline: the patch was of no use, the whole was taken: %s\n", printable(p.Note))
	}
	w := e.stdout
	asOf := day(p.Config.AsOf)
	switch p.Way {
	case pack.Current:
		fmt.Fprintf(w, "up to date: %s, as of %s\n", out, asOf)
	case pack.Patched:
		fmt.Fprintf(w, "%s: as of %s, a patch of %s applied\n", out, asOf, sized(p.Fetched))
	case pack.Whole:
		fmt.Fprintf(w, "%s: as of %s, %s %s\n", out, asOf, sized(p.Fetched), came)
	}
	fmt.Fprintf(w, "file sha256:%s\nmanifest %s\n", p.Config.SHA256, p.Digest)
	if p.Signature.KeyID == "" {
		fmt.Fprintln(e.stderr, "sightline: WARNING: the signature of the database was not checked (--insecure-db)")
		_, err := fmt.Fprintln(w, "signature not checked")
		return err
	}
	holds := "holds for " + scan.Age(time.Until(p.Signature.Expires))
	if !p.Signature.Expires.After(time.Now()) {
		holds = "expired at " + p.Signature.Expires.UTC().Format(time.RFC3339) + ", which is taken for ten minutes more, as clocks differ"
	}
	_, err := fmt.Fprintf(w, "signed by key %s, %s\n", p.Signature.KeyID[:16], holds)
	return err
}
