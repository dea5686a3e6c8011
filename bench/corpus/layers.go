package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sightline-sec/sightline/bench/forms"
)

// tools are what layers43 installs, each step a layer as a Dockerfile of many RUN lines makes it.
var tools = []string{
	"bc", "bsdextrautils", "bzip2", "ca-certificates", "curl", "dnsutils", "file", "git", "gnupg", "iproute2", "iputils-ping", "jq", "less", "lsof",
	"nano", "net-tools", "netcat-openbsd", "openssh-client", "patch", "procps", "psmisc", "python3-minimal", "rsync", "socat", "sqlite3", "strace",
	"sudo", "tcpdump", "time", "traceroute", "tree", "unzip", "vim-tiny", "wget", "xz-utils", "zip",
}

// layers43 is slim, 34 layers that install packages and so replace dpkg's status each time, and 8 that delete, hide,
// replace and link.
func (m *maker) layers43(ctx context.Context) error {
	base, err := m.slimLayer(ctx)
	if err != nil {
		return err
	}
	layers := []forms.Layer{base}
	const installing = 34
	if _, ok := m.pool.Find(fmt.Sprintf("layers43-%02d", installing)); !ok {
		debs, err := m.download(ctx, "layers43", tools)
		if err != nil {
			return err
		}
		if len(debs) < installing {
			return fmt.Errorf("only %d packages to install", len(debs))
		}
		status, err := m.baseStatus(ctx)
		if err != nil {
			return err
		}
		for i := range installing {
			part := debs[i*len(debs)/installing : (i+1)*len(debs)/installing]
			dir := m.work("layers43", fmt.Sprint(i))
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			if status, err = m.stage(ctx, dir, status, part); err != nil {
				return err
			}
			if _, err := m.pool.Layer(fmt.Sprintf("layers43-%02d", i+1), "RUN apt-get install", func(t *forms.Tree) error {
				return t.Dir(dir, "", notSlim)
			}); err != nil {
				return err
			}
		}
	}
	for i := range installing {
		l, _ := m.pool.Find(fmt.Sprintf("layers43-%02d", i+1))
		layers = append(layers, l)
	}
	for i, s := range surgery {
		l, err := m.pool.Layer(fmt.Sprintf("layers43-s%d", i), s.by, s.fill)
		if err != nil {
			return err
		}
		layers = append(layers, l)
	}
	return forms.Write(m.image("layers43"), forms.Image{Name: "layers43", Layers: layers})
}

// surgery are the layers that make a merge more than a sum.
var surgery = []struct {
	by   string
	fill func(*forms.Tree) error
}{
	{"RUN npm install", func(t *forms.Tree) error { return npmTree(t, "srv/app", 0, 120) }},
	{"RUN npm update", func(t *forms.Tree) error { return npmTree(t, "srv/app", 60, 180) }},
	{"RUN rm -rf", func(t *forms.Tree) error {
		for i := range 30 {
			if err := t.Remove("srv/app/node_modules/" + npmName(i)); err != nil {
				return err
			}
		}
		return t.Remove("usr/share/zoneinfo")
	}},
	{"RUN rm -rf node_modules && npm install", func(t *forms.Tree) error {
		if err := t.Opaque("srv/app/node_modules"); err != nil {
			return err
		}
		return npmTree(t, "srv/app", 100, 200)
	}},
	{"RUN a file where a directory was", func(t *forms.Tree) error {
		return t.File("srv/app/node_modules/"+npmName(150), "not a directory any more\n")
	}},
	{"RUN a directory where a file was", func(t *forms.Tree) error {
		return npmTree(t, "srv/app/node_modules/"+npmName(150), 200, 210)
	}},
	{"RUN links", func(t *forms.Tree) error {
		// A link to a file of a layer below brings that file up into this layer, as overlayfs does it: engines refuse a
		// link whose file the layer does not have.
		manifest := "srv/app/node_modules/" + npmName(160) + "/package.json"
		if err := t.File(manifest, fmt.Sprintf("{\"name\": %q, \"version\": \"9.0.0\"}\n", npmName(160))); err != nil {
			return err
		}
		if err := t.Mkdir("srv/copy"); err != nil {
			return err
		}
		if err := t.Hardlink("srv/copy/package.json", manifest); err != nil {
			return err
		}
		return t.Hardlink("srv/app/node_modules/"+npmName(161)+"/package.json", manifest)
	}},
	{"RUN pip install", func(t *forms.Tree) error { return pyTree(t, 0, 40) }},
}

// npmName and pyName name generated packages.
func npmName(i int) string { return fmt.Sprintf("bench-module-%03d", i) }

func pyName(i int) string { return fmt.Sprintf("bench_wheel_%03d", i) }

// npmTree adds generated modules from..to to an application: a manifest and two files of code each.
func npmTree(t *forms.Tree, app string, from, to int) error {
	for _, d := range []string{app, app + "/node_modules"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	for i := from; i < to; i++ {
		dir := app + "/node_modules/" + npmName(i)
		if err := t.Mkdir(dir); err != nil {
			return err
		}
		manifest := fmt.Sprintf("{\n  \"name\": %q,\n  \"version\": \"1.%d.%d\",\n  \"license\": \"MIT\",\n  \"main\": \"index.js\"\n}\n", npmName(i), i%7, from)
		if err := t.File(dir+"/package.json", manifest); err != nil {
			return err
		}
		for _, f := range []string{"index.js", "README.md"} {
			if err := t.File(dir+"/"+f, text(i, 4000)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pyTree adds generated wheels.
func pyTree(t *forms.Tree, from, to int) error {
	const site = "usr/local/lib/python3.11/site-packages"
	if err := t.Mkdir(site); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		version := fmt.Sprintf("2.%d", i%11)
		info := fmt.Sprintf("%s/%s-%s.dist-info", site, pyName(i), version)
		if err := t.Mkdir(info); err != nil {
			return err
		}
		if err := t.File(info+"/METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nLicense: MIT\n\n%s", pyName(i), version, text(i, 500))); err != nil {
			return err
		}
		if err := t.File(fmt.Sprintf("%s/%s.py", site, pyName(i)), text(i, 3000)); err != nil {
			return err
		}
	}
	return nil
}

// text is n bytes that compress about as source code does.
func text(seed, n int) string {
	words := []string{"const", "value", "=>", "{", "}\n", "return", "this.", "options", "(", ");\n", "if", "length", "index", "await", "// see", "=", "module.exports"}
	b := make([]byte, 0, n+32)
	x := uint32(seed)*2654435761 + 12345
	for len(b) < n {
		x = x*1664525 + 1013904223
		b = append(b, words[(x>>16)%uint32(len(words))]...)
		b = append(b, ' ')
		if x>>28 == 0 {
			b = fmt.Appendf(b, "%x ", x)
		}
	}
	return string(b[:n])
}
