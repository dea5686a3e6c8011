package extract_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// node is a file system as plain as it can be, to compare with: it applies entry after entry, as a runtime does.
type node struct {
	kind     artifact.Type
	content  string
	children map[string]*node
}

func newDir() *node { return &node{kind: artifact.Dir, children: map[string]*node{}} }

// apply applies one layer of whiteouts and entries without links to a tree.
func (n *node) apply(l layer) {
	for _, s := range l { // whiteouts and opaque marks first: they speak of the layers below
		if p, ok := strings.CutPrefix(s, "-"); ok {
			n.remove(p)
		} else if p, ok := strings.CutSuffix(s, "/.wh..wh..opq"); ok {
			if d := n.at(p); d != nil && d.kind == artifact.Dir {
				d.children = map[string]*node{}
			}
		}
	}
	for _, s := range l {
		switch {
		case strings.HasPrefix(s, "-"):
			// The mark itself is a file, in a directory which the layer thereby has.
			if dir := path.Dir(s[1:]); dir != "." {
				n.dir(dir)
			}
		case strings.HasSuffix(s, "/.wh..wh..opq"):
			n.dir(strings.TrimSuffix(s, "/.wh..wh..opq"))
		case strings.HasSuffix(s, "/"):
			n.dir(strings.TrimSuffix(s, "/"))
		default:
			p, content, isFile := strings.Cut(s, "=")
			if !isFile {
				p, content = strings.TrimSuffix(s, "|"), "FIFO"
			}
			d := n
			if dir := path.Dir(p); dir != "." {
				d = n.dir(dir)
			}
			d.children[path.Base(p)] = &node{kind: artifact.File, content: content}
		}
	}
}

func (n *node) at(p string) *node {
	for part := range strings.SplitSeq(p, "/") {
		if n = n.children[part]; n == nil {
			return nil
		}
	}
	return n
}

func (n *node) remove(p string) {
	if d := n.at(path.Dir(p)); path.Dir(p) == "." {
		delete(n.children, p)
	} else if d != nil {
		delete(d.children, path.Base(p))
	}
}

// dir gives the directory at p, made in place of whatever else is there.
func (n *node) dir(p string) *node {
	for part := range strings.SplitSeq(p, "/") {
		next := n.children[part]
		if next == nil || next.kind != artifact.Dir {
			next = newDir()
			n.children[part] = next
		}
		n = next
	}
	return n
}

// packages lists what the files that the test's extractor claims say.
func (n *node) packages(at string) (list []string) {
	for name, c := range n.children {
		p := path.Join(at, name)
		if c.kind == artifact.Dir {
			list = append(list, c.packages(p)...)
		} else if strings.HasSuffix(name, ".pkg") {
			list = append(list, p+" "+c.content)
		}
	}
	return list
}

// FuzzMerge makes layers of whatever bytes say and compares the merged view with a file system that was built entry by entry.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("\x00\x11\x22\xff\x33\x44\x90\xff\xa1\xb2"))
	f.Add([]byte("\x01\x51\x91\xff\x11\x61\xff\x01\x02\xd1"))
	f.Add([]byte("\x85\x9a\xff\x61\xff\x85\xa1"))
	names := []string{"a", "b", "a/b", "a/c", "a/b/c", "a.pkg", "b.pkg", "a/a.pkg", "a/b/a.pkg", "b/a.pkg", "a.pkg/b.pkg", "b/b/b.pkg"}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 64 {
			return
		}
		src := source{{}}
		entryOf := map[string]bool{}
		for i, b := range program {
			if b == 0xff {
				src = append(src, layer{})
				entryOf = map[string]bool{}
				continue
			}
			name, entry := names[int(b&15)%len(names)], ""
			switch b >> 4 & 7 {
			case 0, 1, 2:
				entry = fmt.Sprintf("%s=p %d", name, i)
			case 3, 4:
				entry = name + "/"
			case 5, 6:
				entry = "-" + name
			case 7:
				entry = name + "/.wh..wh..opq"
			}
			if kind := b >> 4; kind == 8 || kind == 9 {
				entry = name + "|"
			}
			// What a runtime makes of a layer that speaks of one name as two things differs from runtime to runtime.
			conflict := false
			for seen := range entryOf {
				if seen == name || strings.HasPrefix(seen, name+"/") || strings.HasPrefix(name, seen+"/") {
					conflict = true
				}
			}
			if conflict {
				continue
			}
			entryOf[name] = true
			src[len(src)-1] = append(src[len(src)-1], entry)
		}
		tree := newDir()
		for _, l := range src {
			tree.apply(l)
		}
		want := tree.packages("")
		inv, err := extract.Run(context.Background(), src, []extract.Extractor{lines{}}, extract.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range inv.Packages {
			for _, e := range p.Evidence {
				got = append(got, e.Path+" p "+p.Version)
			}
		}
		for _, i := range inv.Incomplete {
			got = append(got, i.Path+" FIFO")
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("layers %q (-built +merged):\n%s", src, d)
		}
	})
}

// BenchmarkMerge is an application image: a few thousand packages over a base, in layers of which each adds some and rewrites the database.
func BenchmarkMerge(b *testing.B) {
	var src source
	status := ""
	for i := range 12 {
		var l layer
		for k := range 400 {
			l = append(l, fmt.Sprintf("srv/app%d/m%d/x.pkg=p%d-%d 1", i, k, i, k))
		}
		for k := range 4000 {
			l = append(l, fmt.Sprintf("srv/app%d/m%d/file%d.js=x", i, k/10, k))
		}
		for k := range 100 {
			status += fmt.Sprintf("os/o%d-%d 1,", i, k)
		}
		src = append(src, append(l, "db/installed="+status))
	}
	b.ReportAllocs()
	for b.Loop() {
		inv, err := extract.Run(b.Context(), src, []extract.Extractor{lines{}}, extract.Options{})
		if err != nil || len(inv.Packages) != 12*500 {
			b.Fatal(len(inv.Packages), err)
		}
	}
}
