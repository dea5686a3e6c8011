package pack

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// manifest is an OCI image manifest: the fields that are used.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        Descriptor        `json:"config"`
	Layers        []Descriptor      `json:"layers"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// contents is a database's manifest, taken apart.
type contents struct {
	digest        string
	bytes         []byte
	config        Descriptor
	core, details Descriptor
	patches       []Descriptor
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func isDigest(s string) bool {
	sum, ok := strings.CutPrefix(s, "sha256:")
	return ok && isSum(sum)
}

func isSum(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// parseManifest reads a manifest of one of our artifact types. Each size in it is bounded afterwards.
func parseManifest(b []byte, artifactType string) (*manifest, error) {
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, malformed("the manifest cannot be read")
	}
	if m.SchemaVersion != 2 || m.MediaType != manifestType || m.ArtifactType != artifactType {
		return nil, malformed("the manifest is of type %.100q, not %s", m.ArtifactType, artifactType)
	}
	if len(m.Layers) == 0 || len(m.Layers) > 2+maxPatches {
		return nil, malformed("a manifest of %d layers", len(m.Layers))
	}
	for _, d := range append([]Descriptor{m.Config}, m.Layers...) {
		if !isDigest(d.Digest) || d.Size < 0 || d.Size > maxFile {
			return nil, malformed("the manifest has a descriptor that cannot be: %.100q of %d bytes", d.Digest, d.Size)
		}
	}
	return &m, nil
}

func parseContents(b []byte) (*contents, error) {
	m, err := parseManifest(b, ArtifactType)
	if err != nil {
		return nil, err
	}
	c := &contents{digest: digestOf(b), bytes: b, config: m.Config}
	if m.Config.MediaType != ConfigType || m.Config.Size > maxConfig {
		return nil, malformed("its config is of type %.100q, or larger than %d bytes", m.Config.MediaType, maxConfig)
	}
	for i, d := range m.Layers {
		switch {
		case i == 0 && d.MediaType == CoreType:
			c.core = d
		case i == 1 && d.MediaType == DetailsType:
			c.details = d
		case i > 1 && d.MediaType == PatchType && isSum(d.Annotations[fromAnnotation]) && isSum(d.Annotations[toAnnotation]):
			c.patches = append(c.patches, d)
		default:
			return nil, malformed("layer %d is of type %.100q", i, d.MediaType)
		}
	}
	if c.details.Digest == "" {
		return nil, malformed("it has no details")
	}
	return c, nil
}

func parseConfig(b []byte, c *contents) (*Config, error) {
	var cfg Config
	if err := json.Unmarshal(b, &cfg); err != nil {
		return nil, malformed("the config cannot be read")
	}
	if !isSum(cfg.SHA256) || cfg.Size <= 0 || cfg.Size > maxFile || cfg.DetailsAt <= 0 || cfg.DetailsAt > cfg.Size || cfg.AsOf.IsZero() && len(cfg.Feeds) > 0 {
		return nil, malformed("the config says what cannot be")
	}
	if c.details.Size != cfg.Size-cfg.DetailsAt {
		return nil, malformed("the details have %d bytes, the config says %d", c.details.Size, cfg.Size-cfg.DetailsAt)
	}
	return &cfg, nil
}

// readSmall reads a blob into memory and checks its digest.
func readSmall(ctx context.Context, src Source, d Descriptor, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, malformed("%s has %d bytes, of which %d are read", d.Digest, d.Size, limit)
	}
	rc, err := src.Blob(ctx, d, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rc.Close() }()
	b, err := io.ReadAll(io.LimitReader(rc, d.Size))
	if err != nil {
		return nil, err
	}
	if digestOf(b) != d.Digest {
		return nil, malformed("%s has the digest %s", d.Digest, digestOf(b))
	}
	return b, nil
}

// signatureTag is where a manifest's signatures are: the scheme of cosign, which every registry can hold.
func signatureTag(digest string) string { return strings.Replace(digest, ":", "-", 1) + ".sig" }

// findSignature gives the first signature of a manifest that holds.
func findSignature(ctx context.Context, src Source, manifestDigest string, keys []ed25519.PublicKey, now time.Time) (Signature, *manifest, []byte, error) {
	b, err := src.Manifest(ctx, signatureTag(manifestDigest), maxManifest)
	if errors.Is(err, artifact.ErrNotFound) {
		return Signature{}, nil, nil, fmt.Errorf("%w: it is not signed", ErrUntrusted)
	} else if err != nil {
		return Signature{}, nil, nil, fmt.Errorf("fetching the signature: %w", err)
	}
	m, err := parseManifest(b, SignatureType)
	if err != nil {
		return Signature{}, nil, nil, fmt.Errorf("%w: its signature: %w", ErrUntrusted, err)
	}
	for _, d := range append([]Descriptor{m.Config}, m.Layers...) {
		if d.Size > maxEnvelope {
			return Signature{}, nil, nil, fmt.Errorf("%w: a signature of %d bytes", ErrUntrusted, d.Size)
		}
	}
	var errs []error
	for _, d := range m.Layers[:min(len(m.Layers), maxSignatures)] {
		if d.MediaType != envelopeType {
			continue
		}
		envelope, err := readSmall(ctx, src, d, maxEnvelope)
		if err == nil {
			var s Signature
			if s, err = verifyEnvelope(envelope, keys, manifestDigest, now); err == nil {
				return s, m, b, nil
			}
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return Signature{}, nil, nil, fmt.Errorf("%w: it is not signed", ErrUntrusted)
	}
	if err := errors.Join(errs...); !errors.Is(err, ErrMalformed) {
		return Signature{}, nil, nil, err
	}
	return Signature{}, nil, nil, fmt.Errorf("%w: its signature: %w", ErrUntrusted, errors.Join(errs...))
}

// Resolved is an artifact that was found and, unless the caller asked for less, whose signature holds.
type Resolved struct {
	Digest    string
	Config    *Config
	Signature Signature // zero where it was not asked for

	*contents
	signature      *manifest
	signatureBytes []byte
}

// Trust says whose signature is believed.
type Trust struct {
	// Keys are the public keys, of which one must have signed.
	Keys []ed25519.PublicKey
	// Insecure believes everything, signed or not; default false.
	Insecure bool
	// Now is the time by which signatures expire; default time.Now().
	Now time.Time
}

// Resolve reads the manifest that the source was opened for, its signature, and only then the config.
func Resolve(ctx context.Context, src Source, trust Trust) (*Resolved, error) {
	b, err := src.Manifest(ctx, "", maxManifest)
	if err != nil {
		return nil, fmt.Errorf("fetching the manifest: %w", err)
	}
	c, err := parseContents(b)
	if err != nil {
		return nil, err
	}
	r := &Resolved{Digest: c.digest, contents: c}
	if !trust.Insecure {
		now := trust.Now
		if now.IsZero() {
			now = time.Now()
		}
		if r.Signature, r.signature, r.signatureBytes, err = findSignature(ctx, src, c.digest, trust.Keys, now); err != nil {
			return nil, err
		}
	}
	config, err := readSmall(ctx, src, c.config, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("fetching the config: %w", err)
	}
	if r.Config, err = parseConfig(config, c); err != nil {
		return nil, err
	}
	return r, nil
}
