package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// job is one run of a tool: one process, or for tools that take one image at a time one process after the other.
type job struct {
	commands [][]string
	env      []string
	outputs  []string // files in which packages are counted, one a command
	stdout   string   // where the standard output goes, when it is asked for
}

// measure runs a job. Time and memory are those that the kernel counted for the processes and their children (wait4).
func (j job) measure(ctx context.Context) (sample, error) {
	var s sample
	for _, args := range j.commands {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), j.env...)
		var said strings.Builder
		if j.stdout != "" {
			f, err := os.Create(j.stdout)
			if err != nil {
				return s, err
			}
			defer f.Close()
			cmd.Stdout = f
		}
		cmd.Stderr = &limited{&said, 4000}
		start := time.Now()
		err := cmd.Run()
		s.Wall += time.Since(start)
		if cmd.ProcessState != nil {
			s.User += cmd.ProcessState.UserTime()
			s.Sys += cmd.ProcessState.SystemTime()
			if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				s.RSS = max(s.RSS, ru.Maxrss*rssUnit)
			}
		}
		if err != nil {
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			return s, fmt.Errorf("%w: %s", err, lines[len(lines)-1])
		}
	}
	return s, nil
}

// rssUnit is that of Linux.
const rssUnit = 1024

type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	_, err := l.w.Write(p[:n])
	return len(p), errors.Join(err)
}

// counted says how many packages are in a job's outputs. Another process reads them: the kernel counts what this one has in
// memory when it starts a tool as the tool's, so this one must stay small.
func (j job) counted(ctx context.Context) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, self, append([]string{"count"}, j.outputs...)...).Output()
	if err != nil {
		return 0, fmt.Errorf("counting packages: %w", err)
	}
	var n int
	_, err = fmt.Sscan(string(out), &n)
	return n, err
}

// countFiles counts the packages of results of any of the tools.
func countFiles(files []string) (int, error) {
	total := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		n, err := countPackages(b)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		total += n
	}
	return total, nil
}

// named is a package in any tool's result.
type named struct {
	Type       string `json:"type"` // of CycloneDX's component
	Name       string `json:"name"`
	Version    string `json:"version"`
	PURL       string `json:"purl"`
	Identifier struct{ PURL string }
}

// result has what all the tools' results hold, which are known by their shape: floor's {"packages": 12}, Sightline's {"packages": [...]},
// syft's {"artifacts": [...]}, trivy's {"Results": [{"Packages": [...]}]} and CycloneDX's {"components": [...]}.
type result struct {
	Packages  json.RawMessage `json:"packages"`
	Artifacts []named         `json:"artifacts"`
	Results   []struct {
		Packages []named
	}
	Components []named `json:"components"`
	BOMFormat  string  `json:"bomFormat"`
	Images     []struct {
		Packages []named `json:"packages"`
	} `json:"images"`
}

// countPackages counts different packages: tools list one again for each layer or program that has it, or do not. Several results
// one behind the other, as of several targets, are added.
func countPackages(b []byte) (total int, err error) {
	for d := json.NewDecoder(bytes.NewReader(b)); ; {
		var doc result
		if err := d.Decode(&doc); err == io.EOF {
			return total, nil
		} else if err != nil {
			return 0, err
		}
		var n int
		if json.Unmarshal(doc.Packages, &n) == nil {
			total += n
			continue
		}
		list := doc.Artifacts
		if doc.BOMFormat == "" && len(doc.Packages) > 0 {
			if err := json.Unmarshal(doc.Packages, &list); err != nil {
				return 0, err
			}
		}
		for _, c := range doc.Components {
			if doc.BOMFormat != "" && c.Type == "library" {
				list = append(list, c)
			}
		}
		for _, r := range doc.Results {
			list = append(list, r.Packages...)
		}
		total += different(list)
		for _, i := range doc.Images {
			total += different(i.Packages)
		}
	}
}

func different(list []named) int {
	seen := map[string]bool{}
	for _, p := range list {
		key := cmp.Or(p.PURL, p.Identifier.PURL)
		if key == "" {
			key = p.Name + "@" + p.Version
		}
		seen[key] = true
	}
	return len(seen)
}
