package image

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

func TestKeychainTakesTheMostSpecificEntryOfAnyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	auth := func(user string) string {
		return `{"auth":"` + base64.StdEncoding.EncodeToString([]byte(user+":p")) + `"}`
	}
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	docker := write("config.json", `{"auths":{"https://index.docker.io/v1/":`+auth("hub")+`,"one.example":`+auth("one")+`}}`)
	podman := write("auth.json", `{"auths":{"two.example/org":`+auth("org")+`,"two.example":`+auth("two")+`,"one.example":`+auth("late")+`}}`)
	k := keychain{[]string{filepath.Join(dir, "none"), docker, podman}}
	for ref, want := range map[string]string{
		"alpine": "hub", "docker.io/org/x": "hub", "one.example/x": "one",
		"two.example/org/x": "org", "two.example/other/x": "two", "two.example/organ/x": "two",
		"one.example.evil.test/x": "", "evil.test/one.example": "", "notone.example/x": "", "one.example:444/x": "",
	} {
		r, err := name.ParseReference(ref)
		if err != nil {
			t.Fatal(err)
		}
		a, err := k.Resolve(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := authn.Authorization(t.Context(), a)
		if err != nil || cfg.Username != want {
			t.Errorf("%s: %q, %v; want %q", ref, cfg.Username, err, want)
		}
	}
	broken := keychain{[]string{write("broken", "{")}}
	r, _ := name.ParseReference("one.example/x")
	if _, err := broken.Resolve(r.Context()); err == nil {
		t.Error("a file that cannot be parsed must be an error: without its credentials the answer would mislead")
	}
}
