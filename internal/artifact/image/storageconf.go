package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/toml"
)

// storageConf is what is read of storage.conf (containers-storage.conf(5)).
type storageConf struct {
	Storage struct {
		GraphRoot    string `toml:"graphroot"`
		ImageStore   string `toml:"imagestore"`
		RootlessPath string `toml:"rootless_storage_path"`
		Options      struct {
			AdditionalImageStores []string `toml:"additionalimagestores"`
		} `toml:"options"`
	} `toml:"storage"`
}

const (
	maxStorageConf = 1 << 20
	maxStorageKeys = 10_000
	systemStorage  = "/var/lib/containers/storage"
)

// storageDirs lists the stores, the user's own first.
func (o *LocalOptions) storageDirs() ([]string, error) {
	if len(o.Storage) > 0 {
		return o.Storage, nil
	}
	if dir := o.env("STORAGE_ROOT"); dir != "" {
		return []string{dir}, nil
	}
	var dirs []string
	add := func(more ...string) {
		for _, d := range more {
			if d = o.expand(d); d != "" && filepath.IsAbs(d) && !slices.Contains(dirs, d) {
				dirs = append(dirs, d)
			}
		}
	}
	system := []string{"/etc/containers/storage.conf", "/usr/share/containers/storage.conf"}
	if named := o.env("CONTAINERS_STORAGE_CONF"); named != "" {
		c, err := readStorageConf(named)
		if err != nil {
			return nil, fmt.Errorf("reading $CONTAINERS_STORAGE_CONF: %w", err)
		}
		add(c.Storage.GraphRoot, c.Storage.ImageStore)
		add(c.Storage.Options.AdditionalImageStores...)
		if len(dirs) > 0 {
			return dirs, nil
		}
	}
	root := os.Geteuid() == 0
	if !root {
		if c, err := firstStorageConf(o.home("XDG_CONFIG_HOME", ".config", "containers/storage.conf")); err == nil {
			add(c.Storage.GraphRoot, c.Storage.ImageStore)
			add(c.Storage.Options.AdditionalImageStores...)
		}
	}
	c, err := firstStorageConf(system...)
	if err != nil {
		return nil, err
	}
	if !root {
		add(c.Storage.RootlessPath)
	}
	add(o.home("XDG_DATA_HOME", ".local/share", "containers/storage"))
	add(c.Storage.GraphRoot, c.Storage.ImageStore)
	add(c.Storage.Options.AdditionalImageStores...)
	add(systemStorage)
	return dirs, nil
}

// expand replaces what storage.conf may say instead of a user's directory.
func (o *LocalOptions) expand(path string) string {
	return os.Expand(path, func(name string) string {
		if name == "UID" {
			return strconv.Itoa(os.Getuid())
		}
		return o.env(name)
	})
}

// firstStorageConf reads the first of the files that is there, if any is.
func firstStorageConf(files ...string) (storageConf, error) {
	for _, f := range files {
		if f == "" {
			continue
		}
		c, err := readStorageConf(f)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		return c, err
	}
	return storageConf{}, nil
}

func readStorageConf(name string) (storageConf, error) {
	var c storageConf
	f, err := openRegular(name)
	if err != nil {
		return c, err
	}
	defer func() { _ = f.Close() }()
	b, err := readSmall(f, name, 0, maxStorageConf)
	if err != nil {
		return c, err
	}
	if err := toml.Unmarshal(b, maxStorageKeys, &c); err != nil {
		return c, fmt.Errorf("%w: parsing %s: %w", artifact.ErrUnsupported, name, err)
	}
	return c, nil
}
