package pack

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultLifetime is how long a signature holds: two weeks without a new database are a fault that scans should tell.
const DefaultLifetime = 14 * 24 * time.Hour

// clockSkew is by how much clocks may differ.
const clockSkew = 10 * time.Minute

// statement is what is signed: the payload of the DSSE envelope.
type statement struct {
	ManifestDigest string    `json:"manifest_digest"`
	ArtifactType   string    `json:"artifact_type"`
	Issued         time.Time `json:"issued"`
	Expires        time.Time `json:"expires"`
}

// envelope is that of DSSE: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
type envelope struct {
	PayloadType string              `json:"payloadType"`
	Payload     string              `json:"payload"`
	Signatures  []envelopeSignature `json:"signatures"`
}

type envelopeSignature struct {
	KeyID string `json:"keyid,omitempty"`
	Sig   string `json:"sig"`
}

// preAuth is what a DSSE signature is of, so that no payload can be taken for one of another type.
func preAuth(kind string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload)
}

// KeyID names a public key: the SHA-256 of its PKIX form.
func KeyID(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil { // no ed25519 key is refused
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// sign makes the envelope for a manifest.
func sign(key ed25519.PrivateKey, manifestDigest string, issued time.Time, lifetime time.Duration) ([]byte, error) {
	payload, err := json.Marshal(statement{manifestDigest, ArtifactType, issued.UTC().Truncate(time.Second), issued.Add(lifetime).UTC().Truncate(time.Second)})
	if err != nil {
		return nil, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("not an ed25519 key")
	}
	return json.Marshal(envelope{SignatureType, base64.StdEncoding.EncodeToString(payload), []envelopeSignature{
		{KeyID(public), base64.StdEncoding.EncodeToString(ed25519.Sign(key, preAuth(SignatureType, payload)))},
	}})
}

// Signature says who vouches for a database, and until when.
type Signature struct {
	KeyID   string
	Issued  time.Time
	Expires time.Time
}

// verifyEnvelope checks one envelope. Nothing of the payload is read before a trusted key was seen to have signed it.
func verifyEnvelope(b []byte, keys []ed25519.PublicKey, manifestDigest string, now time.Time) (Signature, error) {
	refuse := func(format string, args ...any) (Signature, error) {
		return Signature{}, fmt.Errorf("%w: %s", ErrUntrusted, fmt.Sprintf(format, args...))
	}
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return refuse("the signature is no DSSE envelope")
	}
	if e.PayloadType != SignatureType {
		return refuse("the signature is of another type: %.100q", e.PayloadType)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return refuse("the signature cannot be decoded")
	}
	signed := preAuth(e.PayloadType, payload)
	var by ed25519.PublicKey
	for _, s := range e.Signatures[:min(len(e.Signatures), maxSignatures)] {
		sig, err := base64.StdEncoding.DecodeString(s.Sig)
		if err != nil {
			continue
		}
		if i := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool { return ed25519.Verify(k, signed, sig) }); i >= 0 {
			by = keys[i]
			break
		}
	}
	if by == nil {
		return refuse("no trusted key signed it (the signature is wrong, or by another key)")
	}
	var s statement
	switch err := json.Unmarshal(payload, &s); {
	case err != nil:
		return refuse("the signed statement cannot be read")
	case s.ManifestDigest != manifestDigest:
		return refuse("the signature is for %.80s, not for %s", s.ManifestDigest, manifestDigest)
	case s.ArtifactType != ArtifactType:
		return refuse("the signature is for another type of artifact")
	case s.Issued.After(now.Add(clockSkew)):
		return refuse("the signature is of %s, which is in the future (is the clock right?)", s.Issued.Format(time.RFC3339))
	case !s.Expires.After(now.Add(-clockSkew)):
		return refuse("the signature expired on %s", s.Expires.Format(time.RFC3339))
	}
	return Signature{KeyID(by), s.Issued, s.Expires}, nil
}

// NewKeys makes a pair of keys as PEM: PKCS #8 and PKIX, as openssl reads them.
func NewKeys() (private, public []byte, err error) {
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	pubDER, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pubDER}), nil
}

// ParsePrivateKey reads an ed25519 key from PEM (PKCS #8). Its errors do not repeat what was read.
func ParsePrivateKey(b []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PEM block \"PRIVATE KEY\" (PKCS #8, without passphrase)")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key cannot be read")
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("not an ed25519 key")
	}
	return key, nil
}

// ParsePublicKeys reads the ed25519 keys of a PEM file (PKIX), of which there may be several.
func ParsePublicKeys(b []byte) (keys []ed25519.PublicKey, err error) {
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			break
		}
		b = rest
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("a PEM block %q, where \"PUBLIC KEY\" is wanted", block.Type)
		}
		any, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("a public key cannot be read")
		}
		key, ok := any.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("not an ed25519 key")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || strings.TrimSpace(string(b)) != "" {
		return nil, errors.New("no PEM block \"PUBLIC KEY\", or something behind it")
	}
	return keys, nil
}
