package extract_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// lines reads files of "name version" lines: a package database of ours for tests. Lines that start with "owns" name
// files of an OS package.
type lines struct{}

func (lines) Name() string  { return "lines" }
func (lines) Revision() int { return 1 }
func (lines) Claims() []extract.Claim {
	return []extract.Claim{
		{Path: "db/installed"},
		{Dir: "db/parts"},
		{Suffix: ".pkg"},
	}
}

func (lines) Extract(_ context.Context, f *extract.File, facts *extract.Facts) error {
	for line := range strings.Lines(string(f.Bytes())) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "panic":
			panic("asked for")
		case name == "owns":
			pkg, path, _ := strings.Cut(version, " ")
			facts.Owned = append(facts.Owned, extract.Owned{Package: pkg, Paths: strings.Fields(path)})
		case name == "diverts": // by from to
			f := strings.Fields(version)
			facts.Diverted = append(facts.Diverted, extract.Diversion{By: strings.Trim(f[0], ":"), From: f[1], To: f[2]})
		case name == "needs":
			facts.Alone = append(facts.Alone, extract.Alone{Without: version, Reason: artifact.Unsupported, Detail: "alone"})
		case !ok:
			return fmt.Errorf("line %q has no version", line)
		case strings.HasPrefix(name, "in/"): // twice inside one file
			facts.Packages = append(facts.Packages, inventory.Package{
				Name: name[3:], Version: version, Ecosystem: purl.NPM, PURL: "pkg:npm/" + name[3:] + "@" + version,
				Evidence: []inventory.Evidence{{Detail: "in x"}, {Detail: "in y"}},
			})
		case strings.HasPrefix(name, "up/"): // software that no package manager brought
			facts.Packages = append(facts.Packages, inventory.Package{Name: name[3:], Version: version, Ecosystem: purl.Upstream, Unpackaged: true})
		case strings.HasPrefix(name, "says/"): // a document about the image, "says/npm/a"
			ecosystem, name, _ := strings.Cut(name[5:], "/")
			facts.Packages = append(facts.Packages, inventory.Package{
				Name: name, Version: version, Ecosystem: purl.Ecosystem(ecosystem), PURL: "pkg:stated/" + name, Stated: true,
			})
		case strings.HasPrefix(name, "os/"):
			facts.Packages = append(facts.Packages, inventory.Package{Name: name[3:], Version: version, Ecosystem: purl.Debian})
		default:
			facts.Packages = append(facts.Packages, inventory.Package{
				Name: name, Version: version, Ecosystem: purl.NPM, PURL: "pkg:npm/" + name + "@" + version,
			})
		}
	}
	return nil
}

// layer is a list of entries, as "path=content", "path->target", "path=>hardlink target", "path|" (a FIFO), "path/", ".wh." names as they are.
type layer []string

func (l layer) Walk(ctx context.Context, visit func(*artifact.Entry) error) error {
	for _, s := range l {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := &artifact.Entry{Mode: 0o644}
		switch {
		case s == "!corrupt":
			return fmt.Errorf("inflating: %w", artifact.ErrCorrupt)
		case s == "!unreachable":
			return fmt.Errorf("fetching: %w", artifact.ErrUnreachable)
		case strings.HasSuffix(s, "/.wh..wh..opq"):
			e.Type, e.Path = artifact.Opaque, strings.TrimSuffix(s, "/.wh..wh..opq")
		case strings.HasPrefix(s, "-"):
			e.Type, e.Path = artifact.Whiteout, s[1:]
		case strings.HasSuffix(s, "/"):
			e.Type, e.Path = artifact.Dir, strings.TrimSuffix(s, "/")
		case strings.HasSuffix(s, "|"):
			e.Type, e.Path = artifact.Other, strings.TrimSuffix(s, "|")
		case strings.Contains(s, "=>"):
			e.Type = artifact.Hardlink
			e.Path, e.Link, _ = strings.Cut(s, "=>")
		case strings.Contains(s, "->"):
			e.Type = artifact.Symlink
			e.Path, e.Link, _ = strings.Cut(s, "->")
		default:
			var content string
			e.Type = artifact.File
			e.Path, content, _ = strings.Cut(s, "=")
			content = strings.ReplaceAll(content, ",", "\n")
			e.Size, e.Content = int64(len(content)), stream{strings.NewReader(content)}
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

// source is an image of such layers.
type source []layer

func (s source) Artifact() artifact.Artifact {
	a := artifact.Artifact{Kind: artifact.Image}
	for i := range s {
		a.Layers = append(a.Layers, artifact.Layer{Index: i, DiffID: fmt.Sprintf("sha256:%d", i)})
	}
	return a
}

func (s source) Layers() []artifact.LayerReader {
	var list []artifact.LayerReader
	for _, l := range s {
		list = append(list, l)
	}
	return list
}

func (s source) Close() error { return nil }

// summary writes an inventory as lines that a test can state.
func summary(inv *inventory.Inventory) (present, removed, incomplete []string) {
	show := func(p inventory.Package) string {
		s := fmt.Sprintf("%s@%s L%d", p.Name, p.Version, p.Layer.Index)
		for _, e := range p.Evidence {
			s += " " + e.Path
		}
		for _, e := range p.Evidence {
			if e.Detail != "" {
				s += " (" + e.Detail + ")"
			}
		}
		if p.Ships != "" {
			s += " ships=" + string(p.Ships)
		}
		if p.Owner != nil {
			s += " owner=" + p.Owner.Name
		}
		if p.RemovedIn != nil {
			s += fmt.Sprintf(" gone=L%d", p.RemovedIn.Index)
		}
		return s
	}
	for _, p := range inv.Packages {
		present = append(present, show(p))
	}
	for _, p := range inv.Removed {
		removed = append(removed, show(p))
	}
	for _, i := range inv.Incomplete {
		incomplete = append(incomplete, fmt.Sprintf("%s %s", i.Reason, i.Path))
	}
	return present, removed, incomplete
}

func TestMergedView(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                       string
		layers                     source
		present, removed, problems []string
	}{
		{
			name:    "a package remembers the layer that brought it",
			layers:  source{{"db/installed=a 1"}, {"db/installed=a 1,b 2"}, {"other=x"}},
			present: []string{"a@1 L0 db/installed", "b@2 L1 db/installed"},
		},
		{
			name:    "what a later version of the database lacks is removed by that layer",
			layers:  source{{"db/installed=a 1,b 1"}, {"db/installed=a 2"}},
			present: []string{"a@2 L1 db/installed"},
			removed: []string{"a@1 L0 db/installed gone=L1", "b@1 L0 db/installed gone=L1"},
		},
		{
			name:    "what an extractor says of places inside a file is kept",
			layers:  source{{"x/a.pkg=in/a 1"}},
			present: []string{"a@1 L0 x/a.pkg x/a.pkg (in x) (in y)"},
		},
		{
			name:    "an OS package of nothing but headers and links to link against says so",
			layers:  source{{"db/installed=os/a-dev 1,owns a-dev usr/include/a.h usr/lib/liba.so", "usr/lib/liba.so->liba.so.1"}},
			present: []string{"a-dev@1 L0 db/installed ships=headers"},
		},
		{
			name:    "a library of its own is more than headers",
			layers:  source{{"db/installed=os/a-dev 1,owns a-dev usr/include/a.h usr/lib/liba.so", "usr/lib/liba.so=elf"}},
			present: []string{"a-dev@1 L0 db/installed"},
		},
		{
			name: "a diverted file is its package's under the other name",
			layers: source{{
				"db/installed=os/a 1,os/b 1,owns a x/a.pkg,owns b x/a.pkg,diverts b x/a.pkg x/real.pkg", "x/a.pkg=m 1", "x/real.pkg=n 1",
			}},
			present: []string{"a@1 L0 db/installed", "b@1 L0 db/installed", "m@1 L0 x/a.pkg owner=b", "n@1 L0 x/real.pkg owner=a"},
		},
		{
			name:    "what the administrator puts in the place of a diverted file is nobody's",
			layers:  source{{"db/installed=os/a 1,owns a x/a.pkg,diverts : x/a.pkg x/real.pkg", "x/a.pkg=m 1", "x/real.pkg=n 1"}},
			present: []string{"a@1 L0 db/installed", "m@1 L0 x/a.pkg", "n@1 L0 x/real.pkg owner=a"},
		},
		{
			name:     "a file without its companion",
			layers:   source{{"d/a.pkg=needs d/other"}},
			problems: []string{"unsupported d/a.pkg"},
		},
		{
			name:     "a file whose companion a later layer takes away",
			layers:   source{{"d/a.pkg=needs d/other", "d/other=x"}, {"-d/other"}},
			problems: []string{"unsupported d/a.pkg"},
		},
		{
			name:   "a file with its companion, and one that is gone",
			layers: source{{"d/a.pkg=needs d/other", "d/other->x", "e/a.pkg=needs e/other"}, {"-e/a.pkg"}},
		},
		{
			name:    "software that an OS package owns is that package",
			layers:  source{{"db/installed=os/a 1,owns a x/a.pkg", "x/a.pkg=up/nginx 1", "y.pkg=up/nginx 2"}},
			present: []string{"a@1 L0 db/installed", "nginx@2 L0 y.pkg"},
		},
		{
			name:    "software that a later layer put over an OS package's is nobody's",
			layers:  source{{"db/installed=os/a 1,owns a x/a.pkg", "x/a.pkg=up/nginx 1"}, {"x/a.pkg=up/nginx 2"}},
			present: []string{"a@1 L0 db/installed", "nginx@2 L1 x/a.pkg"},
		},
		{
			name:    "software of an OS package that is gone was that package",
			layers:  source{{"db/installed=os/a 1,owns a x/a.pkg", "x/a.pkg=up/nginx 1", "y.pkg=up/nginx 2"}, {"db/installed=", "-x", "-y.pkg"}},
			removed: []string{"a@1 L0 db/installed gone=L1", "nginx@2 L0 y.pkg gone=L1"},
		},
		{
			name:    "what a document states counts where nobody saw it",
			layers:  source{{"a.pkg=a 1,up/nginx 1.25.3", "b.pkg=says/npm/a 1,says/npm/a 2,says/Bitnami/nginx 1.25.3-4,says/Bitnami/redis 7.0.1,says/Debian/bash 5"}},
			present: []string{"redis@7.0.1 L0 b.pkg", "bash@5 L0 b.pkg", "nginx@1.25.3 L0 a.pkg", "a@1 L0 a.pkg", "a@2 L0 b.pkg"},
		},
		{
			name:    "a package database knows better than a document",
			layers:  source{{"db/installed=os/bash 5", "b.pkg=says/Debian/bash 4,says/Debian/zsh 1"}},
			present: []string{"bash@5 L0 db/installed"},
		},
		{
			name:   "a document that is gone stated nothing",
			layers: source{{"b.pkg=says/npm/a 1"}, {"-b.pkg"}},
		},
		{
			name:    "a whiteout removes a file",
			layers:  source{{"x/a.pkg=a 1"}, {"-x/a.pkg"}},
			removed: []string{"a@1 L0 x/a.pkg gone=L1"},
		},
		{
			name:    "a whiteout of a directory removes what is below",
			layers:  source{{"x/y/a.pkg=a 1"}, {}, {"-x"}},
			removed: []string{"a@1 L0 x/y/a.pkg gone=L2"},
		},
		{
			name:    "a whiteout does not reach its own layer, in whatever order",
			layers:  source{{"x/a.pkg=a 1"}, {"-x", "x/b.pkg=b 1"}, {"x/c.pkg=c 1"}},
			present: []string{"b@1 L1 x/b.pkg", "c@1 L2 x/c.pkg"},
			removed: []string{"a@1 L0 x/a.pkg gone=L1"},
		},
		{
			name:    "an opaque directory hides what the layers below have in it, not its own",
			layers:  source{{"x/a.pkg=a 1", "y.pkg=y 1"}, {"x/b.pkg=b 1", "x/.wh..wh..opq"}},
			present: []string{"b@1 L1 x/b.pkg", "y@1 L0 y.pkg"},
			removed: []string{"a@1 L0 x/a.pkg gone=L1"},
		},
		{
			name:    "a file that replaces a directory hides what was in it",
			layers:  source{{"x/y/a.pkg=a 1"}, {"x=file"}},
			removed: []string{"a@1 L0 x/y/a.pkg gone=L1"},
		},
		{
			name:    "a link that replaces a directory hides what was in it",
			layers:  source{{"x/a.pkg=a 1", "z/"}, {"x->z"}},
			removed: []string{"a@1 L0 x/a.pkg gone=L1"},
		},
		{
			name:    "a directory that replaces a file hides it",
			layers:  source{{"a.pkg=a 1"}, {"a.pkg/"}},
			removed: []string{"a@1 L0 a.pkg gone=L1"},
		},
		{
			name:    "a directory entry leaves what is below it in place",
			layers:  source{{"x/a.pkg=a 1"}, {"x/"}},
			present: []string{"a@1 L0 x/a.pkg"},
		},
		{
			name:    "of duplicate entries in a layer the last counts",
			layers:  source{{"a.pkg=a 1", "a.pkg=a 2"}},
			present: []string{"a@2 L0 a.pkg"},
		},
		{
			name:    "an entry that replaces a directory of its own layer takes what was in it",
			layers:  source{{"x/a.pkg=a 1", "x=file", "y/b.pkg=b 1"}},
			present: []string{"b@1 L0 y/b.pkg"},
		},
		{
			name:    "what is removed and comes back is there, from the layer that brought it back",
			layers:  source{{"a.pkg=a 1"}, {"-a.pkg"}, {"a.pkg=a 1"}},
			present: []string{"a@1 L2 a.pkg"},
		},
		{
			name:    "what moved is not removed",
			layers:  source{{"x/a.pkg=a 1"}, {"-x", "y/a.pkg=a 1"}},
			present: []string{"a@1 L1 y/a.pkg"},
		},
		{
			name:    "a package at two places of one layer is one with two pieces of evidence",
			layers:  source{{"x/a.pkg=a 1", "y/a.pkg=a 1"}, {"z/a.pkg=a 1"}},
			present: []string{"a@1 L0 x/a.pkg y/a.pkg", "a@1 L1 z/a.pkg"},
		},
		{
			name:    "a claimed place is followed through a link of its directory",
			layers:  source{{"real/installed=a 1", "db->real"}},
			present: []string{"a@1 L0 real/installed"},
		},
		{
			name:    "and through an absolute link, and a link of the file, across layers",
			layers:  source{{"state/v1=a 1", "db->/lib/db"}, {"lib/db/installed->../../state/v1"}, {"state/v1=a 1,b 1"}},
			present: []string{"a@1 L0 state/v1", "b@1 L2 state/v1"},
		},
		{
			name:    "a link that climbs out stays inside the root",
			layers:  source{{"etc/real=a 1", "db/installed->../../../../etc/real"}},
			present: []string{"a@1 L0 etc/real"},
		},
		{
			name:    "a claimed directory is followed through a link",
			layers:  source{{"var/real/one=a 1", "db/parts->../var/real"}, {"var/real/two=b 1"}},
			present: []string{"a@1 L0 var/real/one", "b@1 L1 var/real/two"},
		},
		{
			name:     "a circle of links is reported",
			layers:   source{{"db/installed->../x", "x->db/installed"}},
			problems: []string{"broken_link db/installed"},
		},
		{
			name:     "a claimed place that leads nowhere is reported",
			layers:   source{{"db/installed->/gone"}},
			problems: []string{"broken_link db/installed"},
		},
		{
			name:    "a file through a link of the same layer lands at the link's target",
			layers:  source{{"x->/y", "x/a.pkg=a 1"}, {"-y/a.pkg"}},
			removed: []string{"a@1 L0 y/a.pkg gone=L1"},
		},
		{
			name:    "a directory of an upper layer stands in for a link of a lower one, as overlay file systems show it",
			layers:  source{{"x->y", "y/b.pkg=b 1"}, {"x/a.pkg=a 1"}},
			present: []string{"a@1 L1 x/a.pkg", "b@1 L0 y/b.pkg"},
		},
		{
			name:    "a hard link to a claimed file is the same package",
			layers:  source{{"x/a.pkg=a 1", "y/b.pkg=>x/a.pkg"}},
			present: []string{"a@1 L0 x/a.pkg y/b.pkg"},
		},
		{
			name:    "a hard link to a file nobody claimed is read",
			layers:  source{{"x/blob=a 1", "y/b.pkg=>x/blob"}},
			present: []string{"a@1 L0 y/b.pkg"},
		},
		{
			name:    "a hard link into a lower layer is read, and belongs to its own layer",
			layers:  source{{"x/blob=a 1"}, {"y/b.pkg=>x/blob", "y/c.pkg=>x/blob"}},
			present: []string{"a@1 L1 y/b.pkg y/c.pkg"},
		},
		{
			name:    "a hard link to a hard link is the same file, also when the other names are gone",
			layers:  source{{"x/blob=a 1", "x/other=>x/blob", "y/b.pkg=>x/other"}, {"-x"}},
			present: []string{"a@1 L0 y/b.pkg"},
		},
		{
			name:    "of duplicate entries behind a link the last counts too",
			layers:  source{{"x/blob=a 1", "x/blob=a 2", "y/b.pkg=>x/blob", "real/installed=b 1", "real/installed=b 2", "db->real"}},
			present: []string{"a@2 L0 y/b.pkg", "b@2 L0 real/installed"},
		},
		{
			name:    "hard links chain across layers",
			layers:  source{{"x/blob=a 1", "x/other=>x/blob"}, {"x/more=>x/other"}, {"y/b.pkg=>x/more"}},
			present: []string{"a@1 L2 y/b.pkg"},
		},
		{
			name:    "the directories of a hard link's target are followed through links",
			layers:  source{{"lib->usr/lib", "usr/lib/blob=a 1"}, {"y/b.pkg=>lib/blob"}},
			present: []string{"a@1 L1 y/b.pkg"},
		},
		{
			name:    "a claimed name that is a link to a file is read",
			layers:  source{{"data/blob=a 1", "y/b.pkg->/data/blob"}},
			present: []string{"a@1 L0 y/b.pkg"},
		},
		{
			name:    "a link to a file that is claimed itself adds nothing",
			layers:  source{{"x/a.pkg=a 1", "y/b.pkg->../x/a.pkg"}},
			present: []string{"a@1 L0 x/a.pkg"},
		},
		{
			name:    "a file that a later layer wrote over an OS package's is not its any more",
			layers:  source{{"db/installed=os/deb 1,owns deb usr/lib/a.pkg", "usr/lib/a.pkg=a 1"}, {"usr/lib/a.pkg=a 2"}},
			present: []string{"deb@1 L0 db/installed", "a@2 L1 usr/lib/a.pkg"},
			removed: []string{"a@1 L0 usr/lib/a.pkg gone=L1"},
		},
		{
			name:     "a hard link to nothing is reported",
			layers:   source{{"-x/blob", "y/b.pkg=>x/blob"}},
			problems: []string{"broken_link y/b.pkg"},
		},
		{
			name:     "a layer that breaks off counts as far as it goes",
			layers:   source{{"a.pkg=a 1", "!corrupt", "b.pkg=b 1"}, {"c.pkg=c 1"}},
			present:  []string{"a@1 L0 a.pkg", "c@1 L1 c.pkg"},
			problems: []string{"corrupt "},
		},
		{
			name:     "a file that an extractor cannot read does not cost the others",
			layers:   source{{"a.pkg=a 1,nonsense", "b.pkg=panic 1", "c.pkg=c 1"}},
			present:  []string{"a@1 L0 a.pkg", "c@1 L0 c.pkg"},
			problems: []string{"unparsable a.pkg", "unparsable b.pkg"},
		},
		{
			name:   "a language package in an OS package's file has that owner",
			layers: source{{"db/installed=os/deb 1,owns deb usr/lib/a.pkg", "usr/lib/a.pkg=a 1", "usr/local/b.pkg=a 1"}},
			present: []string{
				"deb@1 L0 db/installed", "a@1 L0 usr/lib/a.pkg owner=deb", "a@1 L0 usr/local/b.pkg",
			},
		},
		{
			name:    "the owner is found where /lib is a link into /usr",
			layers:  source{{"lib->usr/lib", "db/installed=os/deb 1,owns deb lib/a.pkg", "usr/lib/a.pkg=a 1"}},
			present: []string{"deb@1 L0 db/installed", "a@1 L0 usr/lib/a.pkg owner=deb"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inv, err := extract.Run(t.Context(), c.layers, []extract.Extractor{lines{}}, extract.Options{})
			if err != nil {
				t.Fatal(err)
			}
			present, removed, problems := summary(inv)
			slices.Sort(present)
			slices.Sort(c.present)
			if d := cmp.Diff(c.present, present); d != "" {
				t.Errorf("present (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.removed, removed); d != "" {
				t.Errorf("removed (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.problems, problems); d != "" {
				t.Errorf("incomplete (-want +got):\n%s", d)
			}
		})
	}
}

func TestRunEndsOnWhatCannotBeReached(t *testing.T) {
	t.Parallel()
	_, err := extract.Run(t.Context(), source{{"a.pkg=a 1"}, {"!unreachable"}}, []extract.Extractor{lines{}}, extract.Options{})
	if !errors.Is(err, artifact.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := extract.Run(ctx, source{{"a.pkg=a 1"}}, []extract.Extractor{lines{}}, extract.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	big := layer{"big.pkg=" + strings.Repeat("a 1,", 1000), "a.pkg=a 1"}
	inv, err := extract.Run(t.Context(), source{big}, []extract.Extractor{lines{}},
		extract.Options{Limits: artifact.Limits{FileBytes: 100}})
	if err != nil {
		t.Fatal(err)
	}
	present, _, problems := summary(inv)
	if d := cmp.Diff([]string{"a@1 L0 a.pkg"}, present); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"file_too_large big.pkg"}, problems); d != "" {
		t.Error(d)
	}
}

// TestBufferBudget has files that together are larger than the budget, read by more walkers than fit: all are read, none waits for ever.
func TestBufferBudget(t *testing.T) {
	t.Parallel()
	var src source
	for i := range 8 {
		var l layer
		for k := range 20 {
			l = append(l, fmt.Sprintf("%d-%d.pkg=%s", i, k, strings.Repeat("a 1,", 1000)))
		}
		src = append(src, l)
	}
	inv, err := extract.Run(t.Context(), src, []extract.Extractor{lines{}},
		extract.Options{Workers: 8, Limits: artifact.Limits{FileBytes: 4500, BufferBytes: 4500}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range inv.Packages {
		n += len(p.Evidence)
	}
	if n != 8*20*1000 || len(inv.Incomplete) != 0 {
		t.Errorf("got %d sightings, %d incomplete", n, len(inv.Incomplete))
	}
}
