package java

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"app/app.jar":                                           "java",
		"app/app.original":                                      "",
		"srv/jenkins/git.hpi":                                   "java",
		"opt/java/openjdk/release":                              "java-release",
		"w/META-INF/maven/g/a/pom.properties":                   "java-unpacked",
		"w/target/classes/pom.properties":                       "",
		"gradle.lockfile":                                       "gradle-lock",
		"buildscript-gradle.lockfile":                           "gradle-lock",
		"gradle/dependency-locks/compileClasspath.lockfile":     "gradle-lock",
		"sub/gradle/dependency-locks/compileClasspath.lockfile": "gradle-lock",
		"yarn.lockfile":                                         "",
		"pom.xml":                                               "pom",
		"sub/pom.xml":                                           "pom",
		"target/META-INF/maven/g/a/pom.xml":                     "",
		"sub/target/x/pom.xml":                                  "",
	} {
		base, suffix := path[strings.LastIndexByte(path, '/')+1:], path[strings.LastIndexByte(path, '.')+1:]
		got := ""
		for _, x := range Extractors() {
			for _, c := range x.Claims() {
				if (c.Base == base || c.Suffix == "."+suffix) && (c.Match == nil || c.Match(path)) {
					got = x.Name()
				}
				if lock := x.Name() == "pom" || x.Name() == "gradle-lock"; lock != cmp.Equal(c.In, []artifact.Kind{artifact.Directory}) {
					t.Errorf("%s is read in %q", x.Name(), c.In)
				}
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, want string }{
		{
			"Debian's", "IMPLEMENTOR=\"Debian\"\nJAVA_RUNTIME_VERSION=\"17.0.15+6-Debian-1deb12u1\"\nJAVA_VERSION=\"17.0.15\"\nJAVA_VERSION_DATE=\"2025-04-15\"\n",
			"openjdk@17.0.15 [JAVA_RUNTIME_VERSION=17.0.15+6-Debian-1deb12u1]",
		},
		{
			"Temurin", "IMPLEMENTOR=\"Eclipse Adoptium\"\r\nIMPLEMENTOR_VERSION=\"Temurin-11.0.16+8\"\r\nJAVA_VERSION=\"11.0.16\"\r\n",
			"openjdk@11.0.16 [JAVA_VERSION=11.0.16, IMPLEMENTOR_VERSION=Temurin-11.0.16+8]",
		},
		{"8 by nobody", "JAVA_VERSION=\"1.8.0_312\"\nOS_NAME=\"Linux\"\n", "openjdk@1.8.0_312 [JAVA_VERSION=1.8.0_312]"},
		{
			"Oracle's commercial", "BUILD_TYPE=\"commercial\"\nIMPLEMENTOR=\"Oracle Corporation\"\nJAVA_VERSION=\"17.0.8\"\n",
			"oracle-jdk@17.0.8 [JAVA_VERSION=17.0.8]",
		},
		{
			"GraalVM", "IMPLEMENTOR=\"GraalVM Community\"\nJAVA_VERSION=\"17.0.7\"\nGRAALVM_VERSION=\"22.3.2\"\n",
			"openjdk@17.0.7 [JAVA_VERSION=17.0.7] graalvm@22.3.2 [GRAALVM_VERSION=22.3.2]",
		},
		{"another file of this name", "VERSION=1\n", ""},
		{"a large one of another kind", strings.Repeat("x", 1<<20), ""},
		{"a large one", "JAVA_VERSION=\"1\"\n" + strings.Repeat("x", 1<<20), "error file_too_large: file_too_large: 1048593 bytes; a Java release file is read up to 65536"},
	} {
		packages, problems := find(t, "java-release", "opt/java/release", c.content)
		if got := strings.Join(append(packages, problems...), " "); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
	var facts extract.Facts
	if err := (jre{}).Extract(t.Context(), extract.NewFile("release", []byte("IMPLEMENTOR=\"Azul\"\nJAVA_VERSION=\"21\"\n"), 0o644), &facts); err != nil {
		t.Fatal(err)
	}
	want := []inventory.Package{{
		Name: "openjdk", Version: "21", Ecosystem: "Upstream", PURL: "pkg:generic/openjdk@21", Vendor: "Azul", Unpackaged: true,
		Evidence: []inventory.Evidence{{Detail: "JAVA_VERSION=21"}},
	}}
	if diff := cmp.Diff(want, facts.Packages); diff != "" {
		t.Error(diff)
	}
}

func TestGradleLock(t *testing.T) {
	t.Parallel()
	packages, problems := find(t, "gradle-lock", "gradle.lockfile", `# This is a Gradle generated file for dependency locking.
# Manual edits can break the build and are not advised.
com.google.guava:guava:31.1-jre=compileClasspath,runtimeClasspath
org.junit:junit:4.13
org.junit:junit:4.13=testCompileClasspath
nonsense
a:b=c
empty=annotationProcessor
`)
	want := []string{"com.google.guava:guava@31.1-jre [locked for compileClasspath,runtimeClasspath]", "org.junit:junit@4.13"}
	if diff := cmp.Diff(want, packages); diff != "" {
		t.Error(diff)
	}
	if want := []string{"error unreadable: 2 lines are no group:artifact:version, the first is line 6"}; !cmp.Equal(want, problems) {
		t.Errorf("problems %q", problems)
	}
}

func TestUnpacked(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"groupId=g.x\nartifactId=a\nversion=1\n": "g.x:a@1",
		"version=2\n":                            "g:a@2",
		"groupId : g.\\u0078\nartifactId a\n version\t=1.\\\n   5\n!groupId=no\n": "g.x:a@1.5",
	} {
		packages, problems := find(t, "java-unpacked", "w/META-INF/maven/g/a/pom.properties", content)
		if len(packages) != 1 || packages[0] != want || problems != nil {
			t.Errorf("%q: %q, %q, want %s", content, packages, problems, want)
		}
	}
	if packages, problems := find(t, "java-unpacked", "META-INF/maven/pom.properties", "x=y"); packages != nil || len(problems) != 1 {
		t.Errorf("no name: %q, %q", packages, problems)
	}
}

func TestPomOfSourceTree(t *testing.T) {
	t.Parallel()
	dependency := func(group, artifact, rest string) string {
		return "<dependency><groupId>" + group + "</groupId><artifactId>" + artifact + "</artifactId>" + rest + "</dependency>"
	}
	for _, c := range []struct{ name, body, want, problems string }{
		{"a parent decides", dependency("g", "a", ""), "g:a@ [its version is not in this file]", ""},
		{"a parent's property", dependency("g", "a", "<version>${spring.version}</version>"), "g:a@ [its version is ${spring.version}, which is not in this file]", ""},
		{"the parent's version", dependency("g", "a", "<version>${project.parent.version}</version>"), "g:a@3", ""},
		{"the parent's group", dependency("${project.groupId}", "a", "<version>1</version>"), "p.g:a@1", ""},
		{"a range", dependency("g", "a", "<version>[1.0,2.0)</version>"), "g:a@ [its version is left open: [1.0,2.0)]", ""},
		{"a range of one", dependency("g", "a", "<version>[1.0]</version>"), "g:a@1.0", ""},
		{"the latest", dependency("g", "a", "<version>LATEST</version>"), "g:a@ [its version is left open: LATEST]", ""},
		{"test and optional", dependency("g", "a", "<version>1</version><scope>test</scope><optional>true</optional>"), "g:a@1", ""},
		{"twice", dependency("g", "a", "<version>1</version>") + dependency("g", "a", "<version>1</version><type>test-jar</type>"), "g:a@1", ""},
		{"a circle", dependency("g", "a", "<version>${x}</version>"), "g:a@ [its version is ${x}, which is not in this file]", ""},
		{"no name", dependency("${nobody}", "a", "<version>1</version>"), "", "unparsable: pom: 1 dependencies whose names this file alone does not tell"},
	} {
		text := `<project><parent><groupId>p.g</groupId><artifactId>p</artifactId><version>3</version></parent><artifactId>x</artifactId>
			<properties><x>${y}</x><y>${x}</y></properties><dependencies>` + c.body + `</dependencies></project>`
		packages, problems := find(t, "pom", "pom.xml", text)
		if got := strings.Join(packages, " "); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
		if got := strings.Join(problems, " "); got != c.problems {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.problems)
		}
	}
	bomb := `<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><project><dependencies>` +
		dependency("&b;", "a", "<version>1</version>") + dependency("g", "a", "<version>1</version>") + `</dependencies></project>`
	packages, problems := find(t, "pom", "pom.xml", bomb)
	if diff := cmp.Diff([]string{"g:a@1"}, packages); diff != "" {
		t.Errorf("entities (-want +got):\n%s", diff)
	}
	if want := []string{"unsupported: " + ownEntities, "unparsable: pom: 1 dependencies whose names this file alone does not tell"}; !cmp.Equal(want, problems) {
		t.Errorf("entities: %q, want %q", problems, want)
	}
	for _, broken := range []string{"<project><dependencies>", "<project></x>", "<a", `<?xml version="1.0" encoding="UTF-16"?><project/>`} {
		if _, problems := find(t, "pom", "pom.xml", broken); len(problems) != 1 {
			t.Errorf("%s: %q", broken, problems)
		}
	}
}
