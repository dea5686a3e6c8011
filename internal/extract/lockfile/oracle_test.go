package lockfile_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// lines runs a program and gives the sorted lines that it prints, or skips the test where it is not installed.
func lines(t *testing.T, name string, args ...string) []string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	list := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	slices.Sort(list)
	return slices.Compact(list)
}

func temp(t *testing.T, name, content string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// got gives the sorted packages, one a line.
func got(packages []inventory.Package, line func(p inventory.Package) string) []string {
	var list []string
	for _, p := range packages {
		list = append(list, line(p))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// All packages that R knows on this machine.
func TestAgainstR(t *testing.T) {
	t.Parallel()
	want := lines(t, "Rscript", "-e", `ip <- installed.packages(); write.table(cbind(file.path(ip[,"LibPath"], ip[,"Package"], "DESCRIPTION"), `+`ip[,c("Package","Version","License")]), quote=FALSE, sep="\t", row.names=FALSE, col.names=FALSE)`)
	var have []string
	for _, line := range want {
		file, _, _ := strings.Cut(line, "\t")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, artifact.Image, strings.TrimPrefix(file, "/"), string(content))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, p := range facts.Packages {
			have = append(have, strings.Join([]string{file, p.Name, p.Version, strings.Join(p.Licenses, "|")}, "\t"))
		}
	}
	if diff := cmp.Diff(want, have); diff != "" || len(want) < 15 {
		t.Error(diff)
	}
	// And nothing in the libraries that R does not list, but for the translations, which are no code.
	for _, dir := range lines(t, "Rscript", "-e", `writeLines(.libPaths())`) {
		files, err := filepath.Glob(filepath.Join(dir, "*", "DESCRIPTION"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			facts, err := extractFile(t, artifact.Image, strings.TrimPrefix(file, "/"), string(content))
			known := slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, file+"\t") })
			if err != nil || len(facts.Packages) == 1 != known && filepath.Base(filepath.Dir(file)) != "translations" {
				t.Errorf("%s: %v, %v", file, facts.Packages, err)
			}
		}
	}
	t.Logf("%d packages", len(want))
}

func TestPackratAgainstR(t *testing.T) {
	t.Parallel()
	want := lines(t, "Rscript", "-e", `d <- read.dcf(commandArgs(TRUE)[1]); d <- d[!is.na(d[,"Package"]),,drop=FALSE]; writeLines(paste(d[,"Package"], d[,"Version"]))`,
		temp(t, "packrat.lock", packrat))
	facts, err := extractFile(t, artifact.Directory, "packrat.lock", packrat)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got(facts.Packages, func(p inventory.Package) string { return p.Name + " " + p.Version })); diff != "" {
		t.Error(diff)
	}
}

// The lock file as Mix itself reads it.
func TestMixLockAgainstMix(t *testing.T) {
	t.Parallel()
	want := lines(t, "elixir", "-e", `Mix.start()
		for {app, lock} <- Mix.Dep.Lock.read(hd(System.argv())) do
		  case lock do
		    {:hex, name, version, _, _, _, _} -> IO.puts("#{name} #{version}")
		    {:hex, name, version, _, _, _, _, _} -> IO.puts("#{name} #{version}")
		    {:git, _, _, _} -> IO.puts("#{app} ")
		  end
		end`, temp(t, "mix.lock", mix))
	facts, err := extractFile(t, artifact.Directory, "mix.lock", mix)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got(facts.Packages, func(p inventory.Package) string { return p.Name + " " + p.Version })); diff != "" {
		t.Error(diff)
	}
}

// The lock file as Erlang reads it.
func TestRebarLockAgainstErlang(t *testing.T) {
	t.Parallel()
	file := temp(t, "rebar.lock", rebar)
	want := lines(t, "erl", "-noshell", "-eval", `{ok, [{_, Locks} | _]} = file:consult("`+file+`"),
		[case L of {_, {pkg, N, V}, _} -> io:format("~s ~s~n", [N, V]); {N, _, _} -> io:format("~s ~n", [N]) end || L <- Locks], halt().`)
	facts, err := extractFile(t, artifact.Directory, "rebar.lock", rebar)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got(facts.Packages, func(p inventory.Package) string { return p.Name + " " + p.Version })); diff != "" {
		t.Error(diff)
	}
}
