package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// repository is a registry's repository as pack sees it.
type repository struct{ *image.Repository }

var (
	_ pack.Source = repository{}
	_ pack.Sink   = repository{}
)

// Blob opens a blob.
func (r repository) Blob(ctx context.Context, d pack.Descriptor, offset int64) (io.ReadCloser, error) {
	return r.Repository.Blob(ctx, d.Digest, d.Size, offset)
}

// PutBlob sends a blob.
func (r repository) PutBlob(ctx context.Context, d pack.Descriptor, open func() (io.ReadCloser, error)) error {
	return r.Repository.PutBlob(ctx, d.Digest, d.MediaType, d.Size, open)
}

// PutManifest sends a manifest.
func (r repository) PutManifest(ctx context.Context, tag string, d pack.Descriptor, b []byte) error {
	return r.Repository.PutManifest(ctx, tag, d.MediaType, b)
}

// registryFlags say how the registry of the database is spoken to.
type registryFlags struct {
	insecure []string
	caFile   string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.insecure, "insecure-registry", nil, "host[:port] to speak to without TLS, or without checking it; may repeat")
	cmd.Flags().StringVar(&f.caFile, "registry-ca", "", "PEM file with further trusted authorities")
}

func (e *env) registryOptions(f registryFlags) image.RegistryOptions {
	s := e.settings.Registry
	return image.RegistryOptions{
		Insecure: append(slices.Clone(s.Insecure), f.insecure...), Mirrors: s.Mirrors, CAFile: first(f.caFile, s.CAFile),
		UserAgent: "sightline/" + thisBuild().Version,
	}
}

// trustFlags say whose signature is believed.
type trustFlags struct {
	keys     []string
	insecure bool
}

func (f *trustFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.keys, "db-key", nil, "PEM file with public keys of which one must have signed; may repeat (default: the setting database.keys)")
	cmd.Flags().BoolVar(&f.insecure, "insecure-db", false, "take the database whoever made it: no signature is asked for")
}

// trust reads the keys. Without any nothing can be believed, which is told before anything is fetched.
func (e *env) trust(f trustFlags) (pack.Trust, error) {
	if f.insecure {
		fmt.Fprintln(e.stderr, "sightline: WARNING: --insecure-db: the signature is not checked. Whoever controls the registry, or the way to it, decides what scans find.")
		return pack.Trust{Insecure: true}, nil
	}
	files := f.keys
	if len(files) == 0 {
		files = e.settings.Database.Keys
	}
	if len(files) == 0 {
		return pack.Trust{}, &Exit{
			Code: ExitUsage, Err: errors.New("no key is known that could have signed the database"),
			Hint: "name the publisher's public key with --db-key FILE, or in the settings under database.keys",
		}
	}
	var keys []ed25519.PublicKey
	for _, name := range files {
		b, err := readSmallFile(name)
		if err != nil {
			return pack.Trust{}, &Exit{Code: ExitUsage, Err: fmt.Errorf("--db-key: %w", err)}
		}
		list, err := pack.ParsePublicKeys(b)
		if err != nil {
			return pack.Trust{}, usage("--db-key %s: %w", name, err)
		}
		keys = append(keys, list...)
	}
	return pack.Trust{Keys: keys}, nil
}

// readSmallFile reads a file of keys.
func readSmallFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10+1))
	if err == nil && len(b) > 64<<10 {
		err = fmt.Errorf("%s is larger than 64 KiB", name)
	}
	return b, err
}

// openArtifact opens a bundle where there is such a file, else a registry's repository.
func (e *env) openArtifact(ctx context.Context, ref string, f registryFlags) (pack.Source, func(), error) {
	if info, err := os.Stat(ref); err == nil && info.Mode().IsRegular() {
		b, err := pack.OpenBundle(ref)
		if err != nil {
			return nil, nil, tellPull(err)
		}
		return b, func() { _ = b.Close() }, nil
	}
	if looksLikeFile(ref) {
		return nil, nil, usage("%s: there is no such file", ref)
	}
	opts := e.registryOptions(f)
	tag, _, _ := strings.Cut(ref, "@")
	named, err := image.OpenRepositoryToWrite(tag, opts) // which asks nobody
	if err != nil {
		return nil, nil, &Exit{Code: ExitUsage, Err: err, Hint: "write HOST/NAME:TAG, or the path of a bundle"}
	}
	named.Close()
	r, err := image.OpenRepository(ctx, ref, opts)
	if err != nil {
		return nil, nil, tellPull(err)
	}
	return repository{r}, r.Close, nil
}

func looksLikeFile(ref string) bool {
	return strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, ".") || strings.HasSuffix(ref, ".tar")
}

// tellPull gives an error about a database from elsewhere its exit status and what to try.
func tellPull(err error) error {
	if _, told := errors.AsType[*Exit](err); told {
		return err
	}
	x := &Exit{Code: ExitUnreachable, Err: err, Hint: "nothing was changed"}
	switch {
	case errors.Is(err, pack.ErrUntrusted):
		x.Hint = "nothing was changed; ask the publisher for a database that is signed now and by a key you trust (--db-key)"
	case errors.Is(err, pack.ErrOlder):
		x.Hint = "nothing was changed; --allow-older takes it all the same"
	case errors.Is(err, vulndb.ErrVersion):
		x.Hint = "use the tag that is made for this version of sightline, or another version"
	case errors.Is(err, artifact.ErrNotFound):
		x.Hint = "check the name and the tag"
	case errors.Is(err, artifact.ErrUnreachable):
		x.Hint = "check the name, the network and your credentials (docker login, podman login); what was fetched is kept for the next try"
	}
	return x
}
