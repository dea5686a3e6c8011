package pack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// formerSignatures lists the signatures of a manifest that are there and still of use beside a new one: every tag that names the
// same database shares them, so that signing it for an hour under one tag must not end what was signed for weeks under another. Nothing is
// believed of them: who pulls checks each.
func formerSignatures(ctx context.Context, src Source, manifestDigest, keyID string, now, until time.Time) ([]Descriptor, error) {
	b, err := src.Manifest(ctx, signatureTag(manifestDigest), maxManifest)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	m, err := parseManifest(b, SignatureType)
	if err != nil {
		return nil, nil //nolint:nilerr // what is there is no signature, and is replaced
	}
	type former struct {
		Descriptor
		expires time.Time
	}
	var list []former
	for _, d := range m.Layers {
		if d.MediaType != envelopeType || d.Size > maxEnvelope {
			continue
		}
		raw, err := readSmall(ctx, src, d, maxEnvelope)
		if errors.Is(err, artifact.ErrNotFound) || errors.Is(err, ErrMalformed) {
			continue
		} else if err != nil {
			return nil, err
		}
		by, expires := claims(raw)
		if expires.After(now) && (by != keyID || expires.After(until)) {
			list = append(list, former{Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}, expires})
		}
	}
	slices.SortStableFunc(list, func(a, b former) int { return b.expires.Compare(a.expires) })
	out := make([]Descriptor, len(list))
	for i, f := range list {
		out[i] = f.Descriptor
	}
	return out, nil
}

// claims reads who an envelope says has signed, and until when, without checking it.
func claims(raw []byte) (keyID string, expires time.Time) {
	var e envelope
	if json.Unmarshal(raw, &e) != nil || len(e.Signatures) == 0 {
		return "", time.Time{}
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	var s statement
	if err != nil || json.Unmarshal(payload, &s) != nil {
		return "", time.Time{}
	}
	return e.Signatures[0].KeyID, s.Expires
}
