package vex_test

import (
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// holdsFor says whether a statement about a product takes something back in an artifact.
func holdsFor(t *testing.T, product string, a *artifact.Artifact) bool {
	t.Helper()
	d := read(t, openVEX(`{"vulnerability":"CVE-1","products":["`+product+`"],"status":"fixed"}`))
	return vex.Suppresses(vex.NewJudge([]*vex.Document{d}, a, nil, time.Time{}).Statement(&inventory.Package{PURL: "pkg:npm/a@1"}, &vuln.Vulnerability{ID: "CVE-1"}))
}

// TestPlatformOfAnImage: an index and its images share name, tag and digests, and the qualifiers of a purl tell them apart.
func TestPlatformOfAnImage(t *testing.T) {
	t.Parallel()
	image := func(platform string) *artifact.Artifact {
		return &artifact.Artifact{Kind: artifact.Image, Reference: "registry.example.com/api:1", Digest: digest, Platform: platform}
	}
	configured := image("")
	configured.Config = &artifact.Config{OS: "linux", Architecture: "arm", Variant: "v7"}
	for _, tt := range []struct {
		product string
		a       *artifact.Artifact
		want    bool
	}{
		{"pkg:oci/api?arch=amd64", image("linux/amd64"), true},
		{"pkg:oci/api?arch=x86_64&os=linux", image("linux/amd64"), true},
		{"pkg:oci/api?arch=arm64", image("linux/amd64"), false},
		{"pkg:oci/api?os=windows", image("linux/amd64"), false},
		{"pkg:oci/api@" + digest + "?arch=arm64", image("linux/amd64"), false},
		{"pkg:oci/api@" + digest + "?arch=arm64", image("linux/arm64/v8"), true},
		{"pkg:oci/api?arch=arm64/v8", image("linux/arm64/v8"), true},
		{"pkg:oci/api?arch=arm/v6", image("linux/arm/v7"), false},
		{"pkg:oci/api?arch=arm", configured, true},
		{"pkg:oci/api?arch=amd64", configured, false},
		{"pkg:oci/api?arch=amd64", image(""), true}, // nothing is known of it
	} {
		if got := holdsFor(t, tt.product, tt.a); got != tt.want {
			t.Errorf("%s on %q: %v", tt.product, tt.a.Platform, got)
		}
	}
}

// TestWhatWasResolvedCounts: "shop" is one image in the store of podman, and another one on Docker Hub.
func TestWhatWasResolvedCounts(t *testing.T) {
	t.Parallel()
	local := &artifact.Artifact{Kind: artifact.Image, Name: "shop", Reference: "localhost/shop:latest", RepoTags: []string{"localhost/shop:latest"}, Digest: digest}
	hub := &artifact.Artifact{Kind: artifact.Image, Name: "shop", Reference: "index.docker.io/library/shop:latest", Digest: digest}
	archive := &artifact.Artifact{Kind: artifact.Image, Name: "shop.tar", RepoTags: []string{"registry.example.com/shop:2"}, Digest: digest}
	nameless := &artifact.Artifact{Kind: artifact.Image, Name: "shop.tar", Digest: digest}
	for _, tt := range []struct {
		product                       string
		local, hub, archive, nameless bool
	}{
		{"pkg:oci/shop?repository_url=docker.io/library/shop", false, true, false, false},
		{"pkg:oci/shop?repository_url=localhost/shop", true, false, false, false},
		{"pkg:oci/shop?repository_url=registry.example.com/shop", false, false, true, false},
		{"docker.io/library/shop:latest", false, true, false, false},
		{"shop", false, true, false, false},
		{"shop:latest", false, true, false, false},
		{"shop:1", false, false, false, false},
		{"localhost/shop", true, false, false, false},
		{"registry.example.com/shop:2", false, false, true, false},
		{"registry.example.com/shop", false, false, false, false},
		{"shop.tar", false, false, true, true},
		{"pkg:oci/shop", true, true, true, false},
		{"pkg:oci/shop?tag=latest", true, true, false, false},
		{digest, true, true, true, true},
	} {
		for name, x := range map[string]struct {
			a    *artifact.Artifact
			want bool
		}{"local": {local, tt.local}, "hub": {hub, tt.hub}, "archive": {archive, tt.archive}, "nameless": {nameless, tt.nameless}} {
			if got := holdsFor(t, tt.product, x.a); got != x.want {
				t.Errorf("%s on %s: %v", tt.product, name, got)
			}
		}
	}
}
