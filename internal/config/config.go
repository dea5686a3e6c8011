// Package config holds the settings file: its place, its keys and their defaults, and the environment variables that
// override it. It promises plain values and a clear error, with the line, for a key that does not exist. What the
// values mean to a room is mapped by cli.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Settings are all settings that a file or the environment can give. Flags override both.
type Settings struct {
	DB        string   `yaml:"db"`         // database file; SIGHTLINE_DB; default: sightline.db in the data folder
	LogLevel  string   `yaml:"log_level"`  // debug, info, warn, error; SIGHTLINE_LOG_LEVEL; default warn
	LogFormat string   `yaml:"log_format"` // text, json; SIGHTLINE_LOG_FORMAT; default text
	Registry  Registry `yaml:"registry"`
	Limits    Limits   `yaml:"limits"`
	Feeds     Feeds    `yaml:"feeds"`
	Database  Database `yaml:"database"`
}

// Database says where a published database is fetched from.
type Database struct {
	Reference string   `yaml:"reference"` // what db pull fetches when nothing is named; SIGHTLINE_DATABASE_REFERENCE
	Keys      []string `yaml:"keys"`      // PEM files of public keys, of which one must have signed; SIGHTLINE_DATABASE_KEYS, comma-separated
}

// Registry settings.
type Registry struct {
	Insecure []string            `yaml:"insecure"` // hosts that are spoken to without TLS or without checking it; SIGHTLINE_REGISTRY_INSECURE, comma-separated
	Mirrors  map[string][]string `yaml:"mirrors"`  // by registry host: hosts that are asked first
	CAFile   string              `yaml:"ca_file"`  // PEM file of further trusted authorities; SIGHTLINE_REGISTRY_CA_FILE
}

// Limits on what reading one artifact may cost; see artifact.Limits. Sizes are bytes, or numbers with KiB, MiB, GiB.
type Limits struct {
	FileSize  Size          `yaml:"file_size"`  // SIGHTLINE_LIMIT_FILE_SIZE; default 128MiB
	TotalSize Size          `yaml:"total_size"` // SIGHTLINE_LIMIT_TOTAL_SIZE; default 64GiB
	Ratio     int64         `yaml:"ratio"`      // SIGHTLINE_LIMIT_RATIO; default 200
	Files     int64         `yaml:"files"`      // SIGHTLINE_LIMIT_FILES; default 5000000
	Layers    int           `yaml:"layers"`     // SIGHTLINE_LIMIT_LAYERS; default 1000
	Nesting   int           `yaml:"nesting"`    // SIGHTLINE_LIMIT_NESTING; default 8
	Time      time.Duration `yaml:"time"`       // SIGHTLINE_LIMIT_TIME; default 10m
}

// Feeds settings.
type Feeds struct {
	Mirror string        `yaml:"mirror"`  // base URL of a mirror that stands for all upstreams; SIGHTLINE_FEEDS_MIRROR
	MaxAge time.Duration `yaml:"max_age"` // a database older than this is called stale; SIGHTLINE_FEEDS_MAX_AGE; default 48h
}

// Size is a number of bytes.
type Size int64

// ParseSize reads "4096", "128MiB", "1GiB", "64k". Units are binary.
func ParseSize(s string) (Size, error) {
	num := strings.ToLower(strings.TrimSpace(s))
	shift := 0
	for _, u := range []struct {
		suffix string
		shift  int
	}{{"kib", 10}, {"mib", 20}, {"gib", 30}, {"tib", 40}, {"kb", 10}, {"mb", 20}, {"gb", 30}, {"tb", 40}, {"k", 10}, {"m", 20}, {"g", 30}, {"t", 40}, {"b", 0}} {
		if rest, ok := strings.CutSuffix(num, u.suffix); ok {
			num, shift = strings.TrimSpace(rest), u.shift
			break
		}
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n > (1<<62)>>shift {
		return 0, fmt.Errorf("%q is not a size: write a number of bytes, or one with KiB, MiB or GiB", s)
	}
	return Size(n << shift), nil
}

// UnmarshalYAML reads a number or a number with a unit.
func (s *Size) UnmarshalYAML(n *yaml.Node) error {
	v, err := ParseSize(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*s = v
	return nil
}

// Load reads the settings file at path, then the environment. A missing file is no error unless it was named
// explicitly.
func Load(path string, named bool, getenv func(string) string) (*Settings, error) {
	s := &Settings{}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
	case err != nil:
		return nil, fmt.Errorf("reading settings: %w", err)
	case len(b) > 1<<20:
		return nil, fmt.Errorf("reading settings: %s is larger than 1 MiB", path)
	default:
		dec := yaml.NewDecoder(strings.NewReader(string(b)))
		dec.KnownFields(true)
		if err := dec.Decode(s); err != nil && len(strings.TrimSpace(string(b))) > 0 {
			return nil, fmt.Errorf("reading settings from %s: %w", path, err)
		}
	}
	if err := s.environment(getenv); err != nil {
		return nil, err
	}
	return s, nil
}

// environment overrides settings by SIGHTLINE_... variables.
func (s *Settings) environment(getenv func(string) string) error {
	var problems []error
	set := func(name string, parse func(string) error) {
		if v := getenv("SIGHTLINE_" + name); v != "" {
			if err := parse(v); err != nil {
				problems = append(problems, fmt.Errorf("environment variable SIGHTLINE_%s: %w", name, err))
			}
		}
	}
	text := func(p *string) func(string) error { return func(v string) error { *p = v; return nil } }
	size := func(p *Size) func(string) error {
		return func(v string) (err error) { *p, err = ParseSize(v); return err }
	}
	number := func(p *int64) func(string) error {
		return func(v string) (err error) { *p, err = strconv.ParseInt(v, 10, 64); return err }
	}
	small := func(p *int) func(string) error {
		return func(v string) (err error) { *p, err = strconv.Atoi(v); return err }
	}
	span := func(p *time.Duration) func(string) error {
		return func(v string) (err error) { *p, err = time.ParseDuration(v); return err }
	}
	set("DB", text(&s.DB))
	set("LOG_LEVEL", text(&s.LogLevel))
	set("LOG_FORMAT", text(&s.LogFormat))
	set("REGISTRY_INSECURE", func(v string) error { s.Registry.Insecure = strings.Split(v, ","); return nil })
	set("REGISTRY_CA_FILE", text(&s.Registry.CAFile))
	set("LIMIT_FILE_SIZE", size(&s.Limits.FileSize))
	set("LIMIT_TOTAL_SIZE", size(&s.Limits.TotalSize))
	set("LIMIT_RATIO", number(&s.Limits.Ratio))
	set("LIMIT_FILES", number(&s.Limits.Files))
	set("LIMIT_LAYERS", small(&s.Limits.Layers))
	set("LIMIT_NESTING", small(&s.Limits.Nesting))
	set("LIMIT_TIME", span(&s.Limits.Time))
	set("FEEDS_MIRROR", text(&s.Feeds.Mirror))
	set("FEEDS_MAX_AGE", span(&s.Feeds.MaxAge))
	set("DATABASE_REFERENCE", text(&s.Database.Reference))
	set("DATABASE_KEYS", func(v string) error { s.Database.Keys = strings.Split(v, ","); return nil })
	return errors.Join(problems...)
}

// Dirs are the folders of the XDG base directory specification, with "sightline" below each.
type Dirs struct {
	Config string // settings
	Data   string // the database
	Cache  string // raw feeds; may be deleted at any time
}

// FindDirs gives the folders from the environment, or else the home folder of the user database; empty where no home is known. It makes
// none of them.
func FindDirs(getenv func(string) string) Dirs {
	home := getenv("HOME")
	if home == "" {
		// Never a folder that others can write to: a database planted there would be believed.
		if u, err := user.Current(); err == nil {
			home = u.HomeDir
		}
	}
	in := func(variable string, fallback ...string) string {
		// The specification: a relative path is invalid and to be ignored.
		if d := getenv(variable); filepath.IsAbs(d) {
			return filepath.Join(d, "sightline")
		}
		if home == "" {
			return ""
		}
		return filepath.Join(append(append([]string{home}, fallback...), "sightline")...)
	}
	return Dirs{
		Config: in("XDG_CONFIG_HOME", ".config"),
		Data:   in("XDG_DATA_HOME", ".local", "share"),
		Cache:  in("XDG_CACHE_HOME", ".cache"),
	}
}
