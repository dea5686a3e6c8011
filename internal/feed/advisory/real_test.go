package advisory_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/advisory"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestReal reads the real archives. The counts are those of their files; the lines were checked by hand against the records.
func TestReal(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	for _, tt := range []struct {
		feed feed.Feed
		n    int
		want string
	}{
		{advisory.RubySec(), 1381, `
CVE-2014-2322 =GHSA-hgmw-x865-hf9x =OSVDB-104365 2.0:7.5 2014-03-10 | RubyGems Arabic-Prawn [0,
CVE-2012-2660 =GHSA-hgpp-pp89-4fgf =OSVDB-82610 2.0:7.5 2012-05-31 | RubyGems activerecord [0,2.3.16) [2.4.A,3.0.13) [3.1.A,3.1.5) [3.2.A,3.2.4)
CVE-2019-8331 =GHSA-9v3m-8fp8-mj99 3.0:6.1 2.0:4.3 2019-02-15 | RubyGems bootstrap-sass [0,3.4.1)
CVE-2026-33637 =GHSA-5rv5-xj5j-3484 3.0:6.5 2026-05-18 | RubyGems faraday [2.0.0,2.14.2)
CVE-2022-32511 =GHSA-5c5f-7vfq-3732 3.0:9.8 2.0:7.5 2022-06-07 | RubyGems jmespath [0,1.6.1)
CVE-2026-67430 =GHSA-52jp-gj8w-j6xh 3.0:5.3 2026-07-07 | RubyGems mcp [0,0.23.0)
CVE-2026-54899 =GHSA-2cw7-v8ff-p88r 4.0:8.7 2026-06-19 | RubyGems oj [0,3.17.3)
CVE-2021-29509 =GHSA-q28m-8xjw-8vr5 3.0:7.5 2021-05-11 | RubyGems puma [0,4.3.8) [4.4.A,5.3.1)
CVE-2019-8321 =GHSA-fr32-gr5c-xq5c 3.0:7.5 2019-03-05 | RubyGems rubygems-update [2.6,2.7.9) [2.8.A,3.0.3)
CVE-2013-4478 =GHSA-5f2p-6vjv-2q2m =OSVDB-99074 2.0:6.8 2013-10-29 | RubyGems sup [0,0.13.2.1) [0.13.3.A,0.14.1.1)
CVE-2022-44566 =GHSA-579w-22j4-4749 3.0:7.5 2023-01-18 | RubyGems activerecord [0,5.2.8) [5.3.A,6.1.7.1) [6.2.A,7.0.4.1)
CVE-2024-27282 =GHSA-63cq-cj6g-qfr2 3.0:6.6 2024-04-23 | Upstream ruby [0,3.0.7) [3.1,3.1.5) [3.2,3.2.4) [3.3,3.3.1)
CVE-2025-7207 =GHSA-48pr-6hvf-39v3 4.0:4.4 3.0:5.5 2.0:1.7 2025-07-08 | Upstream mruby [0,4.0.0)`},
		{advisory.FriendsOfPHP(), 1592, `
FriendsOfPHP/3f/pygmentize/2017-05-15 2017-05-15 | Packagist 3f/pygmentize [0,1.2)
CVE-2015-5723 2015-08-31 | Packagist doctrine/mongodb-odm [1.0.0,1.0.2)
CVE-2017-6381 2017-03-15 | Packagist drupal/drupal [8.0,8.1.0) [8.1.0,8.2.0) [8.2.0,8.2.7)
CVE-2021-21263 2020-01-13 | Packagist illuminate/database [6.0.0,6.20.12) [7.0.0,7.30.3) [8.0.0,8.22.1)
CVE-2021-27911 2021-08-30 | Packagist mautic/core [0,4.0.0) [3.3.0,3.3.4) [3.2.0,3.3.0| [3.1.0,3.2.0| [3.0.0,3.1.0|
CVE-2022-0768 2022-02-27 | Packagist rudloff/alltube [0,3.0.2)
CVE-2023-28104 2023-03-15 | Packagist silverstripe/graphql [4.1.1,4.1.2) [4.2.2,4.2.3)
CVE-2019-18886 2019-11-13 | Packagist symfony/symfony [4.1.0,4.2.0| [4.2.0,4.2.12) [4.3.0,4.3.8)
CVE-2026-48805 2026-05-27 | Packagist twig/twig [1.0.0,2.0.0| [2.0.0,3.0.0| [3.0.0,3.27.0)
FriendsOfPHP/typo3/cms/2016-02-23-4 2016-02-23 | Packagist typo3/cms [6.2.0,6.2.19) [7.6.0,7.6.4)`},
		{advisory.PyPA(), 2661, `
PYSEC-2021-335 =CVE-2021-32807 =GHSA-qcx9-j53g-ccgf 2021-07-30 | PyPI accesscontrol [4.0,4.3) [5.0,5.2)
PYSEC-2021-869 =CVE-2021-4162 =GHSA-9236-8w7q-rmrv 2021-12-25 | PyPI archivy [0,1.6.2)
PYSEC-2007-1 =CVE-2007-5712 2007-10-30 | PyPI django [0,1.1)
PYSEC-2023-15 =CVE-2023-26043 =GHSA-mcmc-c59m-pqq8 2023-02-27 | PyPI geonode [0,4.0.3)
PYSEC-2023-64 =CVE-2023-31143 =GHSA-c6mm-2g84-v4m7 2023-05-09 | PyPI mage-ai [0.8.34,0.8.72)
PYSEC-2023-163 =CVE-2023-39631 3.1:9.8 2023-09-01 | PyPI numexpr [0,
PYSEC-2014-66 =CVE-2013-7061 2014-05-02 | PyPI plone [3.3,4.3.3)
PYSEC-2022-273 =CVE-2022-3175 =GHSA-ch4c-278q-5654 2022-09-13 | PyPI rdiffweb [0,2.4.2)
PYSEC-2024-21 =CVE-2024-0936 3.1:8.8 2024-01-26 | PyPI temporai [0,
PYSEC-2021-600 =CVE-2021-37687 =GHSA-jwf9-w5xm-f437 2021-08-12 | PyPI tensorflow-cpu [2.3.0,2.3.4) [2.4.0,2.4.3)
PYSEC-2020-124 =CVE-2020-15201 =GHSA-p5f8-gfw5-33w4 2020-09-25 | PyPI tensorflow [0,2.3.1)`},
		{advisory.Haskell(), 35, `
HSEC-2023-0001 =CVE-2022-3433 3.1:6.5 | Hackage aeson [0.4.0.0,2.0.1.0)
HSEC-2023-0004 =CVE-2021-4249 3.1:7.5 | Hackage xml-conduit [0.5.0,1.9.1.0)
HSEC-2023-0005 =CVE-2013-0243 3.1:9.1 | Hackage tls-extra [0.1.0,0.4.6.1)
HSEC-2023-0007 3.1:7.5 | Hackage base [3.0.3.1, | Hackage toml-reader [0.1.0.0,0.2.0.0)
HSEC-2023-0009 =CVE-2017-12976 3.0:8.8 | Hackage git-annex [0,6.20170818)
HSEC-2023-0010 =CVE-2018-10857 3.0:5.9 | Hackage git-annex [0,6.20180626)
HSEC-2023-0013 =CVE-2014-6274 3.1:8.8 | Hackage git-annex [0.20110401,5.20140919)
HSEC-2024-0002 =CVE-2019-12900 3.0:4.0 | Hackage bzlib [0.4,0.5.2.0) | Hackage bz2 [0.1.0.0,1.0.1.1) | Hackage bzlib-conduit [0.1.0.0,0.3.0.3)
HSEC-2024-0007 3.1:6.8 | GHC ghc [9.2.4,9.2.5) [9.4.2,9.4.3)
HSEC-2024-0008 3.1:6.8 | GHC ghc [9.2.1,9.6.6) [9.8.1,9.8.3) [9.10.1,9.10.2)
HSEC-2025-0002 3.1:7.7 | Hackage cryptonite [0.1, | Hackage crypton [0.31,1.0.3)
HSEC-2026-0007 3.1:7.5 | Hackage aeson [0.12.0.0,2.3.0.0) | Hackage text-iso8601 [0.1,0.2.0.0)`},
		{advisory.Kubernetes(), 44, `
CVE-2018-1002102 3.1:2.6 2019-12-03 | Kubernetes k8s.io/apiserver [0,1.12.2) | Go k8s.io/kubernetes [0,1.12.2) +k8s.io/kubernetes/cmd/kube-apiserver/app
CVE-2019-11244 3.0:3.3 2019-04-16 | Kubernetes k8s.io/kubectl [1.8.0,1.12.9) [1.13.0,1.13.7) [1.14.0,1.14.3) | Go k8s.io/kubernetes [1.8.0,1.12.9) [1.13.0,1.13.7) [1.14.0,1.14.3) +k8s.io/kubectl/pkg/cmd +k8s.io/kubernetes/pkg/kubectl/cmd
CVE-2019-11249 3.0:4.8 2019-08-05 | Kubernetes k8s.io/kubectl [1.0.0,1.13.9) [1.14.0,1.14.5) [1.15.0,1.15.2) | Go k8s.io/kubernetes [1.0.0,1.13.9) [1.14.0,1.14.5) [1.15.0,1.15.2) +k8s.io/kubectl/pkg/cmd +k8s.io/kubernetes/pkg/kubectl/cmd
CVE-2019-11254 3.1:6.5 2020-03-26 | Kubernetes k8s.io/apiserver [0,1.15.10) [1.16.0,1.16.7) [1.17.0,1.17.3) | Go k8s.io/kubernetes [0,1.15.10) [1.16.0,1.16.7) [1.17.0,1.17.3) +k8s.io/kubernetes/cmd/kube-apiserver/app
CVE-2020-8557 3.1:5.5 2020-07-13 | Kubernetes k8s.io/kubelet [0,1.16.13) [1.17.0,1.17.9) [1.18.0,1.18.6) | Go k8s.io/kubernetes [0,1.16.13) [1.17.0,1.17.9) [1.18.0,1.18.6) +k8s.io/kubernetes/cmd/kubelet/app
CVE-2020-8564 3.0:4.7 2020-10-15 | Kubernetes k8s.io/kubernetes [1.17.0,1.17.13) [1.18.0,1.18.10) [1.19.0,1.19.3) | Go k8s.io/kubernetes [1.17.0,1.17.13) [1.18.0,1.18.10) [1.19.0,1.19.3)
CVE-2021-25737 3.1:2.7 2021-05-18 | Kubernetes k8s.io/apiserver [1.16.0,1.18.19) [1.19.0,1.19.11) [1.20.0,1.20.7) [1.21.0,1.21.1) | Go k8s.io/kubernetes [1.16.0,1.18.19) [1.19.0,1.19.11) [1.20.0,1.20.7) [1.21.0,1.21.1) +k8s.io/kubernetes/cmd/kube-apiserver/app
CVE-2022-3172 3.1:5.1 2022-09-16 | Kubernetes k8s.io/apiserver [0,1.21.14) [1.22.0,1.22.14) [1.23.0,1.23.11) [1.24.0,1.24.5) [1.25.0,1.25.1) | Go k8s.io/kubernetes [0,1.21.14) [1.22.0,1.22.14) [1.23.0,1.23.11) [1.24.0,1.24.5) [1.25.0,1.25.1) +k8s.io/kubernetes/cmd/kube-apiserver/app
CVE-2023-2728 3.1:6.5 2023-06-13 | Kubernetes k8s.io/apiserver [0,1.24.15) [1.25.0,1.25.11) [1.26.0,1.26.6) [1.27.0,1.27.3) | Go k8s.io/kubernetes [0,1.24.15) [1.25.0,1.25.11) [1.26.0,1.26.6) [1.27.0,1.27.3) +k8s.io/kubernetes/cmd/kube-apiserver/app
CVE-2023-3955 3.1:8.8 2023-07-14 | Kubernetes k8s.io/kubelet [1.24.0,1.24.17) [1.25.0,1.25.13) [1.26.0,1.26.8) [1.27.0,1.27.5) [1.28.0,1.28.1) | Go k8s.io/kubernetes [1.24.0,1.24.17) [1.25.0,1.25.13) [1.26.0,1.26.8) [1.27.0,1.27.5) [1.28.0,1.28.1) +k8s.io/kubernetes/cmd/kubelet/app`},
	} {
		t.Run(tt.feed.Name(), func(t *testing.T) {
			t.Parallel()
			said, skipped, err := feedtest.Parse(t, tt.feed, raw)
			if err != nil {
				t.Fatal(err)
			}
			if len(said) != tt.n || len(skipped) > 0 {
				t.Errorf("%d advisories, skipped %v", len(said), skipped)
			}
			lines := map[string]bool{}
			for _, a := range said {
				lines[line(a)] = true
				if a.Title == "" && a.Details == "" {
					t.Errorf("%s says nothing", a.ID)
				}
			}
			for want := range strings.SplitSeq(strings.TrimSpace(tt.want), "\n") {
				if !lines[want] {
					id, _, _ := strings.Cut(want, " ")
					for l := range lines {
						if strings.HasPrefix(l, id+" ") {
							t.Logf("there is %s", l)
						}
					}
					t.Errorf("there is no %s", want)
				}
			}
		})
	}
}

// question is a package of an advisory with versions to ask for, and what the feed says of them.
type question struct {
	Name   string   `json:"name"`
	Safe   []string `json:"safe"`   // requirements that free a version of it
	Broken []string `json:"broken"` // constraints of which one holds for an affected version
	Ask    []string `json:"ask"`
	feed   []bool
}

// ask puts the questions to a program that prints a line of 0 and 1 for each.
func ask(t *testing.T, eco purl.Ecosystem, questions []question, name string, args ...string) {
	t.Helper()
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	n := 0
	for i, q := range questions {
		for k, v := range q.Ask {
			n++
			if want := answers[i][k] == '1'; q.feed[k] != want {
				t.Errorf("%s %s %s: affected %t, the tool says %t", eco, q.Name, v, q.feed[k], want)
			}
		}
	}
	if n < 10_000 {
		t.Errorf("only %d versions", n)
	}
}

// TestAsBundlerAudit asks RubyGems itself, with the requirements of each record, for the versions that its ranges name and those around them.
func TestAsBundlerAudit(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	if _, err := exec.LookPath("ruby"); err != nil {
		t.Skip("ruby is not installed (apt package ruby)")
	}
	records := yamlOf(t, raw, rubyPath)
	said, _, err := feedtest.Parse(t, advisory.RubySec(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var list []question
	for i, n := range records {
		a := said[i]
		if n.Get("gem") == nil {
			continue
		}
		var af vuln.Affected
		if len(a.Affected) > 0 {
			af = a.Affected[0]
			if af.Package != n.Get("gem").String() {
				t.Fatalf("%s is about %s, the record about %s", a.ID, af.Package, n.Get("gem").String())
			}
		} else {
			af.Ranges = []vuln.Range{{Introduced: "0", Fixed: "0.A"}} // nothing
		}
		q := question{Name: a.ID + " " + n.Get("gem").String(), Safe: []string{}, Broken: []string{}, Ask: []string{}}
		for _, key := range []string{"patched_versions", "unaffected_versions"} {
			requirements, _ := n.Get(key).Strings()
			q.Safe = append(q.Safe, requirements...)
		}
		for _, v := range around(q.Safe, af.Ranges, []string{"", ".1", ".rc1", ".0", ".99"}) {
			if strings.HasSuffix(v, ".0.1.rc1") {
				continue // between a version and what stands for the next one
			}
			if _, err := version.Parse(purl.RubyGems, v); err == nil {
				q.Ask = append(q.Ask, v)
				q.feed = append(q.feed, holds(t, purl.RubyGems, &af, v))
			}
		}
		list = append(list, q)
	}
	ask(t, purl.RubyGems, list, "ruby", "-rjson", "-e", `JSON.parse(STDIN.read).each { |q|
		safe = q["safe"].map { |r| Gem::Requirement.new(*r.split(/\s*,\s*/)) }
		puts q["ask"].map { |v| v = Gem::Version.new(v); safe.any? { |r| r.satisfied_by?(v) } ? "0" : "1" }.join }`)
}

// TestAsComposer asks Composer's library, with the constraints of each branch. Pre-releases are left out: see [advisory.FriendsOfPHP].
func TestAsComposer(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	const library = "/usr/share/php/Composer/Semver/autoload.php"
	if _, err := os.Stat(library); err != nil {
		t.Skip("Composer's library is not installed (apt packages php-cli and php-composer-semver)")
	}
	records := yamlOf(t, raw, phpPath)
	said, _, err := feedtest.Parse(t, advisory.FriendsOfPHP(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var list []question
	i := 0
	for _, n := range records {
		if n.Get("reference") == nil {
			continue // a workflow
		}
		a := said[i]
		i++
		q := question{Name: a.ID + " " + a.Affected[0].Package, Safe: []string{}, Broken: []string{}, Ask: []string{}}
		for _, b := range n.Get("branches").Items {
			constraints, _ := b.Get("versions").Strings()
			q.Broken = append(q.Broken, strings.Join(constraints, ","))
		}
		for _, v := range around(q.Broken, a.Affected[0].Ranges, []string{"", ".0", ".1", ".99", "-p1"}) {
			digits := strings.TrimSuffix(v, "-p1")
			if strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") < 4 && digits == strings.Trim(digits, ".") {
				q.Ask = append(q.Ask, v)
				q.feed = append(q.feed, holds(t, purl.Packagist, &a.Affected[0], v))
			}
		}
		list = append(list, q)
	}
	ask(t, purl.Packagist, list, "php", "-r", `require "`+library+`";
		foreach (json_decode(stream_get_contents(STDIN)) as $q) {
			foreach ($q->ask as $v) {
				$hit = 0;
				foreach ($q->broken as $c) { if (Composer\Semver\Semver::satisfies($v, $c)) { $hit = 1; } }
				echo $hit;
			}
			echo "\n";
		}`)
}
