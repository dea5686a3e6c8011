package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The forms of the matrix, in the page's order.
const (
	gzipForm    = "oci-gzip"
	zstdForm    = "oci-zstd"
	archiveForm = "docker.tar"
	rootForm    = "rootfs"
	storeForm   = "containerd"
	warmForm    = "warm"
	fleetForm   = "fleet"
	fleetWarm   = "fleet-warm"
)

var forms = []string{gzipForm, zstdForm, archiveForm, rootForm, storeForm, warmForm, fleetForm, fleetWarm}

// target is one cell's row: what is scanned and where it lies.
type target struct {
	image, form string
	paths       []string // one, or those of the fleet
}

// tool is a program that is measured.
type tool struct {
	name, binary, version string
	// job says how this tool reads a target, with scratch a new folder of that run, and cache one that the tool's runs of this
	// target share: it is empty before the first of them. ok is false where the tool has no such way.
	job func(t target, scratch, cache string) (j job, ok bool)
}

// floor is the program beside this one.
func floorTool(binary string) tool {
	return tool{name: "floor", binary: binary, job: func(t target, scratch, _ string) (job, bool) {
		// Of a containerd store the same files lie unpacked as in the root; a cache is what the floor does not have.
		if t.form == warmForm || t.form == fleetWarm {
			return job{}, false
		}
		out := filepath.Join(scratch, "out.json")
		return job{commands: [][]string{append([]string{binary}, t.paths...)}, outputs: []string{out}, stdout: out}, true
	}}
}

// sightlineTool is the scanner with all that a user gets: matching against the whole database, results as JSON. Abilities that
// a binary does not have yet are seen in its help.
func sightlineTool(ctx context.Context, binary, db, corpus string) (tool, error) {
	out, err := exec.CommandContext(ctx, binary, "scan", "--help").Output()
	if err != nil {
		return tool{}, fmt.Errorf("%s: %w", binary, err)
	}
	help := string(out)
	canCache := strings.Contains(help, "--no-cache")
	several := strings.Contains(help, "TARGET...")
	scheme := map[string]string{gzipForm: "oci:", zstdForm: "oci:", archiveForm: "docker-archive:", rootForm: "rootfs:", warmForm: "oci:", fleetForm: "oci:", fleetWarm: "oci:"}
	return tool{name: "sightline", binary: binary, version: versionOf(binary, "version"), job: func(t target, scratch, cache string) (job, bool) {
		warm := t.form == warmForm || t.form == fleetWarm
		args := []string{binary, "scan", "--db", db}
		if canCache && !warm {
			args = append(args, "--no-cache")
		}
		j := job{env: []string{"XDG_CACHE_HOME=" + cache}}
		if t.form == storeForm {
			j.env = append(j.env, "CONTAINERD_ROOT="+filepath.Join(corpus, "containerd"))
			out := filepath.Join(scratch, "out.json")
			j.commands = [][]string{append(args, "--format", "json="+out, "containerd:bench.example/"+t.image+":latest")}
			j.outputs = []string{out}
			return j, true
		}
		if several && len(t.paths) > 1 {
			out := filepath.Join(scratch, "out.json")
			args = append(args, "--format", "json="+out)
			for _, p := range t.paths {
				args = append(args, scheme[t.form]+p)
			}
			j.commands, j.outputs = [][]string{args}, []string{out}
			return j, true
		}
		for i, p := range t.paths {
			out := filepath.Join(scratch, fmt.Sprintf("out%d.json", i))
			j.commands = append(j.commands, append(slices.Clone(args), "--format", "json="+out, scheme[t.form]+p))
			j.outputs = append(j.outputs, out)
		}
		return j, true
	}}, nil
}

// peers are the other scanners on the PATH, asked for packages only, with no network: Sightline's time includes matching, theirs
// does not. javaDB is trivy's folder of that name, or empty.
func peers(ctx context.Context, javaDB string) (found []tool, missing []string) {
	each := func(t target, scratch string, args func(path, out string) []string, env ...string) job {
		j := job{env: env}
		for i, p := range t.paths {
			out := filepath.Join(scratch, fmt.Sprintf("out%d.json", i))
			j.commands = append(j.commands, args(p, out))
			j.outputs = append(j.outputs, out)
		}
		return j
	}
	if bin, err := exec.LookPath("trivy"); err == nil {
		found = append(found, tool{name: "trivy", binary: bin, version: versionOf(bin, "--version"), job: func(t target, scratch, cache string) (job, bool) {
			if t.form == storeForm {
				return job{}, false // it asks a running daemon
			}
			dir := scratch // an empty cache for each run
			if t.form == warmForm || t.form == fleetWarm {
				dir = cache
			}
			if javaDB != "" {
				if err := os.MkdirAll(filepath.Join(dir, "trivy"), 0o755); err != nil {
					return job{}, false
				}
				if err := os.Symlink(javaDB, filepath.Join(dir, "trivy", "java-db")); err != nil && !errors.Is(err, fs.ErrExist) {
					return job{}, false
				}
			}
			return each(t, scratch, func(path, out string) []string {
				common := []string{"--cache-dir", filepath.Join(dir, "trivy"), "--offline-scan", "--quiet", "--output", out}
				if javaDB != "" {
					// A bill of materials is what trivy writes without a vulnerability database: the packages, no matching.
					common = append(common, "--format", "cyclonedx", "--skip-java-db-update")
				} else {
					// Without its Java database trivy fails at the first jar, so jars are not read.
					common = append(common, "--format", "json", "--scanners", "license", "--list-all-pkgs")
				}
				if t.form == rootForm {
					return append(append([]string{bin, "rootfs"}, common...), path)
				}
				return append(append([]string{bin, "image"}, common...), "--input", path)
			}), true
		}})
	} else {
		missing = append(missing, "trivy")
	}
	if bin, err := exec.LookPath("syft"); err == nil {
		found = append(found, tool{name: "syft", binary: bin, version: versionOf(bin, "--version"), job: func(t target, scratch, _ string) (job, bool) {
			scheme := map[string]string{gzipForm: "oci-dir:", zstdForm: "oci-dir:", archiveForm: "docker-archive:", rootForm: "dir:", fleetForm: "oci-dir:"}[t.form]
			if scheme == "" {
				return job{}, false // it has no cache
			}
			return each(t, scratch, func(path, out string) []string {
				args := []string{bin, "scan", scheme + path, "--quiet", "--output", "syft-json=" + out}
				if t.form == rootForm {
					args = append(args, "--override-default-catalogers", "image")
				}
				return args
			}, "SYFT_CHECK_FOR_APP_UPDATE=false", "TMPDIR="+scratch, "XDG_CACHE_HOME="+scratch), true
		}})
	} else {
		missing = append(missing, "syft")
	}
	if bin, err := exec.LookPath("grype"); err == nil {
		// Without its database grype does not start; with one it catalogs and matches.
		if exec.CommandContext(ctx, bin, "db", "status").Run() != nil {
			missing = append(missing, "grype (it is there, but has no database)")
		} else {
			found = append(found, tool{name: "grype", binary: bin, version: versionOf(bin, "version"), job: func(t target, scratch, _ string) (job, bool) {
				scheme := map[string]string{gzipForm: "oci-dir:", zstdForm: "oci-dir:", archiveForm: "docker-archive:", rootForm: "dir:", fleetForm: "oci-dir:"}[t.form]
				if scheme == "" {
					return job{}, false
				}
				return each(t, scratch, func(path, out string) []string {
					return []string{bin, scheme + path, "--quiet", "--output", "cyclonedx-json=" + out}
				}, "GRYPE_DB_AUTO_UPDATE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false", "TMPDIR="+scratch), true
			}})
		}
	} else {
		missing = append(missing, "grype")
	}
	if bin, err := exec.LookPath("osv-scanner"); err == nil {
		found = append(found, tool{name: "osv-scanner", binary: bin, version: versionOf(bin, "--version"), job: func(t target, scratch, _ string) (job, bool) {
			if t.form != archiveForm { // the one form of an image that it reads from disk
				return job{}, false
			}
			return each(t, scratch, func(path, out string) []string {
				// It exits with 1 for findings and fails without a network; packages are what its bill of materials has.
				return []string{bin, "scan", "image", "--offline", "--all-packages", "--format", "cyclonedx-1-5", "--output", out, "--archive", path}
			}, "TMPDIR="+scratch), true
		}})
	} else {
		missing = append(missing, "osv-scanner")
	}
	return found, missing
}

// targets are what of the corpus is there, image by image.
func targets(corpus string, images, wanted []string, fleet int) ([]target, error) {
	var out []target
	dir := filepath.Join(corpus, "images")
	for _, image := range images {
		for _, form := range wanted {
			t := target{image: image, form: form}
			file := form
			switch form {
			case fleetForm, fleetWarm:
				continue
			case warmForm:
				file = gzipForm
			case storeForm:
				file = rootForm // for the floor; that the store has the image is seen when Sightline opens it
				if _, err := os.Stat(filepath.Join(corpus, "containerd")); err != nil {
					continue
				}
			}
			t.paths = []string{filepath.Join(dir, image, file)}
			if _, err := os.Stat(t.paths[0]); err == nil {
				out = append(out, t)
			}
		}
	}
	services, err := filepath.Glob(filepath.Join(dir, "fleet", "*", gzipForm))
	if err != nil {
		return nil, err
	}
	slices.Sort(services)
	if fleet > 0 {
		services = services[:min(fleet, len(services))]
	}
	for _, form := range []string{fleetForm, fleetWarm} {
		if slices.Contains(wanted, form) && len(services) > 0 {
			out = append(out, target{image: fmt.Sprintf("%d services", len(services)), form: form, paths: services})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the corpus has none of these images: go run ./bench/corpus makes it")
	}
	return out, nil
}
