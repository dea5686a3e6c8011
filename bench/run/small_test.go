package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ecosystems are the floor's words for Sightline's.
var ecosystems = map[string]string{"Debian": "deb", "npm": "npm", "PyPI": "pypi", "Maven": "maven", "Go": "go"}

// TestFloorAndSightlineAgree makes the reduced corpus and finds the same packages in each form of each image by both programs: a
// comparison of their speed is a comparison of the same work.
func TestFloorAndSightlineAgree(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds three programs and makes images")
	}
	dir := t.TempDir()
	build := func(name string) string {
		bin := filepath.Join(dir, filepath.Base(name))
		cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", bin, "github.com/sightline-sec/sightline/"+name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v: %s", name, err, out)
		}
		return bin
	}
	sightline, floor, maker := build("cmd/sightline"), build("bench/floor"), build("bench/corpus")
	corpus := filepath.Join(dir, "data")
	make := func() {
		cmd := exec.CommandContext(t.Context(), maker, "--small", "--out", corpus, "--only", "slim,layers43,node,go20,fat,fleet")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("making the corpus: %v: %s", err, out)
		}
	}
	make()
	before := listing(t, corpus)
	make()
	if diff := cmp.Diff(before, listing(t, corpus)); diff != "" {
		t.Errorf("making the corpus again changed it:\n%s", diff)
	}

	list, err := targets(corpus, []string{"slim", "layers43", "node", "go20", "fat"}, []string{gzipForm, zstdForm, archiveForm, rootForm, fleetForm}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 5*4+1 {
		t.Errorf("the corpus has %d targets, want 21", len(list))
	}
	want := map[string]int{"slim": 40, "layers43": 203, "node": 340, "fat": 110}
	scheme := map[string]string{gzipForm: "oci:", zstdForm: "oci:", archiveForm: "docker-archive:", rootForm: "rootfs:", fleetForm: "oci:"}
	for _, target := range list {
		for _, path := range target.paths {
			floorSays := count(t, floor, path)
			out, err := exec.CommandContext(t.Context(), sightline, "scan", "--format", "json", scheme[target.form]+path).Output()
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			var result struct {
				Packages []struct{ Ecosystem string }
			}
			if err := json.Unmarshal(out, &result); err != nil {
				t.Fatal(err)
			}
			by := map[string]int{}
			for _, p := range result.Packages {
				by[ecosystems[p.Ecosystem]]++
			}
			if diff := cmp.Diff(floorSays.By, by); diff != "" {
				t.Errorf("%s, %s: floor and Sightline differ:\n%s", target.image, target.form, diff)
			}
			if n := want[target.image]; n > 0 && floorSays.Packages != n {
				t.Errorf("%s, %s: %d packages, want %d", target.image, target.form, floorSays.Packages, n)
			}
		}
	}
}

type counted struct {
	Packages int
	By       map[string]int
	Bytes    int64
}

func count(t *testing.T, floor, path string, flags ...string) counted {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), floor, append(flags, path)...).Output()
	if err != nil {
		t.Fatalf("floor of %s: %v", path, err)
	}
	var c counted
	if err := json.Unmarshal(out, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// listing is what a folder holds: names, sizes and times.
func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.Walk(dir, func(p string, fi os.FileInfo, err error) error {
		if err == nil && !fi.IsDir() {
			names = append(names, p+" "+fi.ModTime().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
