package advisory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Kubernetes gives what the project says of its own vulnerabilities: its official feed, which has ids, texts and links but no versions, and
// the records that Aqua Security makes of the same announcements, with versions.
//
// Those records name components with the versions of Kubernetes: k8s.io/kubelet 1.24.3. As they are written, they go to the namespace [purl.Kubernetes]. In
// a Go binary the same code is the module k8s.io/kubernetes, so they go to [purl.Go] under that name as well, with the package that each component consists of, by which one
// can tell a kubelet from an API server. They are never about the modules that share the components' names: those have versions of their own (k8s.io/apiserver
// v0.24.3), all of which would be too old.
func Kubernetes() feed.Feed {
	return kubernetes{osv.NewArchive(osv.Archive{
		Name: kubernetesName,
		About: feed.About{
			Publisher: "Kubernetes Security Response Committee; versions by Aqua Security",
			License:   "CC-BY-4.0; of the versions: no licence stated", URL: "https://kubernetes.io/docs/reference/issues-security/official-cve-feed/",
		},
		Resource: feed.Resource{
			URL:      "https://github.com/aquasecurity/vuln-list-k8s/archive/main.tar.gz",
			Path:     "github/aquasecurity/vuln-list-k8s/main.tar.gz",
			Optional: true,
		},
		Prefix: "CVE-",
		JSON:   components,
	})}
}

type kubernetes struct{ feed.Feed }

const (
	kubernetesName = "kubernetes"
	officialPath   = "kubernetes/official-cve-feed/index.json"
)

func (k kubernetes) Resources() []feed.Resource {
	return append(k.Feed.Resources(), feed.Resource{
		URL:  "https://kubernetes.io/docs/reference/issues-security/official-cve-feed/index.json",
		Path: officialPath, Optional: true,
	})
}

func (k kubernetes) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	err := k.Feed.Parse(ctx, raw, emit, skip)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err2 := raw.Open(officialPath)
	if errors.Is(err2, fs.ErrNotExist) && err == nil {
		return nil
	}
	if err2 != nil {
		return fmt.Errorf("reading %s: %w", officialPath, err2)
	}
	defer f.Close()
	read, n := 0, 0
	for text, err := range feed.Elements(f, "items") {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", officialPath, err)
		}
		n++
		a, err := announcement(text)
		if err != nil {
			skip(feed.Skipped{Path: officialPath, Record: fmt.Sprint("item ", n), Reason: err.Error()})
			continue
		}
		read++
		if err := emit(a); err != nil {
			return err
		}
	}
	if read == 0 {
		return fmt.Errorf("reading %s: %w: it has no item that could be understood", officialPath, artifact.ErrCorrupt)
	}
	return nil
}

// vectorInText is a vector of CVSS as announcements have it in their text.
var vectorInText = regexp.MustCompile(`CVSS:3\.[01](/[A-Z]{1,2}:[A-Z]){8}`)

// announcement reads an item of the official feed (https://www.jsonfeed.org/version/1.1/).
func announcement(text []byte) (*vuln.Advisory, error) {
	var item struct {
		ID        string `json:"id"`
		Summary   string `json:"summary"`
		Text      string `json:"content_text"`
		URL       string `json:"url"`
		External  string `json:"external_url"`
		Published string `json:"date_published"`
	}
	if err := json.Unmarshal(text, &item); err != nil {
		return nil, err
	}
	if !cveID.MatchString(item.ID) {
		return nil, fmt.Errorf("%.40q is not a CVE id", item.ID)
	}
	a := &vuln.Advisory{
		Feed: kubernetesName, ID: item.ID, Title: oneLine(item.Summary), Details: strings.TrimSpace(item.Text), Published: day(item.Published),
	}
	reference(a, "advisory", item.URL)
	reference(a, "advisory", item.External)
	if vector := vectorInText.FindString(item.Text); vector != "" {
		if v, err := cvss.Parse(vector); err == nil {
			r := vuln.Rating{Feed: kubernetesName, Version: v.Version(), Vector: vector, Score: v.Score()}
			r.Severity = vuln.OfScore(r.Version, r.Score)
			a.Ratings = []vuln.Rating{r}
		}
	}
	return a, nil
}

// consistsOf gives the Go packages that make up a component, today's first; some moved.
func consistsOf(component string) []string {
	switch component {
	case "k8s.io/apiserver":
		return []string{"k8s.io/kubernetes/cmd/kube-apiserver/app"}
	case "k8s.io/controller-manager":
		return []string{"k8s.io/kubernetes/cmd/kube-controller-manager/app"}
	case "k8s.io/kube-proxy":
		return []string{"k8s.io/kubernetes/cmd/kube-proxy/app"}
	case "k8s.io/kube-scheduler":
		return []string{"k8s.io/kubernetes/cmd/kube-scheduler/app"}
	case "k8s.io/kubelet":
		return []string{"k8s.io/kubernetes/cmd/kubelet/app"}
	case "k8s.io/kubectl":
		return []string{"k8s.io/kubectl/pkg/cmd", "k8s.io/kubernetes/pkg/kubectl/cmd"}
	}
	return nil
}

// components rewrites a record: ratings of components become those of the record, and what is about Kubernetes is said of its Go module, too.
func components(text []byte) ([]byte, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("more than %d bytes", maxRecord)
	}
	var r map[string]any
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	list, _ := r["affected"].([]any)
	if len(list) > maxVersions {
		return nil, errors.New("too many components")
	}
	ratings, _ := r["severity"].([]any)
	for _, item := range list {
		of, _ := item.(map[string]any)
		pkg, _ := of["package"].(map[string]any)
		name, _ := pkg["name"].(string)
		if name == "" {
			continue
		}
		if given, ok := of["severity"].([]any); ok {
			ratings = append(ratings, given...)
		}
		inGo := map[string]any{"ranges": of["ranges"], "versions": of["versions"]}
		module := name
		if strings.HasPrefix(name, "k8s.io/") {
			module = "k8s.io/kubernetes"
			if paths := consistsOf(name); paths != nil {
				var imports []any
				for _, p := range paths {
					imports = append(imports, map[string]any{"path": p})
				}
				inGo["ecosystem_specific"] = map[string]any{"imports": imports}
			}
		}
		inGo["package"] = map[string]any{"ecosystem": string(purl.Go), "name": module}
		list = append(list, inGo)
	}
	r["affected"], r["severity"] = list, unique(ratings)
	return json.Marshal(r)
}

// unique keeps each rating once.
func unique(list []any) (out []any) {
	seen := map[string]bool{}
	for _, item := range list {
		b, err := json.Marshal(item)
		if err == nil && !seen[string(b)] {
			seen[string(b)] = true
			out = append(out, item)
		}
	}
	return out
}
