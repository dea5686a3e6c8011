// Package suse reads what SUSE publishes in the CSAF format (https://www.suse.com/support/security/csaf/): its security notices, and the VEX files that
// follow each CVE. It promises advisories about binary packages in the namespaces of SUSE Linux Enterprise and openSUSE Leap. All products that
// are built on one service pack share its namespace: the server, its modules and extensions, SLES for SAP, HPC, and long term support, without
// whose fixes a service pack would have none after its end.
//
// It leaves out products with packages of their own (Micro, Storage, OpenStack Cloud, Manager, Liberty Linux), vendors' rebuilds (Teradata, Raspberry Pi), and
// the packages that a VEX file declares not affected, of which there are millions: nothing else speaks of them. SUSE writes versions without their
// epoch, which its packages rarely have.
package suse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// New gives the feed of notices.
func New() feed.Feed { return source{} }

// VEX gives the feed of VEX files. They know what is affected without a fix, which the notices do not.
func VEX() feed.Feed { return source{vex: true} }

type source struct{ vex bool }

func (s source) Name() string {
	if s.vex {
		return "suse-vex"
	}
	return "suse"
}

func (source) About() feed.About {
	return feed.About{Publisher: "SUSE Product Security Team", License: "CC-BY-4.0", URL: "https://www.suse.com/support/security/csaf/"}
}

// Resources names upstream's archive, and for notices also one of those for SUSE Linux Enterprise alone, which only mirrors have.
func (s source) Resources() []feed.Resource {
	if s.vex {
		return []feed.Resource{{URL: "https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2", Path: "suse/csaf-vex.tar.bz2"}}
	}
	return []feed.Resource{
		{URL: "https://ftp.suse.com/pub/projects/security/csaf.tar.bz2", Path: "suse/csaf.tar.bz2", Optional: true},
		{URL: "https://ftp.suse.com/pub/projects/security/csaf/", Path: "suse/csaf-suse-su.tar.zst", Optional: true, MirrorOnly: true},
	}
}

// maxCVEs bounds what is remembered of a run.
const maxCVEs = 4 << 20

func (s source) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	var (
		f    feed.File
		path string
		err  error
	)
	for _, r := range s.Resources() {
		path = r.Path
		if f, err = raw.Open(path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer f.Close()
	// Every notice repeats what is known of the CVEs that it covers; once is enough.
	seen := map[string]struct{}{}
	once := func(a *vuln.Advisory) error {
		if !s.vex && strings.HasPrefix(a.ID, "CVE-") {
			if _, ok := seen[a.ID]; ok {
				return nil
			}
			if len(seen) >= maxCVEs {
				return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d CVEs", maxCVEs)}
			}
			seen[a.ID] = struct{}{}
		}
		return emit(a)
	}
	err = tarball.Parse(ctx, f, path, s.wanted, func() tarball.Decoder { return &decoder{feed: s.Name(), vex: s.vex} }, once, skip)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// wanted says whether a file of an archive is a security notice (and not one of other updates), or a VEX file.
func (s source) wanted(name string) bool {
	if !strings.HasSuffix(name, ".json") {
		return false
	}
	if s.vex {
		return strings.HasPrefix(name, "cve-")
	}
	return strings.HasPrefix(name, "suse-su-") || strings.HasPrefix(name, "opensuse-su-")
}
