package pack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// PullOptions say what is accepted.
type PullOptions struct {
	Trust Trust
	// AllowOlder accepts a database that is older than the one in place; default false.
	AllowOlder bool
	// Wait is how long the first pause is after a download broke off; default 200 ms.
	Wait time.Duration
	// Progress is told how much of a download is there; default none.
	Progress func(what string, done, total int64)
}

// Way is how a database came.
type Way string

// The ways.
const (
	Current Way = "current" // it was there already
	Patched Way = "patched" // as a patch of the one that was there
	Whole   Way = "whole"
)

// Pulled says what came.
type Pulled struct {
	Way       Way
	Digest    string // of the manifest
	Config    Config
	Signature Signature // zero where none was asked for
	Fetched   int64     // bytes of layers
	Note      string    // why a patch was of no use; empty: it was, or there was none
}

// Pull brings the file at out to what the source has. Its errors wrap [ErrUntrusted], [ErrOlder], [ErrMalformed], [ErrBusy],
// [vulndb.ErrVersion] and those of the source. Whatever happens, out is the old file or the new one, whole.
func Pull(ctx context.Context, src Source, out string, opts PullOptions) (Pulled, error) {
	r, err := Resolve(ctx, src, opts.Trust)
	if err != nil {
		return Pulled{}, err
	}
	p := Pulled{Digest: r.Digest, Config: *r.Config, Signature: r.Signature}
	if r.Config.Format != vulndb.FormatVersion {
		return p, fmt.Errorf("%w: it is %d, this program reads %d", vulndb.ErrVersion, r.Config.Format, vulndb.FormatVersion)
	}
	out = target(out)
	unlock, err := lock(filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+".lock"))
	if err != nil {
		return p, err
	}
	defer unlock()
	old, sum := inPlace(out)
	if old != nil && r.Config.AsOf.Before(old.AsOf) && !opts.AllowOlder {
		return p, fmt.Errorf("%w: it is as of %s, the one in place of %s", ErrOlder, r.Config.AsOf.Format("2006-01-02 15:04"), old.AsOf.Format("2006-01-02 15:04"))
	}
	if old != nil && sum != r.Config.SHA256 && r.Config.AsOf.Equal(old.AsOf) && !opts.AllowOlder {
		// Two files of one date: the one that was signed last is the newer.
		if was, ok := OriginOf(out, old.Checksum); ok && !r.Signature.Issued.IsZero() && r.Signature.Issued.Before(was.Issued) {
			return p, fmt.Errorf("%w: it was signed on %s, the one in place on %s", ErrOlder, r.Signature.Issued.UTC().Format(time.RFC3339), was.Issued.UTC().Format(time.RFC3339))
		}
	}
	origin := Origin{Verified: !opts.Trust.Insecure, Issued: r.Signature.Issued, Manifest: r.Digest, KeyID: r.Signature.KeyID}
	f := &fetcher{src: src, out: out, wait: cmp.Or(opts.Wait, fetchWait)}
	if old != nil && sum == r.Config.SHA256 {
		p.Way = Current
		f.tidy() // what killed pulls left
		vulndb.Tidy(out)
		origin.Checksum = old.Checksum
		if was, ok := OriginOf(out, old.Checksum); !origin.Verified && (!ok || was.Verified) || was.Issued.After(origin.Issued) {
			return p, nil // it is known better already
		}
		return p, noteOrigin(out, origin)
	}
	say := func(what string) {
		f.progress = func(done, total int64) {
			if opts.Progress != nil {
				opts.Progress(what, done, total)
			}
		}
	}
	if old != nil {
		if i := slices.IndexFunc(r.patches, func(d Descriptor) bool {
			return d.Annotations[fromAnnotation] == sum && d.Annotations[toAnnotation] == r.Config.SHA256
		}); i >= 0 {
			say("patch")
			p.Way = Patched
			err := pullPatch(ctx, f, r.patches[i], r.Config, out, origin)
			if p.Fetched = f.fetched; err == nil || !another(ctx, err) {
				return p, tidied(f, err)
			}
			p.Note = err.Error()
		}
	}
	p.Way = Whole
	err = pullWhole(ctx, f, r, say, out, origin)
	p.Fetched = f.fetched
	return p, tidied(f, err)
}

// tidied removes the partial downloads unless they are of use for the next try.
func tidied(f *fetcher, err error) error {
	if err == nil {
		f.tidy()
	}
	return err
}

// another says whether the whole may come where a patch did not: not where the way to the source or the disk is at fault.
func another(ctx context.Context, err error) bool {
	if _, disk := errors.AsType[*fs.PathError](err); disk || ctx.Err() != nil || errors.Is(err, artifact.ErrUnreachable) && !errors.Is(err, artifact.ErrNotFound) {
		return false
	}
	return true
}

// inPlace tells of the file that is there; nil where there is none of use.
func inPlace(out string) (*vuln.Database, string) {
	db, err := vulndb.Open(out)
	if err != nil {
		return nil, ""
	}
	meta := db.Meta()
	_ = db.Close() // it was only read
	sum, _, err := sumFile(out)
	if err != nil {
		return nil, ""
	}
	return &meta, sum
}

func pullPatch(ctx context.Context, f *fetcher, d Descriptor, cfg *Config, out string, origin Origin) error {
	patch, err := f.fetch(ctx, d)
	if err != nil {
		return err
	}
	defer func() { _ = patch.Close() }() // it was only read
	return install(ctx, out, cfg, origin, func(w io.Writer) error {
		return ApplyPatch(w, out, filepath.Dir(out), patch, d.Size)
	})
}

func pullWhole(ctx context.Context, f *fetcher, r *Resolved, say func(string), out string, origin Origin) error {
	say("core")
	core, err := f.fetch(ctx, r.core)
	if err != nil {
		return err
	}
	defer func() { _ = core.Close() }() // it was only read
	say("details")
	details, err := f.fetch(ctx, r.details)
	if err != nil {
		return err
	}
	defer func() { _ = details.Close() }() // it was only read
	return install(ctx, out, r.Config, origin, func(w io.Writer) error {
		dec, err := newDecoder(core)
		if err != nil {
			return err
		}
		defer dec.Close()
		n, err := io.Copy(w, io.LimitReader(dec, r.Config.DetailsAt+1))
		if err != nil {
			return fmt.Errorf("unpacking the core: %w", err)
		}
		if n != r.Config.DetailsAt {
			return malformed("the core unpacks to another length than %d bytes", r.Config.DetailsAt)
		}
		_, err = io.Copy(w, details)
		return err
	})
}

// install checks that what was made is what was published, and puts it in place.
func install(ctx context.Context, out string, cfg *Config, origin Origin, write func(io.Writer) error) error {
	return vulndb.Install(ctx, out, func(w io.Writer) error {
		c := &checked{w: w, ctx: ctx, left: cfg.Size}
		sum := sha256.New()
		if err := write(io.MultiWriter(c, sum)); err != nil {
			return err
		}
		if got := hex.EncodeToString(sum.Sum(nil)); c.left != 0 || got != cfg.SHA256 {
			return malformed("the file has the checksum %s, %s was published", got, cfg.SHA256)
		}
		return nil
	}, func(db *vulndb.DB) error {
		if m := db.Meta(); !m.AsOf.Equal(cfg.AsOf) {
			return malformed("the file is as of %s, the config says %s", m.AsOf, cfg.AsOf)
		}
		// Noted before the file is in place: nobody scans with one of which nothing is known.
		origin.Checksum = db.Meta().Checksum
		return noteOrigin(out, origin)
	})
}

// checked writes no more than was said, and stops with its context.
type checked struct {
	w    io.Writer
	ctx  context.Context // of the one call that writes
	left int64
}

func (c *checked) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.left -= int64(len(b)); c.left < 0 {
		return 0, malformed("the file is longer than was said")
	}
	return c.w.Write(b)
}
