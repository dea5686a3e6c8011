package pack

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"
)

// FuzzManifest reads any bytes as a manifest: what is accepted has sizes within bounds and digests that are safe in file names.
func FuzzManifest(f *testing.F) {
	d := func(kind string) Descriptor {
		return Descriptor{MediaType: kind, Digest: digestOf(nil), Size: 5, Annotations: map[string]string{fromAnnotation: digestOf(nil)[7:], toAnnotation: digestOf(nil)[7:]}}
	}
	good, err := json.Marshal(manifest{
		SchemaVersion: 2, MediaType: manifestType, ArtifactType: ArtifactType, Config: d(ConfigType),
		Layers: []Descriptor{d(CoreType), d(DetailsType), d(PatchType)},
	})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := parseContents(good); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"schemaVersion":2,"layers":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseContents(b)
		if err != nil {
			return
		}
		if len(c.patches) > maxPatches || c.config.Size > maxConfig {
			t.Fatalf("%d patches, a config of %d bytes", len(c.patches), c.config.Size)
		}
		for _, d := range append([]Descriptor{c.config, c.core, c.details}, c.patches...) {
			if !isDigest(d.Digest) || d.Size < 0 || d.Size > maxFile {
				t.Fatalf("accepted %+v", d)
			}
		}
	})
}

// FuzzEnvelope holds that nothing but the bytes which were signed is accepted for what they say.
func FuzzEnvelope(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, _ := key.Public().(ed25519.PublicKey)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	about := digestOf([]byte("a manifest"))
	good, err := sign(key, about, now, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, about, int64(0))
	f.Add(good, digestOf(nil), int64(7200))
	f.Fuzz(func(t *testing.T, b []byte, digest string, after int64) {
		s, err := verifyEnvelope(b, []ed25519.PublicKey{public}, digest, now.Add(time.Duration(after%(1<<20))*time.Second))
		if err != nil {
			return
		}
		// The fuzzer does not have the key: only the one statement can have come through, in its time.
		if late := after % (1 << 20); digest != about || !s.Issued.Equal(now) || late > 3600+600 || late < -600 {
			t.Fatalf("accepted %q for %q, %d s later", b, digest, after)
		}
	})
}
