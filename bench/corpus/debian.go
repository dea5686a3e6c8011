package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-sec/sightline/bench/forms"
)

// mirrorHere is where apt gets this release from, which debootstrap is told too. Both forms of apt's lists are read.
func (m *maker) mirrorHere() (string, error) {
	if m.mirror != "" {
		return m.mirror, nil
	}
	lists, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	slices.Sort(lists)
	for _, file := range append([]string{"/etc/apt/sources.list"}, lists...) {
		if !strings.HasSuffix(file, ".list") && !strings.HasSuffix(file, ".sources") {
			continue
		}
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if found := mirrorIn(string(b), m.suite); found != "" {
			m.mirror = found
			return found, nil
		}
	}
	return "", fmt.Errorf("apt has no source for %s here: name one with --mirror", m.suite)
}

var oneLine = regexp.MustCompile(`^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b`)

func mirrorIn(list, suite string) string {
	for stanza := range strings.SplitSeq(list, "\n\n") {
		field := map[string]string{}
		for line := range strings.Lines(stanza) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") {
				continue
			}
			if f := oneLine.FindStringSubmatch(line); f != nil && f[2] == suite {
				return f[1]
			}
			if k, v, ok := strings.Cut(line, ":"); ok {
				field[strings.ToLower(k)] = strings.TrimSpace(v)
			}
		}
		if slices.Contains(strings.Fields(field["suites"]), suite) && slices.Contains(strings.Fields(field["components"]), "main") {
			if uris := strings.Fields(field["uris"]); len(uris) > 0 {
				return uris[0]
			}
		}
	}
	return ""
}

// debian installs the base system once.
func (m *maker) debian(ctx context.Context) (string, error) {
	root := m.work("debian")
	return root, once(root, func(partial string) error {
		tool, err := need("debootstrap", "apt-get install debootstrap")
		if err != nil {
			return err
		}
		if os.Geteuid() != 0 {
			return errors.New("debootstrap needs root")
		}
		mirror, err := m.mirrorHere()
		if err != nil {
			return err
		}
		m.say("  debootstrap of %s", m.suite)
		if err := m.command(ctx, "", nil, tool, "--variant=minbase", m.suite, partial, mirror); err != nil {
			return fmt.Errorf("%w\nthe base system comes from a Debian mirror: is there a network?", err)
		}
		return nil
	})
}

// notSlim are the paths that the slim images of Debian leave out, and apt's downloads.
func notSlim(name string, d fs.DirEntry) bool {
	switch {
	case forms.Beneath(name, "usr/share/doc"):
		return !d.IsDir() && filepath.Base(name) != "copyright"
	case name == "dev", name == "proc", name == "sys", name == "debootstrap":
		return true
	case strings.HasPrefix(name, "var/lib/apt/lists/"), strings.HasPrefix(name, "var/cache/apt/"):
		return !d.IsDir()
	}
	for _, dir := range []string{"usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/groff", "usr/share/lintian", "usr/share/linda"} {
		if forms.Beneath(name, dir) && name != dir {
			return true
		}
	}
	return false
}

func (m *maker) slimLayer(ctx context.Context) (forms.Layer, error) {
	if l, ok := m.pool.Find("debian-slim"); ok {
		return l, nil
	}
	root, err := m.debian(ctx)
	if err != nil {
		return forms.Layer{}, err
	}
	return m.pool.Layer("debian-slim", "ADD rootfs.tar /", func(t *forms.Tree) error { return t.Dir(root, "", notSlim) })
}

func (m *maker) slim(ctx context.Context) error {
	l, err := m.slimLayer(ctx)
	if err != nil {
		return err
	}
	return forms.Write(m.image("slim"), forms.Image{Name: "slim", Layers: []forms.Layer{l}})
}

// download fetches packages with all that they depend on, beside the base system. Apt has lists and a cache of
// its own here, so that the machine's are neither used nor changed.
func (m *maker) download(ctx context.Context, name string, packages []string) ([]string, error) {
	root, err := m.debian(ctx)
	if err != nil {
		return nil, err
	}
	apt, err := need("apt-get", "this needs a Debian machine")
	if err != nil {
		return nil, err
	}
	mirror, err := m.mirrorHere()
	if err != nil {
		return nil, err
	}
	state := m.work("apt")
	for _, d := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(state, d), 0o755); err != nil {
			return nil, err
		}
	}
	sources := filepath.Join(state, "sources.list")
	if err := os.WriteFile(sources, []byte("deb "+mirror+" "+m.suite+" main\n"), 0o644); err != nil {
		return nil, err
	}
	dir := m.work("debs-" + name)
	err = once(dir, func(partial string) error {
		options := []string{
			"-o", "Dir::Etc::sourcelist=" + sources, "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Etc::preferencesparts=/dev/null",
			"-o", "Dir::State::lists=" + filepath.Join(state, "lists"), "-o", "Dir::State::status=" + filepath.Join(root, "var/lib/dpkg/status"),
			"-o", "Dir::Cache=" + state, "-o", "Dir::Cache::archives=" + partial, "-o", "APT::Sandbox::User=root", "-q",
		}
		if err := os.MkdirAll(filepath.Join(partial, "partial"), 0o755); err != nil {
			return err
		}
		if found, _ := filepath.Glob(filepath.Join(state, "lists", "*_Packages*")); len(found) == 0 {
			if err := m.command(ctx, "", nil, apt, append(slices.Clone(options), "update")...); err != nil {
				return fmt.Errorf("%w\npackages come from a Debian mirror: is there a network?", err)
			}
		}
		known, err := exec.CommandContext(ctx, "apt-cache", append(slices.Clone(options), "pkgnames")...).Output()
		if err != nil {
			return fmt.Errorf("listing packages: %w", err)
		}
		has := map[string]bool{}
		for name := range strings.Lines(string(known)) {
			has[strings.TrimSpace(name)] = true
		}
		args := append(slices.Clone(options), "install", "-y", "--download-only", "--no-install-recommends")
		for _, p := range packages {
			if !has[p] { // another release names it otherwise: the image is then a little smaller
				m.say("  %s has no %s", m.suite, p)
				continue
			}
			args = append(args, p)
		}
		return m.command(ctx, "", nil, apt, args...)
	})
	if err != nil {
		return nil, err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	slices.Sort(debs)
	return debs, err
}

// stage unpacks packages into a folder and enters them into dpkg's database there as installed, in addition to the status
// given. It returns the new status. Maintainer scripts are not run: what they would generate is not in the image.
func (m *maker) stage(ctx context.Context, dir string, status []byte, debs []string) ([]byte, error) {
	tool, err := need("dpkg-deb", "this needs a Debian machine")
	if err != nil {
		return nil, err
	}
	info := filepath.Join(dir, "var/lib/dpkg/info")
	if err := os.MkdirAll(info, 0o755); err != nil {
		return nil, err
	}
	// The base has its usr merged, and what a package puts in /lib must land in /usr/lib.
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(dir, "usr", d), 0o755); err != nil {
			return nil, err
		}
		if err := os.Symlink("usr/"+d, filepath.Join(dir, d)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	// Most of the time goes into decompressing, one process a package.
	stanzas := make([][]byte, len(debs))
	var done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(4, 2*runtime.NumCPU()))
	for i, deb := range debs {
		g.Go(func() (err error) {
			stanzas[i], err = m.unpackPackage(ctx, tool, deb, dir, info)
			if n := done.Add(1); n%100 == 0 {
				m.say("  unpacked %d of %d packages", n, len(debs))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, s := range stanzas {
		status = append(status, s...)
	}
	return status, os.WriteFile(filepath.Join(dir, "var/lib/dpkg/status"), status, 0o644)
}

// unpackPackage unpacks one package and returns its stanza of dpkg's status.
func (m *maker) unpackPackage(ctx context.Context, tool, deb, dir, info string) ([]byte, error) {
	files, err := exec.CommandContext(ctx, tool, "--vextract", deb, dir).Output()
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", filepath.Base(deb), err)
	}
	control, err := os.MkdirTemp(m.work(), "control")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(control)
	if err := m.command(ctx, "", nil, tool, "--control", deb, control); err != nil {
		return nil, err
	}
	stanza, name, err := installed(control)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(deb), err)
	}
	if err := os.WriteFile(filepath.Join(info, name+".list"), asList(files), 0o644); err != nil {
		return nil, err
	}
	kept, err := os.ReadDir(control)
	if err != nil {
		return nil, err
	}
	for _, f := range kept {
		if f.Name() == "control" {
			continue
		}
		if err := os.Rename(filepath.Join(control, f.Name()), filepath.Join(info, name+"."+f.Name())); err != nil {
			return nil, err
		}
	}
	return stanza, nil
}

// installed turns a control file into a stanza of dpkg's status, and names the files of dpkg's info folder.
func installed(control string) (stanza []byte, name string, err error) {
	b, err := os.ReadFile(filepath.Join(control, "control"))
	if err != nil {
		return nil, "", err
	}
	first, rest, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	pkg, ok := strings.CutPrefix(string(first), "Package: ")
	if !ok {
		return nil, "", fmt.Errorf("control file begins with %q", first)
	}
	name = pkg
	if bytes.Contains(rest, []byte("\nMulti-Arch: same")) {
		for line := range bytes.Lines(rest) {
			if arch, ok := bytes.CutPrefix(line, []byte("Architecture: ")); ok {
				name += ":" + string(bytes.TrimSpace(arch))
			}
		}
	}
	return fmt.Appendf(nil, "%s\nStatus: install ok installed\n%s\n\n", first, rest), name, nil
}

// asList turns dpkg-deb's listing into that of dpkg's info folder.
func asList(files []byte) []byte {
	var out []byte
	for line := range bytes.Lines(files) {
		p := bytes.TrimRight(bytes.TrimPrefix(line, []byte(".")), "/\n")
		if len(p) == 0 {
			p = []byte("/.")
		}
		out = append(append(out, p...), '\n')
	}
	return out
}

// baseStatus is dpkg's database of the base system.
func (m *maker) baseStatus(ctx context.Context) ([]byte, error) {
	root, err := m.debian(ctx)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(root, "var/lib/dpkg/status"))
}
