package pack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sightline-sec/sightline/internal/vulndb"
)

// PushOptions say what is published besides the file.
type PushOptions struct {
	// PatchFrom are older files, from which patches are made: at most 7; default none.
	PatchFrom []string
	// Key signs; default none: the artifact is not signed.
	Key ed25519.PrivateKey
	// Now is when it is signed; default time.Now().
	Now time.Time
	// Lifetime is how long the signature holds; default [DefaultLifetime].
	Lifetime time.Duration
	// Tags are further names for the same artifact; default none.
	Tags []string
	// Present opens what the sink has already, from which signatures of the same artifact are kept; default none: where the sink may
	// have some, they are replaced.
	Present func(ctx context.Context) (src Source, done func(), err error)
	// Progress is told what is being done, now and then; default none.
	Progress func(what string)
}

// Pushed says what was published.
type Pushed struct {
	Digest        string
	KeyID         string // empty: not signed
	Expires       time.Time
	Config        Config
	Core, Details int64 // bytes
	Patches       []PushedPatch
}

// PushedPatch is a patch, or why there is none.
type PushedPatch struct {
	From   string // file
	Size   int64
	Reason string // empty: it was published
}

// packed is an artifact before it is sent.
type packed struct {
	blobs []blob
	m     manifest
}

type blob struct {
	Descriptor
	open func() (io.ReadCloser, error)
}

// Push publishes a database file. The signature goes first and the manifest last, so that nobody finds an artifact that is not
// whole and signed. Each patch is tried before it is published: it gives the very bytes of the file.
func Push(ctx context.Context, sink Sink, file string, opts PushOptions) (Pushed, error) {
	var p Pushed
	if len(opts.PatchFrom) > maxPatches {
		return p, fmt.Errorf("at most %d patches can be published, not %d", maxPatches, len(opts.PatchFrom))
	}
	say := opts.Progress
	if say == nil {
		say = func(string) {}
	}
	tmp, err := os.MkdirTemp("", "sightline-push-*")
	if err != nil {
		return p, fmt.Errorf("making room for the artifact: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	say("packing " + filepath.Base(file))
	a, err := packFile(ctx, file, tmp, &p)
	if err != nil {
		return p, fmt.Errorf("packing %s: %w", file, err)
	}
	for i, from := range opts.PatchFrom {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		say(fmt.Sprintf("making patch %d of %d", i+1, len(opts.PatchFrom)))
		if err := a.addPatch(from, file, tmp, i, &p); err != nil {
			return p, fmt.Errorf("making a patch from %s: %w", from, err)
		}
	}
	return p, a.send(ctx, sink, opts, &p, say)
}

// packFile makes config, core and details.
func packFile(ctx context.Context, file, tmp string, p *Pushed) (*packed, error) {
	db, err := vulndb.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	if err := db.Verify(ctx); err != nil {
		return nil, err
	}
	sum, size, err := sumFile(file)
	if err != nil {
		return nil, err
	}
	meta := db.Meta()
	if meta.AsOf.IsZero() && len(meta.Feeds) > 0 {
		return nil, ErrUndated
	}
	p.Config = Config{Format: meta.Version, AsOf: meta.AsOf, SHA256: sum, Size: size, DetailsAt: db.DetailsAt(), Feeds: meta.Feeds}
	config, err := json.Marshal(p.Config)
	if err != nil {
		return nil, err
	}
	core, err := compressRange(file, p.Config.DetailsAt, filepath.Join(tmp, "core"))
	if err != nil {
		return nil, err
	}
	details, err := describeRange(file, p.Config.DetailsAt, size)
	if err != nil {
		return nil, err
	}
	p.Core, p.Details = core.Size, details.Size
	configBlob := inMemory(ConfigType, config)
	return &packed{blobs: []blob{configBlob, core, details}, m: manifest{
		SchemaVersion: 2, MediaType: manifestType, ArtifactType: ArtifactType,
		Config: configBlob.Descriptor, Layers: []Descriptor{core.Descriptor, details.Descriptor},
		Annotations: map[string]string{
			"org.opencontainers.image.created": meta.AsOf.UTC().Format(time.RFC3339),
			"dev.sightline.db.sha256":          sum,
		},
	}}, nil
}

func sumFile(name string) (sum string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

func inMemory(mediaType string, b []byte) blob {
	return blob{
		Descriptor{MediaType: mediaType, Digest: digestOf(b), Size: int64(len(b))},
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	}
}

// compressRange compresses the first n bytes of a file into out.
func compressRange(file string, n int64, out string) (blob, error) {
	in, err := os.Open(file)
	if err != nil {
		return blob{}, err
	}
	defer func() { _ = in.Close() }() // it was only read
	f, err := os.Create(out)
	if err != nil {
		return blob{}, err
	}
	h := sha256.New()
	enc, err := newEncoder(io.MultiWriter(f, h))
	if err != nil {
		return blob{}, errors.Join(err, f.Close())
	}
	_, err = io.CopyN(enc, in, n)
	if err = errors.Join(err, enc.Close(), f.Close()); err != nil {
		return blob{}, err
	}
	info, err := os.Stat(out)
	if err != nil {
		return blob{}, err
	}
	return blob{
		Descriptor{MediaType: CoreType, Digest: "sha256:" + hex.EncodeToString(h.Sum(nil)), Size: info.Size()},
		func() (io.ReadCloser, error) { return os.Open(out) },
	}, nil
}

// part is a range of a file that closes it.
type part struct {
	*io.SectionReader
	io.Closer
}

// describeRange makes a blob of the bytes of a file from at to end.
func describeRange(file string, at, end int64) (blob, error) {
	open := func() (io.ReadCloser, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		return part{io.NewSectionReader(f, at, end-at), f}, nil
	}
	rc, err := open()
	if err != nil {
		return blob{}, err
	}
	defer func() { _ = rc.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, rc); err != nil {
		return blob{}, err
	}
	return blob{Descriptor{MediaType: DetailsType, Digest: "sha256:" + hex.EncodeToString(h.Sum(nil)), Size: end - at}, open}, nil
}

// addPatch makes a patch and tries it. One that is of no use is left out, with the reason.
func (a *packed) addPatch(from, file, tmp string, number int, p *Pushed) error {
	sum, _, err := sumFile(from)
	if err != nil {
		return err
	}
	drop := func(reason string) error {
		p.Patches = append(p.Patches, PushedPatch{From: from, Reason: reason})
		return nil
	}
	if sum == p.Config.SHA256 {
		return drop("it is the same file")
	}
	for _, d := range a.m.Layers {
		if d.Annotations[fromAnnotation] == sum {
			return drop("there is a patch from the same file already")
		}
	}
	b, err := MakePatch(from, file)
	if errors.Is(err, vulndb.ErrVersion) {
		return drop("it is of another format")
	} else if err != nil {
		return err
	}
	if int64(len(b)) > (p.Core+p.Details)/2 {
		return drop("the patch would be larger than half of the whole")
	}
	h := sha256.New()
	if err := ApplyPatch(h, from, tmp, bytes.NewReader(b), int64(len(b))); err != nil || hex.EncodeToString(h.Sum(nil)) != p.Config.SHA256 {
		return drop(fmt.Sprintf("applied, it gives another file (%v)", err))
	}
	name := filepath.Join(tmp, fmt.Sprintf("patch%d", number))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		return err
	}
	d := Descriptor{
		MediaType: PatchType, Digest: digestOf(b), Size: int64(len(b)),
		Annotations: map[string]string{fromAnnotation: sum, toAnnotation: p.Config.SHA256},
	}
	a.blobs = append(a.blobs, blob{d, func() (io.ReadCloser, error) { return os.Open(name) }})
	a.m.Layers = append(a.m.Layers, d)
	p.Patches = append(p.Patches, PushedPatch{From: from, Size: d.Size})
	return nil
}

func (a *packed) send(ctx context.Context, sink Sink, opts PushOptions, p *Pushed, say func(string)) error {
	put := func(b blob) error {
		say(fmt.Sprintf("sending %s, %.1f MB", b.MediaType, float64(b.Size)/1e6))
		if err := sink.PutBlob(ctx, b.Descriptor, b.open); err != nil {
			return fmt.Errorf("sending %s: %w", b.Digest, err)
		}
		return nil
	}
	for _, b := range a.blobs {
		if err := put(b); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(a.m)
	if err != nil {
		return err
	}
	d := Descriptor{MediaType: manifestType, ArtifactType: ArtifactType, Digest: digestOf(raw), Size: int64(len(raw))}
	p.Digest = d.Digest
	if opts.Key != nil {
		if err := a.sendSignature(ctx, sink, d, opts, p, put); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
	}
	for _, tag := range append(opts.Tags, "") {
		if err := sink.PutManifest(ctx, tag, d, raw); err != nil {
			return fmt.Errorf("sending the manifest: %w", err)
		}
	}
	return nil
}

func (a *packed) sendSignature(ctx context.Context, sink Sink, subject Descriptor, opts PushOptions, p *Pushed, put func(blob) error) error {
	now, lifetime := opts.Now, opts.Lifetime
	if now.IsZero() {
		now = time.Now()
	}
	if lifetime == 0 {
		lifetime = DefaultLifetime
	}
	env, err := sign(opts.Key, subject.Digest, now, lifetime)
	if err != nil {
		return err
	}
	none, layer := inMemory(emptyType, []byte("{}")), inMemory(envelopeType, env)
	public, _ := opts.Key.Public().(ed25519.PublicKey)
	layers := []Descriptor{layer.Descriptor}
	if opts.Present != nil {
		src, done, err := opts.Present(ctx)
		if err != nil {
			return err
		}
		former, err := formerSignatures(ctx, src, subject.Digest, KeyID(public), now, now.Add(lifetime))
		done()
		if err != nil {
			return fmt.Errorf("looking for signatures that are there: %w", err)
		}
		layers = append(layers, former...)
	}
	raw, err := json.Marshal(manifest{
		SchemaVersion: 2, MediaType: manifestType, ArtifactType: SignatureType,
		Config: none.Descriptor, Layers: layers[:min(len(layers), maxSignatures)], Subject: &Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	})
	if err != nil {
		return err
	}
	for _, b := range []blob{none, layer} {
		if err := put(b); err != nil {
			return err
		}
	}
	d := Descriptor{MediaType: manifestType, ArtifactType: SignatureType, Digest: digestOf(raw), Size: int64(len(raw))}
	p.KeyID, p.Expires = KeyID(public), now.Add(lifetime)
	return sink.PutManifest(ctx, signatureTag(subject.Digest), d, raw)
}

// Copy carries an artifact that was resolved, with its signature, from one place to another.
func Copy(ctx context.Context, src Source, sink Sink, r *Resolved, progress func(what string)) error {
	send := func(d Descriptor) error {
		if progress != nil {
			progress(fmt.Sprintf("copying %s, %.1f MB", d.MediaType, float64(d.Size)/1e6))
		}
		if err := sink.PutBlob(ctx, d, func() (io.ReadCloser, error) { return src.Blob(ctx, d, 0) }); err != nil {
			return fmt.Errorf("copying %s: %w", d.Digest, err)
		}
		return nil
	}
	list := append([]Descriptor{r.config, r.core, r.details}, r.patches...)
	if r.signature != nil {
		list = append(list, append([]Descriptor{r.signature.Config}, r.signature.Layers...)...)
	}
	for _, d := range list {
		if err := send(d); err != nil {
			return err
		}
	}
	if r.signature != nil {
		d := Descriptor{MediaType: manifestType, ArtifactType: SignatureType, Digest: digestOf(r.signatureBytes), Size: int64(len(r.signatureBytes))}
		if err := sink.PutManifest(ctx, signatureTag(r.Digest), d, r.signatureBytes); err != nil {
			return fmt.Errorf("copying the signature: %w", err)
		}
	}
	d := Descriptor{MediaType: manifestType, ArtifactType: ArtifactType, Digest: r.Digest, Size: int64(len(r.bytes))}
	return sink.PutManifest(ctx, "", d, r.bytes)
}
