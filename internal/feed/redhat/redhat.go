// Package redhat reads what Red Hat says of its packages: for each CVE, which versions mend it in which product, which packages are not affected, and
// which will not be mended. It reads both forms that Red Hat publishes, the CSAF VEX files (https://security.access.redhat.com/data/csaf/v2/vex/) and
// the records of its security data API (https://access.redhat.com/hydra/rest/securitydata/), into the same advisories: about source packages, in the
// namespace of the major release that Red Hat Enterprise Linux and CentOS share.
//
// What it takes is the main stream of RHEL 5 and later, with its optional repositories and Software Collections, whose packages have names of
// their own. It leaves out layered products (OpenShift, Satellite, JBoss, Virtualization, Fast Datapath, ...), whose packages share names with
// RHEL's but not versions; and containers and flatpaks. The streams after a release's end of life (ELS) count where the main stream has no fix.
//
// A fix in an update stream that holds on to an old minor release (EUS, AUS, TUS, E4S) has a lower version than the main stream's packages that still
// lack it. It is no end of what is affected, but a gap in it, from the fix to where the main stream goes on: "2.28-189.6.el8_6" mends what comes before
// "2.28-190", "8.7p1-30.el9_2.4" what comes before "8.7p1-30.el9_3", "3.10.0-957.92.1.el7" what comes before "3.10.0-958". The fix to install remains the
// main stream's. Where neither the dist tag nor a count behind the release's first number tells the stream's minor release (shim), or the main stream is
// mended in the same one, the builds cannot be told apart, and the mended ones are taken for affected as before.
package redhat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// The archives' places in a mirror.
const (
	vexPath = "redhat/csaf_vex.tar.zst"
	cvePath = "redhat/hydra-rest-securitydata-cve.tar.zst"
)

// New gives the feed. It reads the archive of VEX files, or where there is none an archive of the API's records; of both, the VEX files are
// newer and say more, above all which packages a module's fix is made of.
func New() feed.Feed { return source{} }

type source struct{}

func (source) Name() string { return "redhat" }

func (source) About() feed.About {
	return feed.About{
		Publisher: "Red Hat Product Security", License: "CC-BY-4.0", URL: "https://access.redhat.com/security/data",
	}
}

// Resources names both archives. That of the VEX files carries the day in its name; the API has records only one by one, so that an archive of them
// comes from mirrors.
func (source) Resources() []feed.Resource {
	return []feed.Resource{
		{
			URL: "https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt", Path: vexPath, Optional: true,
			Index: []feed.Step{{Kind: feed.NameIndex, Want: ".tar.zst"}},
		},
		{URL: "https://access.redhat.com/hydra/rest/securitydata/cve.json", Path: cvePath, Optional: true, MirrorOnly: true},
	}
}

func (s source) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	path := vexPath
	f, err := raw.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = cvePath
		f, err = raw.Open(path)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer f.Close()
	var modules atomic.Int64
	err = tarball.Parse(ctx, f, path, wanted, func() tarball.Decoder {
		if path == vexPath {
			return vexDecoder{s.Name()}
		}
		return cveDecoder{feed: s.Name(), modules: &modules}
	}, emit, skip)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if n := modules.Load(); n > 0 {
		skip(feed.Skipped{Path: path, Record: "modules", Reason: fmt.Sprintf("%d fixes of module streams do not tell which packages they mend; the VEX files do", n)})
	}
	return nil
}

// wanted says whether a file of an archive is a record: "cve-2024-1.json", in any case.
func wanted(name string) bool {
	return len(name) > 4 && strings.EqualFold(name[:4], "CVE-") && strings.HasSuffix(name, ".json")
}
