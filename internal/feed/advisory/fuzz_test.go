package advisory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/advisory"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// sound says what must hold of advisories from any text: the same answer again, names, and ranges of versions in order that are not empty.
func sound(t *testing.T, f feed.Feed, raw feedtest.Files, eco func(af *vuln.Affected) purl.Ecosystem) []*vuln.Advisory {
	t.Helper()
	said, skipped, err := feedtest.Parse(t, f, raw)
	again, skippedAgain, err2 := feedtest.Parse(t, f, raw)
	if diff := cmp.Diff(said, again) + cmp.Diff(skipped, skippedAgain); diff != "" || (err == nil) != (err2 == nil) {
		t.Fatalf("not the same again: %s, %v, %v", diff, err, err2)
	}
	for _, a := range said {
		if a.ID == "" || a.Feed != f.Name() {
			t.Fatalf("%+v", a)
		}
		for _, af := range a.Affected {
			if af.Namespace == "" || af.Package == "" || len(af.Ranges)+len(af.Versions) == 0 {
				t.Fatalf("%s: %+v", a.ID, af)
			}
			for _, r := range af.Ranges {
				for _, end := range []string{r.Fixed, r.Limit, r.LastAffected} {
					if end == "" || r.Introduced == "0" {
						continue
					}
					if c, err := version.Compare(eco(&af), r.Introduced, end); err != nil || c > 0 || c == 0 && r.LastAffected == "" {
						t.Fatalf("%s: from %q to %q: %d, %v", a.ID, r.Introduced, end, c, err)
					}
				}
			}
		}
	}
	return said
}

func FuzzRubySec(f *testing.F) {
	f.Add(rubyText)
	f.Add("gem: b\ncve: 2000-0002\npatched_versions: ['~> 3-rc', '> 3, < 4']\nunaffected_versions: ['= 3', '<= 2']\n")
	f.Fuzz(func(t *testing.T, text string) {
		said := sound(t, advisory.RubySec(), feedtest.Files{rubyPath: archive("CVE-2000-0001.yml", text)}, func(*vuln.Affected) purl.Ecosystem { return purl.RubyGems })
		for _, a := range said {
			for _, af := range a.Affected {
				for i := 1; i < len(af.Ranges); i++ { // what is left between the safe ones is in order and apart
					before, r := af.Ranges[i-1], af.Ranges[i]
					end := before.Fixed + before.Limit + before.LastAffected
					if c, err := version.Compare(purl.RubyGems, end, r.Introduced); err != nil || c > 0 {
						t.Fatalf("%+v before %+v", before, r)
					}
				}
			}
		}
	})
}

func FuzzFriendsOfPHP(f *testing.F) {
	f.Add(phpText)
	f.Fuzz(func(t *testing.T, text string) {
		sound(t, advisory.FriendsOfPHP(), feedtest.Files{phpPath: archive("CVE-2000-0001.yaml", text)}, func(*vuln.Affected) purl.Ecosystem { return purl.Packagist })
	})
}

func FuzzHaskell(f *testing.F) {
	f.Add(haskellText)
	f.Fuzz(func(t *testing.T, text string) {
		sound(t, advisory.Haskell(), feedtest.Files{haskellPath: archive("HSEC-2023-0007.md", text)}, func(af *vuln.Affected) purl.Ecosystem { return purl.Ecosystem(af.Namespace) })
	})
}

// FuzzKubernetes: each component is in both namespaces, or in none, and no module of Go has a component's versions.
func FuzzKubernetes(f *testing.F) {
	f.Add(k8sText, k8sItems)
	f.Fuzz(func(t *testing.T, record, items string) {
		said, _, _ := feedtest.Parse(t, advisory.Kubernetes(), feedtest.Files{k8sPath: archive("CVE-2000-0001.json", record), k8sFeed: []byte(items)})
		for _, a := range said {
			for _, af := range a.Affected {
				switch af.Package {
				case "k8s.io/apiserver", "k8s.io/kubelet", "k8s.io/client-go":
					if af.Namespace == string(purl.Go) {
						t.Fatalf("%s: %+v", a.ID, af)
					}
				}
			}
		}
	})
}

// FuzzPyPA: a record in YAML says what the same in JSON says.
func FuzzPyPA(f *testing.F) {
	f.Add(pypaText)
	f.Fuzz(func(t *testing.T, text string) {
		said, _, _ := feedtest.Parse(t, advisory.PyPA(), feedtest.Files{pypaPath: archive("PYSEC-2021-1.yaml", text)})
		j, err := advisory.FromYAML([]byte(text))
		if err != nil {
			if len(said) > 0 {
				t.Fatalf("%v, and %+v", err, said)
			}
			return
		}
		want, _, _ := feedtest.Parse(t, advisory.RustSec(), feedtest.Files{rustPath: archive("RUSTSEC-2021-1.json", string(j))})
		for _, a := range want {
			a.Feed = "pypa"
			for i := range a.Ratings {
				a.Ratings[i].Feed = "pypa"
			}
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Fatal(diff)
		}
	})
}
