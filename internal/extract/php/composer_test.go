package php_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// composer runs Composer without the network, as one that knows no registry.
func composer(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "composer", append([]string{"--no-interaction", "--no-plugins"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COMPOSER_HOME="+filepath.Join(dir, "..", "home"), "COMPOSER_ALLOW_SUPERUSER=1", "COMPOSER_DISABLE_NETWORK=1")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatalf("composer %s: %v", args[0], err)
	}
	return out
}

// tree is an application and the packages that it installs from folders.
var tree = map[string]string{
	"app/composer.json": `{"name":"me/app","repositories":[{"packagist.org":false},{"type":"path","url":"../packages/*","options":{"symlink":false}}],
		"require":{"acme/one":"^1.0","acme/two":"*","acme/meta":"*"},"require-dev":{"acme/dev":"dev-main"},"minimum-stability":"dev"}`,
	"packages/one/composer.json":   `{"name":"acme/one","version":"v1.2.3","license":"MIT","require":{"acme/deep":"2.*"}}`,
	"packages/two/composer.json":   `{"name":"acme/two","version":"2.0.0-beta1","license":["GPL-2.0-or-later","MIT"],"replace":{"acme/gone":"self.version"}}`,
	"packages/deep/composer.json":  `{"name":"acme/deep","version":"2.5.0.1"}`,
	"packages/dev/composer.json":   `{"name":"acme/dev","version":"dev-main","license":"(MIT or Apache-2.0)"}`,
	"packages/meta/composer.json":  `{"name":"acme/meta","version":"1.0","type":"metapackage"}`,
	"packages/other/composer.json": `{"name":"acme/other","version":"9.9.9"}`,
}

func TestAgainstComposer(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("composer"); err != nil {
		t.Skip("composer is not installed")
	}
	dir := t.TempDir()
	for name, text := range tree {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app := filepath.Join(dir, "app")
	composer(t, app, "install", "--quiet")
	for _, c := range []struct {
		file string
		kind artifact.Kind
		args []string
	}{
		{"vendor/composer/installed.json", artifact.Image, nil},
		{"composer.lock", artifact.Directory, []string{"--locked"}},
	} {
		var shown struct {
			Installed, Locked []struct{ Name, Version string }
		}
		if err := json.Unmarshal(composer(t, app, append([]string{"show", "--format=json"}, c.args...)...), &shown); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, p := range append(shown.Installed, shown.Locked...) {
			want = append(want, p.Name+"@"+p.Version)
		}
		content, err := os.ReadFile(filepath.Join(app, c.file))
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, c.kind, c.file, string(content))
		if err != nil || len(facts.Incomplete) > 0 {
			t.Errorf("%s: %v, %v", c.file, err, facts.Incomplete)
		}
		got := strings.Fields(names(facts.Packages))
		slices.Sort(got)
		slices.Sort(want)
		if diff := gocmp.Diff(want, got); diff != "" || len(want) != 5 {
			t.Errorf("%s: %s\n%v", c.file, diff, want)
		}

		var declared struct {
			Dependencies map[string]struct{ License []string }
		}
		if err := json.Unmarshal(composer(t, app, "licenses", "--format=json"), &declared); err != nil {
			t.Fatal(err)
		}
		for _, p := range facts.Packages {
			if want := declared.Dependencies[p.Name].License; strings.Join(want, "|") != strings.Join(p.Licenses, "|") {
				t.Errorf("%s: licences %q, want %q", p.Name, p.Licenses, want)
			}
		}
	}
}
