package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/config"
)

func env(m map[string]string) func(string) string { return func(k string) string { return m[k] } }

func TestLoad(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, text string) string {
		t.Helper()
		p := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Run("a missing file is no error unless it was named", func(t *testing.T) {
		t.Parallel()
		p := filepath.Join(t.TempDir(), "none.yaml")
		if _, err := config.Load(p, false, env(nil)); err != nil {
			t.Error(err)
		}
		if _, err := config.Load(p, true, env(nil)); err == nil {
			t.Error("a named file that is missing was accepted")
		}
	})
	t.Run("the environment beats the file", func(t *testing.T) {
		t.Parallel()
		p := write(t, "db: a.db\nlimits: {file_size: 4MiB, time: 3m}\nregistry:\n  insecure: [localhost:5000]\n  mirrors: {docker.io: [mirror.example]}\n")
		got, err := config.Load(p, true, env(map[string]string{"SIGHTLINE_DB": "b.db", "SIGHTLINE_LIMIT_FILES": "7"}))
		if err != nil {
			t.Fatal(err)
		}
		want := &config.Settings{
			DB:     "b.db",
			Limits: config.Limits{FileSize: 4 << 20, Time: 3 * time.Minute, Files: 7},
			Registry: config.Registry{
				Insecure: []string{"localhost:5000"},
				Mirrors:  map[string][]string{"docker.io": {"mirror.example"}},
			},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
	t.Run("a key that does not exist is an error with its line", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load(write(t, "db: x\nlimts: {}\n"), true, env(nil))
		if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "limts") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a wrong value in the environment names the variable", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load("", false, env(map[string]string{"SIGHTLINE_LIMIT_TIME": "soon"}))
		if err == nil || !strings.Contains(err.Error(), "SIGHTLINE_LIMIT_TIME") {
			t.Errorf("got %v", err)
		}
	})
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.Size{"0": 0, "12": 12, "1k": 1024, "2 MiB": 2 << 20, "3GB": 3 << 30, "-1": -1} {
		if got, err := config.ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "9999999999GiB", "1.5GiB"} {
		if _, err := config.ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) was accepted", in)
		}
	}
}

func TestFindDirs(t *testing.T) {
	t.Parallel()
	got := config.FindDirs(env(map[string]string{"HOME": "/h", "XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "relative"}))
	want := config.Dirs{Config: "/h/.config/sightline", Data: "/h/.local/share/sightline", Cache: "/c/sightline"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
