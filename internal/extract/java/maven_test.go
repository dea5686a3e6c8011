package java

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
)

// effective is what Maven makes of a pom.
type effective struct {
	project                string
	licenses, dependencies []string
}

// askMaven has Maven's model builder read poms. Those that it cannot read without the network are missing from the answer.
func askMaven(t *testing.T, poms []string) map[string]effective {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		t.Skip("no java: install openjdk-17-jdk-headless")
	}
	if found, _ := filepath.Glob("/usr/share/maven/lib/maven-model-builder-*.jar"); len(found) == 0 {
		t.Skip("no Maven in /usr/share/maven: install maven")
	}
	list := filepath.Join(t.TempDir(), "poms")
	if err := os.WriteFile(list, []byte(strings.Join(poms, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), java, "-Dfile.encoding=UTF-8", "-cp", "/usr/share/maven/lib/*", "testdata/Effective.java", list)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	all := map[string]effective{}
	current := ""
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		e := all[current]
		switch f[0] {
		case "pom":
			current = f[1]
			e = effective{project: f[2]}
		case "license":
			e.licenses = append(e.licenses, f[1])
		case "dependency":
			e.dependencies = append(e.dependencies, strings.ReplaceAll(f[1], ":null", ":"))
		}
		all[current] = e
	}
	return all
}

// ours reads a pom as the extractor of source trees does, and as that of jars.
func ours(t *testing.T, text []byte) effective {
	t.Helper()
	p, err := parsePom(text)
	if err != nil {
		t.Errorf("%v", err)
	}
	c := p.coordinates()
	e := effective{project: c.group + ":" + c.artifact + ":" + c.version, licenses: p.licenses}
	var facts extract.Facts
	if err := (project{}).Extract(t.Context(), extract.NewFile("pom.xml", text, 0o644), &facts); err != nil {
		t.Errorf("%v", err)
	}
	for _, d := range facts.Packages {
		e.dependencies = append(e.dependencies, d.Name+":"+d.Version)
	}
	return e
}

// settle makes lists comparable: sorted, each once, since artifacts of several types are one package.
func settle(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// The poms of Debian's repository that need no other file to be read.
func TestMavenAgreesAboutPoms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts Maven for hundreds of poms")
	}
	found, _ := filepath.Glob(repository + "/*/*/*/*.pom")
	for _, depth := range []string{"/*/*/*/*/*.pom", "/*/*/*/*/*/*.pom", "/*/*/*/*/*/*/*.pom"} {
		more, _ := filepath.Glob(repository + depth)
		found = append(found, more...)
	}
	var poms []string
	for _, p := range found {
		text, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		if s := string(text); !strings.Contains(s, "<parent>") && !strings.Contains(s, "<profiles>") && !strings.Contains(s, "<scope>import<") {
			poms = append(poms, p)
		}
	}
	if len(poms) < 50 {
		t.Skipf("%d poms in %s: install Java libraries of Debian", len(poms), repository)
	}
	compared, dependencies := 0, 0
	for p, want := range askMaven(t, poms) {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		got := ours(t, text)
		compared++
		dependencies += len(want.dependencies)
		for _, e := range []*effective{&got, &want} {
			e.dependencies = settle(e.dependencies)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(effective{})); diff != "" {
			t.Errorf("%s (-maven +ours):\n%s", p, diff)
		}
	}
	t.Logf("%d poms with %d dependencies", compared, dependencies)
}

func TestMavenAgreesAboutProperties(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	poms := map[string]string{}
	for name, body := range map[string]string{
		"plain":       `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency>`,
		"spaces":      "<dependency><groupId>\n g </groupId><artifactId>a</artifactId><version> 1\n</version></dependency>",
		"property":    `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency>`,
		"in a word":   `<dependency><groupId>${project.groupId}.x</groupId><artifactId>${pom.artifactId}-a</artifactId><version>${v}.${w}</version></dependency>`,
		"of property": `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${of}</version></dependency>`,
		"own version": `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${project.version}</version></dependency>`,
		"bare name":   `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${version}</version></dependency>`,
		"shadowed":    `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${project.name2}</version></dependency>`,
		"managed":     `<dependency><groupId>m</groupId><artifactId>a</artifactId></dependency>`,
		"overruled":   `<dependency><groupId>m</groupId><artifactId>a</artifactId><version>9</version></dependency>`,
		"by type":     `<dependency><groupId>m</groupId><artifactId>a</artifactId><type>test-jar</type></dependency>`,
		"classifier":  `<dependency><groupId>m</groupId><artifactId>a</artifactId><classifier>linux</classifier></dependency>`,
		"by property": `<dependency><groupId>m</groupId><artifactId>${b}</artifactId></dependency>`,
		"comment":     `<dependency><!-- x --><groupId>g<!-- y --></groupId><artifactId>a</artifactId><version>1<!-- 2 -->.3</version></dependency>`,
		"cdata":       `<dependency><groupId><![CDATA[g]]></groupId><artifactId>a</artifactId><version>1</version></dependency>`,
		"exclusions": `<dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
			<exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>`,
	} {
		text := `<?xml version="1.0" encoding="ISO-8859-1"?>
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>own.group</groupId><artifactId>own</artifactId><version>7.0</version>
<licenses><license><name>Lizenz ` + "\xfc" + `ber alles &amp; mehr</name></license></licenses>
<properties><v>2.0</v><w>5</w><of>${v}-${w}</of><b>b</b><project.name2>8</project.name2></properties>
<dependencyManagement><dependencies>
<dependency><groupId>m</groupId><artifactId>a</artifactId><version>${v}</version></dependency>
<dependency><groupId>m</groupId><artifactId>a</artifactId><version>3</version><type>test-jar</type></dependency>
<dependency><groupId>m</groupId><artifactId>a</artifactId><version>4</version><classifier>linux</classifier></dependency>
<dependency><groupId>m</groupId><artifactId>${b}</artifactId><version>${of}</version></dependency>
</dependencies></dependencyManagement>
<build><plugins><plugin><artifactId>p</artifactId><dependencies><dependency><groupId>no</groupId><artifactId>no</artifactId><version>1</version></dependency></dependencies></plugin></plugins></build>
<dependencies>` + body + `</dependencies></project>`
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".xml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		poms[file] = text
	}
	var files []string
	for f := range poms {
		files = append(files, f)
	}
	answers := askMaven(t, files)
	for file, text := range poms {
		want, ok := answers[file]
		if !ok {
			t.Errorf("Maven does not read %s", file)
		}
		if diff := cmp.Diff(want, ours(t, []byte(text)), cmp.AllowUnexported(effective{})); diff != "" {
			t.Errorf("%s (-maven +ours):\n%s", filepath.Base(file), diff)
		}
	}
}
