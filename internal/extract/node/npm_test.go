package node_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tree is an application with what a tree of npm can hold: a workspace, a folder as dependency, an alias, scopes,
// duplicates in two versions, packages that bundle others (npm itself) or hold package.json files as test fixtures
// (resolve), a development dependency and an optional one for another platform.
var tree = map[string]string{
	"package.json": `{"name":"root-app","version":"1.0.0","private":true,"workspaces":["packages/*"],
		"dependencies":{"express":"4.19.2","debug":"4.3.4","resolve":"1.22.8","lodash-old":"npm:lodash@4.17.20",
			"@babel/code-frame":"7.24.7","folder":"file:./folder","npm":"10.9.0"},
		"devDependencies":{"minimatch":"9.0.4","glob":"7.2.3"},"optionalDependencies":{"fsevents":"2.3.3"}}`,
	"packages/ws/package.json": `{"name":"ws","version":"0.1.0","dependencies":{"semver":"5.7.1"}}`,
	"folder/package.json":      `{"name":"folder","version":"0.0.1"}`,
}

// installed is the tree after npm install, with lock files of versions 1 to 3 beside it. It is kept between runs in
// the user's cache, since making it takes a minute and the network.
var installed = sync.OnceValues(func() (string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm is not installed: %w", err)
	}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		fmt.Fprintf(hash, "%s %s\n", name, tree[name])
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, "sightline-test", fmt.Sprintf("npm-%x", hash.Sum(nil)[:8]))
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(filepath.Dir(final), "npm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	for _, sub := range []string{"tree", "lock1", "lock2", "lock3"} {
		for name, text := range tree {
			p := filepath.Join(dir, sub, name)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				return "", err
			}
			if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
				return "", err
			}
		}
		args := []string{"install", "--ignore-scripts", "--no-audit", "--no-fund"}
		if v, ok := strings.CutPrefix(sub, "lock"); ok {
			args = append(args, "--package-lock-only", "--lockfile-version", v)
		}
		if _, err := npm(filepath.Join(dir, sub), args...); err != nil {
			return "", err
		}
	}
	if err := os.Rename(dir, final); err != nil {
		if _, gone := os.Stat(final); gone != nil { // else another process was first
			return "", err
		}
	}
	return final, nil
})

func npm(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("npm", args...) //nolint:noctx // shared by tests: it outlives the one that starts it
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("npm %s: %w\n%s", args[0], err, failed.Stderr)
	}
	return out, err
}

func installedTree(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("installs packages with npm")
	}
	dir, err := installed()
	if err != nil {
		t.Skipf("no tree of npm to compare with: %v", err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// found are the packages that the extractor finds below a directory, as "path: name@version".
func found(t *testing.T, root, extractor string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, ".json") {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		facts, err := extractFile(t, extractor, filepath.ToSlash(rel), string(b))
		if err != nil {
			t.Errorf("%s: %v", rel, err)
		}
		for _, pkg := range facts.Packages {
			list = append(list, filepath.ToSlash(filepath.Dir(rel))+": "+pkg.Name+"@"+pkg.Version)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestInstalledTreeIsThatOfNpmLs(t *testing.T) {
	t.Parallel()
	root := filepath.Join(installedTree(t), "tree")
	out, err := npm(root, "ls", "--all", "--parseable", "--long")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(out)) {
		// path:name@version[:where a link leads], path:alias@npm:name@version
		path, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		id, link, linked := strings.Cut(rest, ":/")
		if linked {
			path = "/" + link
		}
		if _, real, alias := strings.Cut(id, "@npm:"); alias {
			id = real
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, filepath.ToSlash(rel)+": "+id)
	}
	slices.Sort(want)
	if len(want) < 300 {
		t.Fatalf("npm ls lists only %d packages", len(want))
	}
	if diff := cmp.Diff(want, found(t, root, "npm")); diff != "" {
		t.Errorf("packages (-npm ls +got):\n%s", diff)
	}
}

// The project itself and its folders, which npm lists too, are no dependencies.
func TestLockFilesAreThoseOfNpmLs(t *testing.T) {
	t.Parallel()
	dir := installedTree(t)
	type module struct {
		Name, Version string
		Dependencies  map[string]module
	}
	for _, version := range []string{"1", "2", "3"} {
		root := filepath.Join(dir, "lock"+version)
		// npm calls its own version 1 lock of bundled aliases invalid, and lists all the same.
		out, err := npm(root, "ls", "--all", "--json", "--long", "--package-lock-only")
		var top module
		if json.Unmarshal(out, &top) != nil {
			t.Fatalf("npm ls: %v", err)
		}
		set := map[string]bool{}
		var walk func(module)
		walk = func(m module) {
			real, unresolved := strings.CutPrefix(m.Version, "npm:")
			switch {
			case unresolved: // npm does not resolve the aliases that a version 1 lock bundles
				set[real] = true
			case m.Name != "": // a dependency that was not installed, like an optional peer, is an empty object
				set[m.Name+"@"+m.Version] = true
			}
			for _, d := range m.Dependencies {
				walk(d)
			}
		}
		walk(top)
		if len(set) < 200 {
			t.Fatalf("npm ls lists only %d packages", len(set))
		}
		for _, own := range []string{"root-app@1.0.0", "ws@0.1.0", "folder@0.0.1"} {
			if !set[own] {
				t.Errorf("npm does not list %s", own)
			}
			delete(set, own)
		}
		got := map[string]bool{}
		for _, line := range found(t, root, "npm-lock") {
			_, id, _ := strings.Cut(line, ": ")
			got[id] = true
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(set)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("lock file version %s (-npm ls +got):\n%s", version, diff)
		}
	}
}
