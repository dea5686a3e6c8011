// Command run measures Sightline on the corpus that bench/corpus made: against bench/floor, and against any of trivy, syft,
// grype and osv-scanner that the PATH has. It writes a page, and the figures as JSON beside it.
//
//	go run ./bench/run --corpus DIR --sightline BINARY --db FILE --out docs/reference/benchmarks.md [--date 2026-01-31]
//
// Runs alternate (A B C A B C) after one that is not counted, so that a change of the machine's mood meets all alike; figures
// are medians. A run that fails, or that finds another number of packages than the last one did, is never counted: it
// is named on the page.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// report is what the page and the JSON are written from.
type report struct {
	Date     string            `json:"date"`
	Machine  machine           `json:"machine"`
	Tools    map[string]string `json:"tools"` // name to version
	Missing  []string          `json:"missing,omitempty"`
	Runs     int               `json:"runs"`
	Cells    []cell            `json:"cells"`
	Problems []string          `json:"problems,omitempty"`
}

// cell is one image in one form.
type cell struct {
	Image   string             `json:"image"`
	Form    string             `json:"form"`
	Figures map[string]figures `json:"figures"` // by tool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "count" {
		n, err := countFiles(os.Args[2:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "run:", err)
			os.Exit(3)
		}
		fmt.Println(n)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(3) //nolint:gocritic // nothing is open but the signal handler
	}
}

func run(ctx context.Context, args []string) error {
	debug.SetGCPercent(20) // stay small: see counted
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	corpus := flags.String("corpus", "", "folder that bench/corpus made (default $XDG_CACHE_HOME/sightline-bench)")
	binary := flags.String("sightline", "", "binary to measure (default: built from this tree)")
	floor := flags.String("floor", "", "floor program (default: built from this tree)")
	db := flags.String("db", "", "vulnerability database, required: a scan without one is not what users run")
	page := flags.String("out", "docs/reference/benchmarks.md", "page to write; figures go into the .json beside it")
	date := flags.String("date", "", "date on the page (default today)")
	n := flags.Int("runs", 5, "counted runs of each tool")
	fleetRuns := flags.Int("fleet-runs", 1, "counted runs of each tool over the fleet")
	fleet := flags.Int("fleet", 0, "services of the fleet (default all)")
	images := flags.String("images", "slim,layers43,node,go20,fat", "images")
	form := flags.String("forms", strings.Join(forms, ","), "forms")
	javaDB := flags.String("trivy-java-db", "", "trivy's folder java-db; without it trivy is not asked for jars")
	only := flags.String("tools", "", "tools (default all that are there)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *db == "" {
		return errors.New("--db is required")
	}
	if *corpus == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*corpus = filepath.Join(cache, "sightline-bench")
	}
	dir, err := filepath.Abs(*corpus)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "sightline-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for name, p := range map[string]*string{"./bench/floor": floor, "./cmd/sightline": binary} {
		if *p == "" {
			*p = filepath.Join(work, filepath.Base(name))
			build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", *p, name)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				return fmt.Errorf("building %s: %w: %s", name, err, out)
			}
		}
	}
	sightline, err := sightlineTool(ctx, *binary, *db, dir)
	if err != nil {
		return err
	}
	r := report{Date: *date, Runs: *n, Machine: lookAround(*binary), Tools: map[string]string{}}
	if r.Date == "" {
		r.Date = time.Now().Format(time.DateOnly)
	}
	tools := []tool{floorTool(*floor), sightline}
	others, missing := peers(ctx, *javaDB)
	r.Missing = missing
	for _, t := range append(tools[:2:2], others...) {
		if *only == "" || slices.Contains(strings.Split(*only, ","), t.name) {
			r.Tools[t.name] = t.version
		}
	}
	if _, ok := r.Tools["trivy"]; ok && *javaDB == "" {
		r.Tools["trivy"] += " (no Java database: jars are not read)"
	}
	tools = slices.DeleteFunc(append(tools, others...), func(t tool) bool { _, ok := r.Tools[t.name]; return !ok })
	list, err := targets(dir, strings.Split(*images, ","), strings.Split(*form, ","), *fleet)
	if err != nil {
		return err
	}
	for _, t := range list {
		rounds := *n
		if t.form == fleetForm || t.form == fleetWarm {
			rounds = *fleetRuns
		}
		c, problems := measureCell(ctx, t, tools, rounds, work)
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Cells = append(r.Cells, c)
		r.Problems = append(r.Problems, problems...)
	}
	r.Problems = append(r.Problems, oddCounts(r.Cells)...)
	r.Machine.After = load()
	if err := writePage(*page, r); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(*page, ".md")+".json", append(b, '\n'), 0o644)
}

// measureCell runs the tools over one target in turn.
func measureCell(ctx context.Context, t target, tools []tool, rounds int, work string) (cell, []string) {
	c := cell{Image: t.image, Form: t.form, Figures: map[string]figures{}}
	var problems []string
	samples := map[string][]sample{}
	out := map[string]bool{} // tools that do not go on
	for round := range rounds + 1 {
		for _, tool := range tools {
			if out[tool.name] || ctx.Err() != nil {
				continue
			}
			s, ok, err := once(ctx, tool, t, cacheOf(work, tool, t))
			if !ok {
				out[tool.name] = true
				continue
			}
			previous := samples[tool.name]
			if err == nil && s.Packages == 0 {
				err = errors.New("it found no packages")
			}
			if err == nil && len(previous) > 0 && previous[0].Packages != s.Packages {
				err = fmt.Errorf("it found %d packages, and %d before", s.Packages, previous[0].Packages)
			}
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s, %s: %s: %v", t.image, t.form, tool.name, err))
				fmt.Fprintln(os.Stderr, problems[len(problems)-1])
				out[tool.name] = true
				delete(samples, tool.name)
				continue
			}
			if round > 0 { // the first warms the page cache, and the tool's own cache where it has one
				samples[tool.name] = append(previous, s)
			}
		}
	}
	for _, tool := range tools {
		if s := samples[tool.name]; len(s) > 0 {
			f := summarize(s)
			c.Figures[tool.name] = f
			fmt.Fprintf(os.Stderr, "%-14s %-11s %-12s wall %8.3f  cpu %8.3f  rss %5d MiB  packages %d\n",
				t.image, t.form, tool.name, f.Wall, f.CPU, f.RSS>>20, f.Packages)
		}
	}
	for _, tool := range tools {
		_ = os.RemoveAll(cacheOf(work, tool, t))
	}
	return c, problems
}

// once is one run with a new scratch folder.
func once(ctx context.Context, tool tool, t target, cache string) (s sample, ok bool, err error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return s, true, err
	}
	scratch, err := os.MkdirTemp("", "sightline-bench-run")
	if err != nil {
		return s, true, err
	}
	defer os.RemoveAll(scratch)
	j, ok := tool.job(t, scratch, cache)
	if !ok {
		return s, false, nil
	}
	if s, err = j.measure(ctx); err != nil {
		return s, true, err
	}
	s.Packages, err = j.counted(ctx)
	return s, true, err
}

// oddCounts names what makes a comparison doubtful: Sightline far from the floor in what it found, or a tool that finds other
// packages in one form of an image than in another.
func oddCounts(cells []cell) (problems []string) {
	first := map[string]cell{}
	for _, c := range cells {
		s, f := c.Figures["sightline"], c.Figures["floor"]
		if s.Packages > 0 && f.Packages > 0 && math.Abs(float64(s.Packages-f.Packages)) > 0.1*float64(f.Packages) {
			problems = append(problems, fmt.Sprintf("%s, %s: Sightline found %d packages and the floor %d", c.Image, c.Form, s.Packages, f.Packages))
		}
		for _, tool := range sortedKeys(c.Figures) {
			n := c.Figures[tool].Packages
			key := tool + " " + c.Image
			if before, ok := first[key]; ok && before.Figures[tool].Packages != n {
				problems = append(problems, fmt.Sprintf("%s: %s found %d packages in %s and %d in %s",
					c.Image, tool, before.Figures[tool].Packages, before.Form, n, c.Form))
			} else if !ok {
				first[key] = c
			}
		}
	}
	return problems
}

// cacheOf is the folder that a tool's runs over one target share.
func cacheOf(work string, tool tool, t target) string {
	return filepath.Join(work, "cache-"+tool.name+"-"+t.form+"-"+strings.ReplaceAll(t.image, " ", "-"))
}
