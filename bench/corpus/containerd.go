package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/bench/forms"
)

// containerd imports the images into a store of its own with a containerd of its own, which unpacks them for the overlayfs
// snapshotter, and stops it. The store is then read on disk.
func (m *maker) containerd(ctx context.Context) error {
	store := filepath.Join(m.out, "containerd")
	if _, err := os.Stat(store); err == nil {
		return nil
	}
	daemon, err := need("containerd", "apt-get install containerd")
	if err != nil {
		return err
	}
	ctr, err := need("ctr", "apt-get install containerd")
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("containerd needs root")
	}
	return once(store, func(partial string) (err error) {
		state, err := os.MkdirTemp("", "bench-ctd")
		if err != nil {
			return err
		}
		defer os.RemoveAll(state)
		socket := filepath.Join(state, "sock")
		cfg := filepath.Join(state, "config.toml")
		if err := write(cfg, "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"); err != nil {
			return err
		}
		stop, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd := exec.CommandContext(stop, daemon, "--config", cfg, "--root", partial, "--state", filepath.Join(state, "state"), "--address", socket, "--log-level", "error")
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 20 * time.Second
		if err := cmd.Start(); err != nil {
			return err
		}
		defer func() {
			cancel()
			_ = cmd.Wait()
			if err == nil {
				err = m.share(partial)
			}
		}()
		for range 100 {
			if m.command(ctx, "", nil, ctr, "-a", socket, "version") == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		images, err := filepath.Glob(m.image("*"))
		if err != nil {
			return err
		}
		for _, dir := range images {
			layout := filepath.Join(dir, forms.Gzip)
			if _, err := os.Stat(layout); err != nil {
				continue // the fleet has none of its own
			}
			m.say("  importing %s", filepath.Base(dir))
			tarball := filepath.Join(state, "image.tar")
			if err := m.command(ctx, layout, nil, "tar", "-cf", tarball, "oci-layout", "index.json", "blobs"); err != nil {
				return err
			}
			// The layout says "latest": the name in the store is the prefix with that.
			ref := forms.Image{Name: filepath.Base(dir)}.Reference()
			base := ref[:len(ref)-len(":latest")]
			if err := m.command(ctx, "", nil, ctr, "-a", socket, "-n", "k8s.io", "images", "import", "--base-name", base, "--snapshotter", "overlayfs", tarball); err != nil {
				return err
			}
			if err := os.Remove(tarball); err != nil {
				return err
			}
		}
		return nil
	})
}

// share gives files that the store and the corpus both have one place on the disk: blobs, and unpacked files.
func (m *maker) share(store string) error {
	blobs := filepath.Join(store, "io.containerd.content.v1.content/blobs/sha256")
	stored, err := os.ReadDir(blobs)
	if err != nil {
		return err
	}
	layouts, err := filepath.Glob(filepath.Join(m.image("*"), forms.Gzip, "blobs/sha256"))
	if err != nil {
		return err
	}
	for _, b := range stored {
		for _, l := range layouts {
			if linkSame(filepath.Join(l, b.Name()), filepath.Join(blobs, b.Name())) {
				break
			}
		}
	}
	roots, err := filepath.Glob(filepath.Join(m.image("*"), forms.Root))
	if err != nil {
		return err
	}
	layers, err := filepath.Glob(filepath.Join(store, "io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs"))
	if err != nil {
		return err
	}
	slices.Sort(roots)
	for _, layer := range layers {
		err := filepath.WalkDir(layer, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			rel, err := filepath.Rel(layer, p)
			if err != nil {
				return err
			}
			for _, r := range roots {
				if linkSame(filepath.Join(r, rel), p) {
					break
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// linkSame replaces b with a link to a when they are equal in all that counts.
func linkSame(a, b string) bool {
	fa, errA := os.Lstat(a)
	fb, errB := os.Lstat(b)
	if errA != nil || errB != nil || !fa.Mode().IsRegular() || fa.Size() != fb.Size() || fa.Size() == 0 || !sameBytes(a, b) {
		return false
	}
	if os.SameFile(fa, fb) {
		return true
	}
	next := b + ".link"
	if os.Link(a, next) != nil {
		return false
	}
	return os.Rename(next, b) == nil
}
