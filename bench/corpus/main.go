// Command corpus makes the images that the benchmarks read, from what a Debian machine can install: debootstrap and apt,
// npm, and Go modules. It keeps what is complete and makes what is missing, so it may be stopped and started again.
//
//	go run ./bench/corpus [--out DIR] [--only slim,node] [--small]
//
// The images:
//
//	slim      Debian minbase without documentation, as the slim images are
//	layers43  slim and 42 layers that replace, delete and hide what lies below, and link files
//	node      slim, Node.js and an application of about 180,000 files
//	go20      20 Go programs
//	fat       slim, about 1,000 Debian packages with Java, Ruby, Node.js and Python, and an application
//	fleet     200 small services, each one small layer over one of three bases
//
// With --small all of them are made of a few hundred generated files and two Go programs, in seconds and with no
// network: the same shapes for tests. A containerd store with all of them is made where containerd and root are there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sightline-sec/sightline/bench/forms"
)

// maker makes the corpus below out.
type maker struct {
	out, suite, mirror string
	services           int
	pool               forms.Pool
	say                func(format string, args ...any)
}

// work is a folder for what the images are made of.
func (m *maker) work(elem ...string) string {
	return filepath.Join(append([]string{m.out, "work"}, elem...)...)
}

func (m *maker) image(name string) string { return filepath.Join(m.out, "images", name) }

// steps are what can be made, in order: later ones use what earlier ones left.
var steps = []string{"slim", "layers43", "go20", "node", "fleet", "fat", "containerd"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(3) //nolint:gocritic // nothing is open but the signal handler
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("corpus", flag.ExitOnError)
	out := flags.String("out", "", "folder of the corpus (default $XDG_CACHE_HOME/sightline-bench)")
	only := flags.String("only", "", "comma-separated: "+strings.Join(steps, ", ")+" (default all)")
	small := flags.Bool("small", false, "a reduced corpus, with no network")
	keep := flags.Bool("keep-work", false, "keep what the images were made of")
	suite := flags.String("suite", "bookworm", "Debian release")
	mirror := flags.String("mirror", "", "Debian mirror (default: the one that apt uses here for that release)")
	services := flags.Int("services", 200, "services of the fleet")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*out = filepath.Join(cache, "sightline-bench")
	}
	dir, err := filepath.Abs(*out)
	if err != nil {
		return err
	}
	m := &maker{out: dir, suite: *suite, mirror: *mirror, services: *services, pool: forms.Pool{Dir: filepath.Join(dir, "layers")}}
	start := time.Now()
	m.say = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "[%5.0fs] %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
	want := steps
	if *only != "" {
		want = strings.Split(*only, ",")
	}
	for _, w := range want {
		if !slices.Contains(steps, w) {
			return fmt.Errorf("there is no %q to make: %s", w, strings.Join(steps, ", "))
		}
	}
	recipes := map[string]func(context.Context) error{
		"slim": m.slim, "layers43": m.layers43, "node": m.node, "go20": m.go20, "fat": m.fat, "fleet": m.fleet, "containerd": m.containerd,
	}
	if *small {
		recipes = m.small()
	}
	// One image that cannot be made here must not cost the others.
	var failed []error
	for _, s := range steps {
		if !slices.Contains(want, s) {
			continue
		}
		m.say("%s", s)
		if err := recipes[s](ctx); err != nil {
			m.say("%s: %v", s, err)
			failed = append(failed, fmt.Errorf("%s: %w", s, err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if !*keep && len(failed) == 0 && *only == "" {
		if err := os.RemoveAll(m.work()); err != nil {
			return err
		}
	}
	used, err := diskUse(dir)
	if err != nil {
		return err
	}
	m.say("%s holds %.2f GB", dir, float64(used)/1e9)
	return errors.Join(failed...)
}

// command runs a tool at the caller's priority, and gives the end of what it said when it fails.
func (m *maker) command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, tail(out))
	}
	return nil
}

func tail(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}

// need finds a tool, also where a user's PATH often does not look.
func need(tool, why string) (string, error) {
	for _, name := range []string{tool, "/usr/sbin/" + tool} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: %s", tool, why)
}

// once runs do unless dir is there, giving it a folder that becomes dir when all went well.
func once(dir string, do func(partial string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return err
	}
	if err := do(partial); err != nil {
		return err
	}
	return os.Rename(partial, dir)
}

// diskUse counts each inode once: forms share layers.
func diskUse(dir string) (int64, error) {
	type inode struct{ dev, ino uint64 }
	seen, total := map[inode]bool{}, int64(0)
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if st, ok := fi.Sys().(*syscall.Stat_t); ok {
			id := inode{uint64(st.Dev), st.Ino} //nolint:unconvert // the type of Dev differs between systems
			if !seen[id] {
				seen[id], total = true, total+st.Blocks*512
			}
		}
		return nil
	})
	return total, err
}
