package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// publishFlags say what is published, and who signs it.
type publishFlags struct {
	key       string
	from      []string
	tags      []string
	lifetime  time.Duration
	forgoSign bool
}

func (f *publishFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.key, "sign-key", "", "PEM file with the private key that signs (see sightline db keygen)")
	cmd.Flags().BoolVar(&f.forgoSign, "unsigned", false, "publish without a signature: others need --insecure-db to take it")
	cmd.Flags().DurationVar(&f.lifetime, "lifetime", pack.DefaultLifetime, "how long the signature holds")
}

// options reads the key.
func (f *publishFlags) options(e *env) (pack.PushOptions, error) {
	o := pack.PushOptions{PatchFrom: f.from, Lifetime: f.lifetime, Tags: f.tags}
	switch {
	case f.key == "" && !f.forgoSign:
		return o, &Exit{
			Code: ExitUsage, Err: errors.New("--sign-key is needed: an unsigned database is refused by those who pull it"),
			Hint: "make a key with: sightline db keygen --out NAME; or publish it --unsigned",
		}
	case f.key != "" && f.forgoSign:
		return o, usage("--sign-key and --unsigned contradict each other")
	case f.lifetime <= 0:
		return o, usage("--lifetime %s: write a time above zero, such as 336h", f.lifetime)
	case f.key == "":
		return o, nil
	}
	if info, err := os.Stat(f.key); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		fmt.Fprintf(e.stderr, "sightline: warning: others than its owner can read the private key %s (mode %04o): chmod 600\n", f.key, info.Mode().Perm())
	}
	key, err := readSignKey(f.key)
	o.Key = key
	return o, err
}

func readSignKey(name string) (ed25519.PrivateKey, error) {
	b, err := readSmallFile(name)
	if err != nil {
		return nil, &Exit{Code: ExitUsage, Err: fmt.Errorf("--sign-key: %w", err)}
	}
	key, err := pack.ParsePrivateKey(b)
	if err != nil {
		return nil, usage("--sign-key %s: %w", name, err)
	}
	return key, nil
}

func (e *env) pushCommand() *cobra.Command {
	var reg registryFlags
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "push REF --sign-key FILE",
		Short: "Publish the database in a registry, signed",
		Long: `Publish a database file as an OCI artifact: the core, the details, a patch from each file of --patch-from, and a signature.

Who has one of those older files fetches the patch only. Each patch is tried before it is published. The signature is sent before the
tag moves, so that nobody finds an artifact that is not signed.
` + exitHelp,
		Example: `  sightline db push registry.example/sightline-db:1 --sign-key publisher.key
  sightline db push registry.example/sightline-db:1 --tag 2026-11-23 --sign-key publisher.key --patch-from yesterday.db`,
		Args: exactly(1, "a reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := f.options(e)
			if err != nil {
				return err
			}
			r, err := image.OpenRepositoryToWrite(args[0], e.registryOptions(reg))
			if err != nil {
				return &Exit{Code: ExitUsage, Err: err}
			}
			defer r.Close()
			opts.Present = func(ctx context.Context) (pack.Source, func(), error) {
				there := e.registryOptions(reg)
				there.Mirrors = nil // they may lag behind
				r, err := image.OpenRepository(ctx, args[0], there)
				if err != nil {
					return nil, nil, err
				}
				return repository{r}, r.Close, nil
			}
			return e.publish(cmd.Context(), repository{r}, args[0], opts)
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file to publish (default: the one that scans use)")
	cmd.Flags().StringArrayVar(&f.from, "patch-from", nil, "older database file from which a patch is made; may repeat, up to 7 times")
	cmd.Flags().StringArrayVar(&f.tags, "tag", nil, "further tag for the same artifact; may repeat")
	f.add(cmd)
	reg.add(cmd)
	return cmd
}

// publish sends the database into a registry or a bundle, and tells what was sent.
func (e *env) publish(ctx context.Context, sink pack.Sink, to string, opts pack.PushOptions) error {
	file := first(e.db, e.settings.DB, e.dbPath())
	line := e.progress()
	defer line.done()
	opts.Progress = func(what string) { line.say("%s", what) }
	p, err := pack.Push(ctx, sink, file, opts)
	line.done()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, vulndb.ErrCorrupt), errors.Is(err, vulndb.ErrVersion):
		return &Exit{Code: ExitUnreachable, Err: fmt.Errorf("publishing the database: %w", err), Hint: "make one with: sightline db update"}
	case errors.Is(err, pack.ErrUndated):
		return &Exit{Code: ExitUsage, Err: fmt.Errorf("publishing the database: %w", err), Hint: "build it from feeds that have a date; sightline db status tells"}
	case err != nil:
		return fmt.Errorf("publishing the database: %w", err)
	}
	w := e.stdout
	fmt.Fprintf(w, "%s: as of %s, format %d\nfile sha256:%s\nmanifest %s\n", to, day(p.Config.AsOf), p.Config.Format, p.Config.SHA256, p.Digest)
	fmt.Fprintf(w, "core %s, details %s\n", sized(p.Core), sized(p.Details))
	for _, x := range p.Patches {
		if x.Reason != "" {
			fmt.Fprintf(w, "no patch from %s: %s\n", filepath.Base(x.From), x.Reason)
			continue
		}
		fmt.Fprintf(w, "patch from %s: %s\n", filepath.Base(x.From), sized(x.Size))
	}
	if p.KeyID == "" {
		_, err = fmt.Fprintln(w, "not signed")
		return err
	}
	_, err = fmt.Fprintf(w, "signed by key %s, until %s\n", p.KeyID[:16], p.Expires.UTC().Format(time.RFC3339))
	return err
}
