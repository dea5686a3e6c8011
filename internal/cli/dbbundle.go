package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

func (e *env) bundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Carry the database in one file, with its signature",
		Long: `A bundle is the published artifact in one file, for places without a network: an OCI image layout in a tar.
` + exitHelp,
		Args: exactly(0, "create or load"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.bundleCreateCommand(), e.bundleLoadCommand())
	return cmd
}

func (e *env) bundleCreateCommand() *cobra.Command {
	var reg registryFlags
	var trust trustFlags
	var f publishFlags
	var out string
	cmd := &cobra.Command{
		Use:   "create [REF] --out FILE",
		Short: "Make a bundle of a published database, or of a file",
		Long: `Make a bundle of what a registry has, with the publisher's own signature, which is verified first (--db-key). Without a reference,
the database file (--db) is bundled and signed with --sign-key.
` + exitHelp,
		Example: `  sightline db bundle create registry.example/sightline-db:1 --db-key publisher.pub --out bundle.tar
  sightline db bundle create --db vuln.db --sign-key publisher.key --out bundle.tar`,
		Args: atMost(1, "a reference at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usage("--out is needed: the bundle to write")
			}
			if len(args) == 0 {
				if len(trust.keys) > 0 || trust.insecure {
					return usage("--db-key and --insecure-db are for the bundle of a reference; a file is signed with --sign-key")
				}
				opts, err := f.options(e)
				if err != nil {
					return err
				}
				return writeBundle(out, func(w *pack.BundleWriter) error { return e.publish(cmd.Context(), w, out, opts) })
			}
			if f.key != "" || f.forgoSign {
				return usage("the bundle of %s keeps its own signature; --sign-key is for the bundle of a file", args[0])
			}
			return e.bundleOf(cmd.Context(), args[0], out, reg, trust)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "bundle to write")
	cmd.Flags().StringVar(&e.db, "db", "", "database file to bundle (default: the one that scans use)")
	f.add(cmd)
	trust.add(cmd)
	reg.add(cmd)
	return cmd
}

func (e *env) bundleOf(ctx context.Context, ref, out string, reg registryFlags, trust trustFlags) error {
	believed, err := e.trust(trust)
	if err != nil {
		return err
	}
	src, done, err := e.openArtifact(ctx, ref, reg)
	if err != nil {
		return err
	}
	defer done()
	r, err := pack.Resolve(ctx, src, believed)
	if err != nil {
		return tellPull(fmt.Errorf("bundling the database: %w", err))
	}
	line := e.progress()
	defer line.done()
	err = writeBundle(out, func(w *pack.BundleWriter) error {
		return pack.Copy(ctx, src, w, r, func(what string) { line.say("%s", what) })
	})
	line.done()
	if err != nil {
		return tellPull(fmt.Errorf("bundling the database: %w", err))
	}
	_, err = fmt.Fprintf(e.stdout, "%s: as of %s\nfile sha256:%s\nmanifest %s\n", out, day(r.Config.AsOf), r.Config.SHA256, r.Digest)
	return err
}

// writeBundle writes a bundle beside out, and puts it in place when it is whole.
func writeBundle(out string, fill func(*pack.BundleWriter) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w, err := pack.NewBundleWriter(f)
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	if err := fill(w); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	return os.Rename(f.Name(), out)
}

func (e *env) bundleLoadCommand() *cobra.Command {
	var trust trustFlags
	var older bool
	cmd := &cobra.Command{
		Use:     "load FILE",
		Short:   "Take the database out of a bundle",
		Long:    "Take the database out of a bundle, as 'sightline db pull' does: its signature is verified first, and needs no network.\n" + exitHelp,
		Example: "  sightline db bundle load bundle.tar --db-key publisher.pub",
		Args:    exactly(1, "a bundle"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Stat(args[0]); err != nil {
				return &Exit{Code: ExitUsage, Err: err}
			}
			return e.pull(cmd.Context(), args[0], registryFlags{}, trust, older)
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file to write (default: the one that scans use)")
	cmd.Flags().BoolVar(&older, "allow-older", false, "take also a database that is older than the one in place")
	trust.add(cmd)
	return cmd
}
