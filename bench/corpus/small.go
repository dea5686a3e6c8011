package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sightline-sec/sightline/bench/forms"
)

// small makes the same images of generated files, and of Go programs of this module.
func (m *maker) small() map[string]func(context.Context) error {
	m.services = min(m.services, 6)
	layer := func(name string, fill func(*forms.Tree) error) (forms.Layer, error) {
		return m.pool.Layer("small-"+name, "COPY "+name+" /", fill)
	}
	image := func(name string, only []string, parts map[string]func(*forms.Tree) error, order ...string) error {
		img := forms.Image{Name: name, Only: only}
		for _, part := range order {
			l, err := layer(part, parts[part])
			if err != nil {
				return err
			}
			img.Layers = append(img.Layers, l)
		}
		return forms.Write(m.image(name), img)
	}
	base := func(t *forms.Tree) error { return smallBase(t, 40) }
	return map[string]func(context.Context) error{
		"slim": func(context.Context) error {
			return image("slim", nil, map[string]func(*forms.Tree) error{"base": base}, "base")
		},
		"layers43": func(context.Context) error {
			parts := map[string]func(*forms.Tree) error{"base": base, "status": func(t *forms.Tree) error { return smallBase(t, 55) }}
			order := []string{"base", "status"}
			for i, s := range surgery {
				name := fmt.Sprintf("surgery%d", i)
				parts[name] = s.fill
				order = append(order, name)
			}
			return image("layers43", nil, parts, order...)
		},
		"node": func(context.Context) error {
			parts := map[string]func(*forms.Tree) error{"base": base, "app": func(t *forms.Tree) error { return npmTree(t, "srv/app", 0, 300) }}
			return image("node", nil, parts, "base", "app")
		},
		"go20": func(ctx context.Context) error {
			return image("go20", nil, map[string]func(*forms.Tree) error{
				"bare": bare, "programs": func(t *forms.Tree) error { return m.ownPrograms(ctx, t) },
			}, "bare", "programs")
		},
		"fat": func(context.Context) error {
			return image("fat", nil, map[string]func(*forms.Tree) error{
				"base": base, "mixed": mixed, "more": func(t *forms.Tree) error { return npmTree(t, "srv/web", 0, 50) },
			}, "base", "mixed", "more")
		},
		"fleet": func(context.Context) error {
			for i := range m.services {
				own := fmt.Sprintf("own%d", i)
				parts := map[string]func(*forms.Tree) error{"base": base, own: func(t *forms.Tree) error { return npmTree(t, "srv/app", i, i+15) }}
				if err := image(fmt.Sprintf("fleet/service%03d", i), []string{forms.Gzip, forms.Zstd}, parts, "base", own); err != nil {
					return err
				}
			}
			return nil
		},
		"containerd": func(ctx context.Context) error {
			if err := m.containerd(ctx); err != nil {
				m.say("no containerd store: %v", err)
			}
			return nil
		},
	}
}

// smallBase is a Debian with so many packages.
func smallBase(t *forms.Tree, packages int) error {
	for _, d := range []string{"etc", "var", "var/lib", "var/lib/dpkg", "usr", "usr/share", "usr/share/zoneinfo"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	release := "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"
	if err := t.File("etc/os-release", release); err != nil {
		return err
	}
	var status strings.Builder
	for i := range packages {
		fmt.Fprintf(&status, "Package: bench-package-%02d\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.%d-1\n\n", i, i)
	}
	if err := t.File("var/lib/dpkg/status", status.String()); err != nil {
		return err
	}
	return t.File("usr/share/zoneinfo/UTC", text(1, 300))
}

// mixed has a jar, a wheel and a gem among files of no interest.
func mixed(t *forms.Tree) error {
	if err := pyTree(t, 0, 12); err != nil {
		return err
	}
	for _, d := range []string{"opt", "opt/lib", "usr/lib", "usr/lib/ruby", "usr/lib/ruby/specifications"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	for i := range 8 {
		jar, err := smallJar(i)
		if err != nil {
			return err
		}
		if err := t.File(fmt.Sprintf("opt/lib/bench-jar-%d-3.%d.jar", i, i), jar); err != nil {
			return err
		}
	}
	for i := range 200 {
		if err := t.File(fmt.Sprintf("usr/share/data-%03d.txt", i), text(i, 8000)); err != nil {
			return err
		}
	}
	return nil
}

func smallJar(i int) (string, error) {
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for name, content := range map[string]string{
		fmt.Sprintf("META-INF/maven/bench.example/bench-jar-%d/pom.properties", i): fmt.Sprintf("groupId=bench.example\nartifactId=bench-jar-%d\nversion=3.%d\n", i, i),
	} {
		w, err := zw.Create(name)
		if err != nil {
			return "", err
		}
		if _, err := w.Write([]byte(content)); err != nil {
			return "", err
		}
	}
	w, err := zw.Create("bench/Main.class")
	if err != nil {
		return "", err
	}
	if _, err := w.Write([]byte(text(i, 20000))); err != nil {
		return "", err
	}
	err = zw.Close()
	return b.String(), err
}

// ownPrograms builds two programs of this module, which need nothing that is not here.
func (m *maker) ownPrograms(ctx context.Context, t *forms.Tree) error {
	for _, d := range []string{"usr/local", "usr/local/bin"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	for _, p := range []string{"bench/corpus", "bench/floor"} {
		bin := m.work("bin", filepath.Base(p))
		if err := m.command(ctx, "", []string{"CGO_ENABLED=0"}, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", bin, "github.com/sightline-sec/sightline/"+p); err != nil {
			return err
		}
		if err := t.OnDisk(bin, "usr/local/bin/"+filepath.Base(p)); err != nil {
			return err
		}
	}
	return nil
}
