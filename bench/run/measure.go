package main

import (
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

// countPackages knows the results by their shape: floor's {"packages": 12}, Sightline's {"packages": [...]}, syft's {"artifacts": [...]},
// trivy's {"Results": [{"Packages": [...]}]}, CycloneDX's {"components": [...]} and osv-scanner's {"results": [{"packages": [...]}]}.
// Several results one behind the other, as of several targets, are added.
func countPackages(b []byte) (int, error) {
	type list []struct{}
	total := 0
	for d := json.NewDecoder(strings.NewReader(string(b))); ; {
		var doc struct {
			Packages  json.RawMessage `json:"packages"`
			Artifacts list            `json:"artifacts"`
			Results   []struct {
				Packages list
			}
			Components []struct {
				Type string `json:"type"`
			} `json:"components"`
			BOMFormat string `json:"bomFormat"`
			Images    []struct {
				Packages list `json:"packages"`
			} `json:"images"`
		}
		if err := d.Decode(&doc); err == io.EOF {
			return total, nil
		} else if err != nil {
			return 0, err
		}
		switch {
		case doc.BOMFormat != "":
			for _, c := range doc.Components {
				if c.Type == "library" {
					total++
				}
			}
		case len(doc.Packages) > 0:
			var n int
			if json.Unmarshal(doc.Packages, &n) != nil {
				var l list
				if err := json.Unmarshal(doc.Packages, &l); err != nil {
					return 0, err
				}
				n = len(l)
			}
			total += n
		default:
			total += len(doc.Artifacts)
			for _, r := range doc.Results {
				total += len(r.Packages)
			}
			for _, i := range doc.Images {
				total += len(i.Packages)
			}
		}
	}
}
