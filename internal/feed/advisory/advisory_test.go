package advisory_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/advisory"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const (
	rubyPath    = "github/rubysec/ruby-advisory-db/master.tar.gz"
	phpPath     = "github/FriendsOfPHP/security-advisories/master.tar.gz"
	pypaPath    = "github/pypa/advisory-database/main.tar.gz"
	rustPath    = "github/RustSec/advisory-db/osv.tar.gz"
	haskellPath = "github/haskell/security-advisories/main.tar.gz"
	k8sPath     = "github/aquasecurity/vuln-list-k8s/main.tar.gz"
	k8sFeed     = "kubernetes/official-cve-feed/index.json"
)

// archive packs files into a tar archive, in order: name, text, name, text.
func archive(files ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "repo-main/" + files[i], Mode: 0o644, Size: int64(len(files[i+1]))})
		_, _ = w.Write([]byte(files[i+1]))
	}
	_ = w.Close()
	return b.Bytes()
}

// line writes what an advisory says in one line: id, other names, state, ratings, and of each package its ranges.
func line(a *vuln.Advisory) string {
	var b strings.Builder
	b.WriteString(a.ID)
	for _, n := range a.Aliases {
		b.WriteString(" =" + n)
	}
	if a.State != "" {
		fmt.Fprintf(&b, " %s", a.State)
	}
	for _, r := range a.Ratings {
		fmt.Fprintf(&b, " %s:%.1f", r.Version, r.Score)
	}
	if !a.Published.IsZero() {
		b.WriteString(" " + a.Published.Format("2006-01-02"))
	}
	for _, af := range a.Affected {
		fmt.Fprintf(&b, " | %s %s", af.Namespace, af.Package)
		for _, r := range af.Ranges {
			switch {
			case r.Fixed != "":
				fmt.Fprintf(&b, " [%s,%s)", r.Introduced, r.Fixed)
			case r.LastAffected != "":
				fmt.Fprintf(&b, " [%s,%s]", r.Introduced, r.LastAffected)
			case r.Limit != "":
				fmt.Fprintf(&b, " [%s,%s|", r.Introduced, r.Limit)
			default:
				fmt.Fprintf(&b, " [%s,", r.Introduced)
			}
		}
		for _, im := range af.Imports {
			b.WriteString(" +" + im.Path)
		}
	}
	return b.String()
}

// holds says whether a version is affected.
func holds(t testing.TB, eco purl.Ecosystem, af *vuln.Affected, v string) bool {
	t.Helper()
	compare := func(o string) int {
		c, err := version.Compare(eco, v, o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return slices.Contains(af.Versions, v) || slices.ContainsFunc(af.Ranges, func(r vuln.Range) bool {
		return (r.Introduced == "0" || compare(r.Introduced) >= 0) && (r.Fixed == "" || compare(r.Fixed) < 0) &&
			(r.Limit == "" || compare(r.Limit) < 0) && (r.LastAffected == "" || compare(r.LastAffected) <= 0)
	})
}

const rubyText = `---
gem: activerecord
framework: rails
cve: 2022-44566
ghsa: 579w-22j4-4749
url: https://github.com/rails/rails/releases/tag/v7.0.4.1
title: Denial of Service
  in ActiveRecord
date: 2023-01-18
description: |
  There is a potential denial of service.

  More.
cvss_v3: 7.5
unaffected_versions:
  - "<= 5.0.1"
patched_versions:
  - "~> 5.2.8"
  - "~> 6.1.7, >= 6.1.7.1"
  - ">= 7.0.4.1"
related:
  url:
    - https://github.com/rails/rails/releases/tag/v7.0.4.1
    - https://example.com/a
`

const phpText = `title:     Disallow non closures
link:      https://symfony.com/blog/x
cve:       ~
branches:
    1.x:
        time:     ~
        versions: ['<2.0.0']
    2.x:
        time:     2022-02-04 06:52:21
        versions: ['>=2.0.0', '<2.14.11']
    3.x:
        time:     2022-02-03 06:54:44
        versions: ['>3.0.0', '<=3.3.8']
reference: composer://Twig/twig
`

const pypaText = "id: PYSEC-2021-335\ndetails: A module\n  of Zope.\naffected:\n- package:\n    name: AccessControl\n    ecosystem: PyPI\n  ranges:\n  - type: GIT\n    events:\n    - introduced: \"0\"\n" +
	"  - type: ECOSYSTEM\n    events:\n    - introduced: \"4.0\"\n    - fixed: \"4.3\"\n  versions: [\"4.0\"]\naliases:\n- CVE-2021-32807\nmodified: \"2021-09-26T23:32:08.989778Z\"\npublished: \"2021-07-30T22:15:00Z\"\n"

const haskellText = "```toml\n[advisory]\nid = \"HSEC-2023-0007\"\ncwe = [1284, 789]\naliases = [\"CVE-2023-1000\"]\ndate = 2023-06-19\n[[affected]]\npackage = \"base\"\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n" +
	"[[affected.versions]]\nintroduced = \"3.0.3.1\"\n[[affected]]\nghc-component = \"ghc\"\n[[affected.versions]]\nintroduced = \"9.0.1\"\nfixed = \"9.2.4\"\n[[references]]\ntype = \"REPORT\"\nurl = \"https://example.com/\"\n```\n\n# readFloat: `a`\n\nText.\n"

const k8sText = `{"id":"CVE-2020-8551","published":"2020-03-23T18:35:34Z","summary":"s","affected":[{"package":{"ecosystem":"kubernetes","name":"k8s.io/kubelet"},
"severity":[{"type":"CVSS_V3","score":"CVSS:3.0/AV:N/AC:H/PR:H/UI:N/S:U/C:H/I:H/A:N"}],"ranges":[{"type":"SEMVER","events":[{"introduced":"1.15.0"},{"fixed":"1.15.10"}]}]},
{"package":{"ecosystem":"kubernetes","name":"sigs.k8s.io/azurefile-csi-driver"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"last_affected":"1.29.3"}]}]}]}`

const k8sItems = `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"CVE-2020-8551","summary":"Kubelet DoS","content_text":"CVSS Rating: CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
"url":"https://github.com/kubernetes/kubernetes/issues/89377","external_url":"https://www.cve.org/cverecord?id=CVE-2020-8551","date_published":"2020-03-23T18:34:40Z"},{"id":"x"}]}`

func TestFeeds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		feed    feed.Feed
		files   feedtest.Files
		want    []string
		skipped int
	}{
		{
			advisory.RubySec(),
			feedtest.Files{rubyPath: archive("gems/a/CVE-2022-44566.yml", rubyText,
				"rubies/ruby/OSVDB-1.yml", "engine: ruby\nosvdb: 1\ntitle: x\ndate: 2012-01-02\npatched_versions: ['~> 2.0.0.p5', '>= 3.0']\n",
				"gems/b/CVE-2000-0001.yml", "gem: b\ncve: 2000-0001\nunaffected_versions: ['>= 0']\n", "gems/b/CVE-2000-0002.yml", "gem: b\ncve: 2000-0002\npatched_versions: ['!= 3']\n",
				"gems/b/CVE-2000-0003.yml", "gem: ../b\ncve: 2000-0003\n", "gems/b/CVE-2000-0004.yml", "gem: b\ncve: 2000-0004\n", "x.yml", "gem: b\n", ".rubocop.yml", "a: b\n")},
			[]string{
				"CVE-2022-44566 =GHSA-579w-22j4-4749 3.0:7.5 2023-01-18 | RubyGems activerecord [5.0.1.0.1,5.2.8) [5.3.A,6.1.7.1) [6.2.A,7.0.4.1)",
				"OSVDB-1 2012-01-02 | Upstream ruby [0,2.0.0.p5) [2.1,3.0)",
				"CVE-2000-0001",
				"CVE-2000-0004 | RubyGems b [0,",
			},
			3,
		},
		{
			advisory.FriendsOfPHP(),
			feedtest.Files{phpPath: archive("twig/twig/2022-02-04.yaml", phpText, ".github/workflows/php.yaml", "name: x\njobs:\n  a: b\n",
				"a/b/CVE-2000-0001.yaml", "cve: cve-2000-0001\nreference: composer://a/b\nbranches: {}\n",
				"a/b/SS-2015-001.yaml", "reference: composer://a/b\nbranches:\n  1:\n    versions: ['=1.0']\n", "a/b/2.yaml", "reference: composer://a/b\nbranches:\n  1:\n    versions: ['>1.0', '<1.0']\n")},
			[]string{
				"FriendsOfPHP/twig/twig/2022-02-04 2022-02-04 | Packagist twig/twig [0,2.0.0| [2.0.0,2.14.11) [3.0.0-patch,3.3.8]",
				"SS-2015-001 | Packagist a/b [1.0,1.0]",
			},
			2,
		},
		{
			advisory.PyPA(),
			feedtest.Files{pypaPath: archive("vulns/a/PYSEC-2021-335.yaml", pypaText, "vulns/a/PYSEC-2021-336.yaml", "- a\n", "vulns/b.yaml", "x")},
			[]string{"PYSEC-2021-335 =CVE-2021-32807 2021-07-30 | PyPI accesscontrol [4.0,4.3)"},
			1,
		},
		{
			advisory.RustSec(),
			feedtest.Files{rustPath: archive("crates/RUSTSEC-2021-0001.json",
				`{"id":"RUSTSEC-2021-0001","affected":[{"package":{"ecosystem":"crates.io","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0.0.0-0"},{"fixed":"1.0.0"}]}]}]}`)},
			[]string{"RUSTSEC-2021-0001 | crates.io a [0.0.0-0,1.0.0)"},
			0,
		},
		{
			advisory.Haskell(),
			feedtest.Files{haskellPath: archive("advisories/hackage/base/HSEC-2023-0007.md", "../../published/2023/HSEC-2023-0007.md",
				"advisories/published/2023/HSEC-2023-0007.md", haskellText, "advisories/reserved/HSEC-2023-0008.md", "", "advisories/published/HSEC-2023-0009.md", "# no TOML\n")},
			[]string{"HSEC-2023-0007 =CVE-2023-1000 3.1:7.5 2023-06-19 | Hackage base [3.0.3.1, | GHC ghc [9.0.1,9.2.4)"},
			1,
		},
		{
			advisory.Kubernetes(),
			feedtest.Files{k8sPath: archive("upstream/CVE-2020-8551.json", k8sText), k8sFeed: []byte(k8sItems)},
			[]string{
				"CVE-2020-8551 3.0:5.9 2020-03-23 | Kubernetes k8s.io/kubelet [1.15.0,1.15.10) | Kubernetes sigs.k8s.io/azurefile-csi-driver [0,1.29.3]" +
					" | Go k8s.io/kubernetes [1.15.0,1.15.10) +k8s.io/kubernetes/cmd/kubelet/app | Go sigs.k8s.io/azurefile-csi-driver [0,1.29.3]",
				"CVE-2020-8551 3.0:4.3 2020-03-23",
			},
			1,
		},
	} {
		t.Run(tt.feed.Name(), func(t *testing.T) {
			t.Parallel()
			said, skipped, err := feedtest.Parse(t, tt.feed, tt.files)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, a := range said {
				got = append(got, line(a))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if len(skipped) != tt.skipped {
				t.Errorf("skipped %v", skipped)
			}
			if a := tt.feed.About(); a.License == "" || a.Publisher == "" || !strings.HasPrefix(a.URL, "https://") {
				t.Errorf("%+v", a)
			}
			feedtest.Run(t, tt.feed, tt.files)
		})
	}
}

// TestOnlyTheOfficialFeed: either file of Kubernetes is enough.
func TestOnlyTheOfficialFeed(t *testing.T) {
	t.Parallel()
	said, _, err := feedtest.Parse(t, advisory.Kubernetes(), feedtest.Files{k8sFeed: []byte(k8sItems)})
	if err != nil || len(said) != 1 || said[0].Title != "Kubelet DoS" || len(said[0].References) != 2 {
		t.Errorf("%v, %v", said, err)
	}
}
