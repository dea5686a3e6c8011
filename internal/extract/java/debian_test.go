package java

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// repository is where Debian's Java packages keep what Maven needs (libmaven3-core-java, libjackson2-databind-java, ...): real jars, with
// their coordinates in their paths.
const repository = "/usr/share/maven-repo"

// repositoryJar is a jar of the repository.
type repositoryJar struct {
	path string // in the repository
	real string
	coordinates
}

// repositoryJars lists those with a version in their path; Debian has others under "debian" and "1.x", which are the same files.
func repositoryJars(t testing.TB) []repositoryJar {
	t.Helper()
	if testing.Short() {
		t.Skip("reads hundreds of jars for seconds")
	}
	var list []repositoryJar
	_ = filepath.WalkDir(repository, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !strings.HasSuffix(p, ".jar") {
			return nil
		}
		in := strings.TrimPrefix(p, repository+"/")
		s := strings.Split(in, "/")
		n := len(s)
		if n < 4 {
			return nil
		}
		c := coordinates{group: strings.Join(s[:n-3], "."), artifact: s[n-3], version: s[n-2]}
		if !isDigit(c.version[0]) || strings.HasSuffix(c.version, "x") || s[n-1] != c.artifact+"-"+c.version+".jar" {
			return nil
		}
		if real, err := filepath.EvalSymlinks(p); err == nil {
			list = append(list, repositoryJar{path: in, real: real, coordinates: c})
		}
		return nil
	})
	if len(list) < 50 {
		t.Skipf("%d jars in %s: install Java libraries of Debian (libmaven3-core-java, libjackson2-databind-java, libtomcat9-java, ...)", len(list), repository)
	}
	return list
}

// statedIn reads the pom.properties of a jar another way: group:artifact@version of each.
func statedIn(t testing.TB, jar []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, f := range z.File {
		if ok, _ := path.Match("META-INF/maven/*/*/pom.properties", f.Name); !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				values[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
		if values["groupId"] == "" {
			continue // one of Debian's own making: the folder tells
		}
		list = append(list, values["groupId"]+":"+values["artifactId"]+"@"+values["version"])
	}
	return list
}

// ofOutermost are the packages that are not in nested archives.
func ofOutermost(facts extract.Facts) []inventory.Package {
	return slices.DeleteFunc(slices.Clone(facts.Packages), func(p inventory.Package) bool {
		return strings.HasPrefix(p.Evidence[0].Detail, "in ")
	})
}

func TestJarsOfDebian(t *testing.T) {
	t.Parallel()
	x := newArchives()
	var jars, described, found, wrongNames int
	for _, j := range repositoryJars(t) {
		jar, err := os.ReadFile(j.real)
		if err != nil {
			t.Fatal(err)
		}
		var facts extract.Facts
		// Under its own name but outside of a repository, whose paths would say all.
		if err := x.Extract(t.Context(), extract.NewFile("app/"+path.Base(j.path), jar, 0o644), &facts); err != nil || len(facts.Incomplete) > 0 {
			t.Errorf("%s: %v, %+v", j.path, err, facts.Incomplete)
		}
		stated := statedIn(t, jar)
		jars++
		described += len(stated)
		var got []string
		own := ""
		for _, p := range ofOutermost(facts) {
			got = append(got, p.Name+"@"+p.Version)
			if !strings.Contains(p.Evidence[0].Detail, "copy") {
				own = p.Name
			}
		}
		for _, s := range stated {
			if slices.Contains(got, s) {
				found++
			} else {
				t.Errorf("%s: got %q, it states %s", j.path, got, s)
			}
		}
		if _, name, _ := strings.Cut(":"+own, ":"); name != j.artifact && !strings.HasSuffix(own, ":"+j.artifact) {
			t.Logf("%s is %q", j.path, own)
			wrongNames++
		}
		if len(got) > len(stated)+1 {
			t.Errorf("%s: %q, and it states %q", j.path, got, stated)
		}
	}
	t.Logf("%d jars, %d of %d pom.properties, %d jars under another name", jars, found, described, wrongNames)
	if wrongNames*100 > jars {
		t.Errorf("%d of %d jars get another name than they have", wrongNames, jars)
	}
}

// What is said of jars whose poms nobody read, where the truth is known from their paths. Debian builds many jars without what
// upstream's have (bundles, vendors), so that this is the harder half.
func TestGroupsWithoutPoms(t *testing.T) {
	t.Parallel()
	x := newArchives()
	var all, right, wrong, names int
	ways := map[string][2]int{}
	for _, j := range repositoryJars(t) {
		jar, err := os.ReadFile(j.real)
		if err != nil {
			t.Fatal(err)
		}
		var facts extract.Facts
		name := path.Base(j.path)
		if err := x.Extract(t.Context(), extract.NewFile(name, withoutPoms(t, jar), 0o644), &facts); err != nil {
			t.Fatal(err)
		}
		all++
		found := ofOutermost(facts)
		if len(found) != 1 {
			if len(found) > 1 {
				t.Errorf("%s: %+v", j.path, found)
			}
			continue
		}
		p := found[0]
		group, artifact, ok := strings.Cut(p.Name, ":")
		if !ok {
			group, artifact = "", p.Name
		}
		if artifact == j.artifact && p.Version == j.version {
			names++
		}
		_, way, _ := strings.Cut(p.Evidence[0].Detail, "group by ")
		w := ways[way]
		switch group {
		case "":
		case j.group:
			right++
			w[0]++
		default:
			wrong++
			w[1]++
		}
		ways[way] = w
	}
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(all)
	t.Logf("%d jars: artifact and version %d right; group %d right, %d wrong: precision %.3f, recall %.3f", all, names, right, wrong, precision, recall)
	for way, w := range ways {
		t.Logf("  by %s: %d right, %d wrong", way, w[0], w[1])
	}
	if precision < 0.98 || recall < 0.8 || names*100 < 98*all {
		t.Error("worse than it was")
	}
}

// withoutPoms copies a jar but for META-INF/maven.
func withoutPoms(t testing.TB, jar []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "META-INF/maven/") {
			if err := w.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
