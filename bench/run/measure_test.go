package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program stand for a tool that works and holds memory.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_TOOL") == "1" {
		held := make([]byte, 96<<20)
		for start, i := time.Now(), 0; time.Since(start) < 5*time.Second; i += 4096 {
			held[i%len(held)]++
			if i > 40*len(held) {
				break
			}
		}
		os.Stdout.WriteString(`{"packages": 12}`)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestMeasureSeesTheProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.json")
	j := job{commands: [][]string{{self}}, env: []string{"BENCH_TOOL=1"}, stdout: out, outputs: []string{out}}
	s, err := j.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.RSS < 96<<20 {
		t.Errorf("a process that wrote to 96 MiB had a peak of %d bytes", s.RSS)
	}
	if s.User+s.Sys <= 0 || s.Wall <= 0 {
		t.Errorf("no time was counted: %+v", s)
	}
	if n, err := countFiles(j.outputs); n != 12 || err != nil {
		t.Errorf("counted %d packages, %v, want 12", n, err)
	}
}

func TestAFailedRunIsAnErrorWithItsLastWords(t *testing.T) {
	t.Parallel()
	_, err := job{commands: [][]string{{"/bin/sh", "-c", "echo one >&2; echo no database >&2; exit 4"}}}.measure(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 4: no database") {
		t.Errorf("got %v", err)
	}
}

func TestCountPackages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     int
	}{
		{"floor", `{"packages": 12, "by": {"deb": 12}}`, 12},
		{"sightline, one package in two layers", `{"packages": [{"name": "a", "purl": "pkg:npm/a@1"}, {"name": "b", "purl": "pkg:npm/b@1"}, {"name": "b", "purl": "pkg:npm/b@1"}], "findings": [{}]}`, 2},
		{"several results are added", "{\"packages\": [{\"name\": \"a\"}]}\n{\"packages\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}\n", 3},
		{"syft", `{"artifacts": [{"id": "1", "purl": "pkg:deb/a@1"}, {"id": "2", "name": "x", "version": "1"}, {"id": "3", "name": "x", "version": "2"}], "artifactRelationships": [{}]}`, 3},
		{"trivy", `{"Results": [{"Class": "os-pkgs", "Packages": [{"Name": "a"}, {"Name": "b"}]}, {"Packages": [{"Name": "b", "Identifier": {"PURL": "pkg:npm/b@1"}}]}]}`, 3},
		{"CycloneDX: libraries count, the system does not", `{"bomFormat": "CycloneDX", "components": [{"type": "operating-system"}, {"type": "library", "name": "a"}]}`, 1},
		{"a result without packages", `{"Results": []}`, 0},
	} {
		got, err := countPackages([]byte(c.in))
		if err != nil || got != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.name, got, err, c.want)
		}
	}
	if _, err := countPackages([]byte(`{"packages": [`)); err == nil {
		t.Error("half a result was counted")
	}
}
