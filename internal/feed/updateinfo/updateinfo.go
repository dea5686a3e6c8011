// Package updateinfo reads the notices that rpm repositories carry for yum and dnf (repodata's updateinfo.xml), as Amazon Linux and Fedora publish
// them. It promises one advisory for each security notice that names a CVE, about binary packages whatever their architecture, with the stream
// where a notice is about a module. Notices without a CVE and those of bugs and enhancements are left out.
package updateinfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Repository is a repository's file of notices.
type Repository struct {
	Namespace  string // "Fedora:40"
	Path, URL  string // as in feed.Resource, and so the others
	Index      []feed.Step
	MirrorOnly bool
}

// New gives a feed of repositories, each of which may be missing in a mirror.
func New(name string, about feed.About, repositories []Repository) feed.Feed {
	return source{name, about, repositories}
}

// ofRepository leads from a repository's repodata/repomd.xml to its notices.
func ofRepository() feed.Step { return feed.Step{Kind: feed.RepoIndex, Want: "updateinfo"} }

// ofMirrors leads there from a mirror.list.
func ofMirrors() []feed.Step {
	return []feed.Step{{Kind: feed.BaseIndex, Want: "repodata/repomd.xml"}, ofRepository()}
}

// topics lists the extras of Amazon Linux 2 that had notices. Their release has come to its end: there will be few others.
const topics = "ansible2 corretto8 dnsmasq docker ecs firefox golang1.19 haproxy2 httpd_modules java-openjdk11 kernel-5.10 kernel-5.15 kernel-5.4 " +
	"libreoffice livepatch lynis mariadb10.5 mate-desktop1.x mono nginx1 php8.0 php8.1 php8.2 postgresql11 postgresql12 postgresql13 postgresql14 " +
	"python3.8 redis6 ruby2.6 ruby3.0 selinux-ng squid4 tomcat8.5 tomcat9 unbound"

func extras() []Repository {
	var list []Repository
	for topic := range strings.FieldsSeq(topics) {
		list = append(list, Repository{
			Namespace: string(purl.Amazon) + ":2",
			Path:      "amazon/2/extras/" + topic + "/updateinfo.xml.gz",
			URL:       "https://cdn.amazonlinux.com/2/extras/" + topic + "/latest/x86_64/mirror.list",
			Index:     ofMirrors(),
		})
	}
	return list
}

// Amazon gives the feed of Amazon Linux, whose repositories lie below a path that changes with each release and is told by a mirror.list. Only mirrors
// have the notices of Amazon Linux 1, which Amazon serves without encryption, and those of the extras of Amazon Linux 2 as one file, where upstream
// has a repository for each topic.
func Amazon() feed.Feed {
	list := make([]Repository, 0, 64)
	for _, r := range []struct {
		release, repo, url string
		mirror             bool
	}{
		{"1", "updates", "https://alas.aws.amazon.com/index.html", true},
		{"2", "core", "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list", false},
		{"2", "extras", "https://cdn.amazonlinux.com/2/extras-catalog.json", true},
		{"2022", "core", "https://cdn.amazonlinux.com/al2022/core/mirrors/latest/x86_64/mirror.list", false},
		{"2023", "core", "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list", false},
		{"2023", "kernel-livepatch", "https://cdn.amazonlinux.com/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list", false},
	} {
		at := Repository{
			Namespace:  string(purl.Amazon) + ":" + r.release,
			Path:       "amazon/" + r.release + "/" + r.repo + "/updateinfo.xml.gz",
			URL:        r.url,
			MirrorOnly: r.mirror,
		}
		if !r.mirror {
			at.Index = ofMirrors()
		}
		list = append(list, at)
	}
	core := slices.IndexFunc(list, func(r Repository) bool { return r.Path == "amazon/2/core/updateinfo.xml.gz" })
	list = slices.Insert(list, core+1, extras()...)
	return New("amazon", feed.About{Publisher: "Amazon Web Services", License: "no licence stated", URL: "https://alas.aws.amazon.com/"}, list)
}

// The releases of Fedora to look for. A mirror need not have all of them.
const (
	firstFedora    = 36
	archivedFedora = 41 // the last that upstream has only in its archive
	lastFedora     = 46
)

// Fedora gives the feed of Fedora's updates. Its files are named by their checksum, which repomd.xml tells. Releases up to about 40 are
// published only in forms that are not read, xz and zchunk: those come from mirrors that pack them otherwise, and a fetch says so.
func Fedora() feed.Feed {
	var list []Repository
	for n := firstFedora; n <= lastFedora; n++ {
		tree := "fedora"
		if n <= archivedFedora {
			tree = "archive/fedora"
		}
		list = append(list, Repository{
			Namespace: fmt.Sprintf("%s:%d", purl.Fedora, n),
			Path:      fmt.Sprintf("fedora/%d/updateinfo.xml.zst", n),
			URL:       fmt.Sprintf("https://dl.fedoraproject.org/pub/%s/linux/updates/%d/Everything/x86_64/repodata/repomd.xml", tree, n),
			Index:     []feed.Step{ofRepository()},
		})
	}
	return New("fedora", feed.About{Publisher: "Fedora Project", License: "no licence stated", URL: "https://bodhi.fedoraproject.org/"}, list)
}

type source struct {
	name         string
	about        feed.About
	repositories []Repository
}

func (s source) Name() string      { return s.name }
func (s source) About() feed.About { return s.about }

func (s source) Resources() []feed.Resource {
	out := make([]feed.Resource, len(s.repositories))
	for i, r := range s.repositories {
		out[i] = feed.Resource{URL: r.URL, Path: r.Path, Optional: true, Index: r.Index, MirrorOnly: r.MirrorOnly}
	}
	return out
}

func (s source) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	files, core, told := 0, map[string]bool{}, map[string]string{}
	// A notice that two repositories of a release carry is told once.
	once := func(r Repository) func(*vuln.Advisory) error {
		return func(a *vuln.Advisory) error {
			key := r.Namespace + "\x00" + a.ID
			if in, ok := told[key]; ok && in != r.Path {
				return nil
			}
			if len(told) < maxTold {
				told[key] = r.Path
			}
			return emit(a)
		}
	}
	for _, r := range s.repositories {
		err := s.file(ctx, raw, r, core, once(r), skip)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", r.Path, err)
		}
		files++
	}
	if files == 0 {
		return fmt.Errorf("reading the repositories of %s: %w", s.name, fs.ErrNotExist)
	}
	return nil
}

func (s source) file(ctx context.Context, raw feed.Raw, at Repository, core map[string]bool,
	emit func(*vuln.Advisory) error, skip func(feed.Skipped),
) error {
	f, err := raw.Open(at.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := tarball.Unpack(f)
	if err != nil {
		return err
	}
	defer r.Close()
	c := &converter{feed: s.name, at: at, core: core, names: map[string]string{}}
	read, skipped := 0, 0
	for u, err := range notices(r) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := c.advisory(u)
		if err != nil {
			skipped++
			skip(feed.Skipped{Path: at.Path, Record: record(u, read+skipped), Reason: err.Error()})
			continue
		}
		read++
		if a == nil {
			continue
		}
		if err := emit(a); err != nil {
			return err
		}
	}
	if skipped > 0 && read == 0 {
		return fmt.Errorf("%w: none of %d notices could be understood", artifact.ErrCorrupt, skipped)
	}
	return nil
}

func record(u *update, n int) string {
	if id := strings.TrimSpace(u.id); id != "" && len(id) < 100 {
		return id
	}
	return fmt.Sprintf("notice %d", n)
}
