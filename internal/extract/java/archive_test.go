package java

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

func TestArchives(t *testing.T) {
	t.Parallel()
	pomXML := func(group, artifact, text string) member {
		return member{name: "META-INF/maven/" + group + "/" + artifact + "/pom.xml", content: text}
	}
	lib := jarOf(t, manifestOf(), properties("com.example", "lib", "1.2"), class)
	old := jarOf(t, manifestOf("Implementation-Version: 4.3.9.RELEASE", "Implementation-Title: spring-core"), class)
	for _, c := range []struct {
		name, path string
		jar        string
		want       []string
		problems   []string
	}{
		{
			name: "pom.properties says all",
			path: "app/lib-1.2.jar", jar: lib,
			want: []string{"com.example:lib@1.2 [pom.properties]"},
		},
		{
			name: "people rename jars",
			path: "app/other.jar", jar: lib,
			want: []string{"com.example:lib@1.2 [pom.properties]"},
		},
		{
			name: "copies are told from the archive's own",
			path: "app/all-3.0.jar",
			jar:  jarOf(t, properties("com.example", "lib", "1.2"), properties("com.example", "all", "3.0"), properties("org.x", "y", "1"), class),
			want: []string{
				"com.example:lib@1.2 [pom.properties of a copy in this archive]", "com.example:all@3.0 [pom.properties]",
				"org.x:y@1 [pom.properties of a copy in this archive]",
			},
		},
		{
			name: "the manifest tells which one the archive is, too",
			path: "app/app.jar",
			jar:  jarOf(t, manifestOf("Implementation-Title: all"), properties("com.example", "lib", "1.2"), properties("com.example", "all", "3.0"), class),
			want: []string{"com.example:lib@1.2 [pom.properties of a copy in this archive]", "com.example:all@3.0 [pom.properties]"},
		},
		{
			name: "an archive that is none of its copies has a name of its own",
			path: "app/shadow-2.0.jar",
			jar:  jarOf(t, manifestOf(), properties("com.example", "lib", "1.2"), class),
			want: []string{"com.example:lib@1.2 [pom.properties of a copy in this archive]", "shadow@2.0 [its file name; its group cannot be told]"},
		},
		{
			name: "a pom where properties are missing, with what it inherits",
			path: "app/lib-1.2.jar",
			jar: jarOf(t, class, pomXML("com.example", "lib", `<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>com.example</groupId>
				<artifactId>parent</artifactId><version>1.2</version></parent><artifactId>lib</artifactId><version>${project.parent.version}</version>
				<licenses><license><name>Apache License, Version 2.0</name></license></licenses></project>`)),
			want: []string{"com.example:lib@1.2 [pom.xml]"},
		},
		{
			name: "a pom's version that a property of elsewhere gives is the file name's",
			path: "app/lib-1.7.jar",
			jar:  jarOf(t, class, pomXML("com.example", "lib", `<project><groupId>${g}</groupId><artifactId>lib</artifactId><version>${revision}</version></project>`)),
			want: []string{"com.example:lib@1.7 [pom.xml, version by its file name or manifest]"},
		},
		{
			name: "properties with placeholders are completed by the pom",
			path: "app/lib.jar",
			jar: jarOf(t, class, member{name: "META-INF/maven/com.example/lib/pom.properties", content: "version=${project.version}\ngroupId=com.example\nartifactId=lib\n"},
				pomXML("com.example", "lib", `<project><groupId>com.example</groupId><artifactId>lib</artifactId><version>5</version></project>`)),
			want: []string{"com.example:lib@5 [pom.xml]"},
		},
		{
			name: "a manifest goes on behind a space",
			path: "app/x.jar",
			jar:  jarOf(t, class, manifestOf("Bundle-SymbolicName: com.exam", " ple.deep.x;singleton:=true", "Bundle-Version: 1.2.", " 3")),
			want: []string{"com.example.deep:x@1.2.3 [its file name and manifest, group by Bundle-SymbolicName]"},
		},
		{
			name: "a Spring jar without metadata",
			path: "app/spring-core-4.3.9.RELEASE.jar", jar: old,
			want: []string{"org.springframework:spring-core@4.3.9.RELEASE [its file name, group by the name, which is well known]"},
		},
		{
			name: "Tomcat's own jars",
			path: "usr/local/tomcat/lib/catalina.jar",
			jar:  jarOf(t, class, manifestOf("Implementation-Title: Apache Tomcat", "Implementation-Version: 9.0.65")),
			want: []string{"org.apache.tomcat:tomcat-catalina@9.0.65 [its file name and manifest, group by Implementation-Title]"},
		},
		{
			name: "a plugin of Jenkins",
			path: "plugins/git.jpi",
			jar:  jarOf(t, manifestOf("Group-Id: org.jenkins-ci.plugins", "Short-Name: git", "Plugin-Version: 4.11.3 (private)")),
			want: []string{"org.jenkins-ci.plugins:git@4.11.3 [its manifest]"},
		},
		{
			name: "the place in a repository",
			path: "root/.m2/repository/log4j/log4j/1.2.9/log4j-1.2.9.jar", jar: jarOf(t, class),
			want: []string{"log4j:log4j@1.2.9 [its place in a repository]"},
		},
		{
			name: "the place in Gradle's cache",
			path: "home/u/.gradle/caches/modules-2/files-2.1/com.x/y/1.0/0123456789012345678901234567890123456789/y-1.0.jar", jar: jarOf(t, class),
			want: []string{"com.x:y@1.0 [its place in a repository]"},
		},
		{
			name: "no group",
			path: "lib/frob-1.0.jar", jar: jarOf(t, class),
			want: []string{"frob@1.0 [its file name; its group cannot be told]"},
		},
		{name: "sources are no code", path: "lib/frob-1.0-sources.jar", jar: jarOf(t, member{name: "a/B.java"})},
		{
			name: "a runtime's own jars belong to the runtime", path: "jre/lib/rt.jar",
			jar: jarOf(t, class, manifestOf("Implementation-Title: Java Runtime Environment", "Implementation-Version: 1.8.0_312")),
		},
		{name: "a zip of pictures", path: "lib/icons.jar", jar: jarOf(t, member{name: "a.png"})},
		{
			name: "a Spring Boot jar with stored jars behind a launch script",
			path: "app/app-1.0.jar",
			jar: "#!/bin/bash\nexec java -jar \"$0\"\nexit 0\n" + jarOf(t, manifestOf("Start-Class: x"),
				member{name: "META-INF/maven/com.example/app/pom.properties", content: "groupId=com.example\nartifactId=app\nversion=1.0\n"},
				member{name: "BOOT-INF/lib/lib-1.2.jar", content: lib, stored: true}, member{name: "BOOT-INF/lib/spring-core-4.3.9.RELEASE.jar", content: old, stored: true}),
			want: []string{
				"com.example:app@1.0 [pom.properties]", "com.example:lib@1.2 [in BOOT-INF/lib/lib-1.2.jar: pom.properties]",
				"org.springframework:spring-core@4.3.9.RELEASE [in BOOT-INF/lib/spring-core-4.3.9.RELEASE.jar: its file name, group by the name, which is well known]",
			},
		},
		{
			name: "a jar in a war in an ear, compressed, each copy with its place",
			path: "srv/a.ear",
			jar: jarOf(t, properties("com.example", "a", "1"), member{name: "lib/lib.jar", content: lib},
				member{name: "web.war", content: jarOf(t, properties("com.example", "web", "2"), member{name: "WEB-INF/lib/lib-1.2.jar", content: lib})}),
			want: []string{
				"com.example:a@1 [pom.properties]", "com.example:lib@1.2 [in lib/lib.jar: pom.properties]",
				"com.example:web@2 [in web.war: pom.properties]", "com.example:lib@1.2 [in web.war!/WEB-INF/lib/lib-1.2.jar: pom.properties]",
			},
		},
		{
			name: "classes of a web application", path: "srv/w.war",
			jar:  jarOf(t, member{name: "WEB-INF/classes/META-INF/maven/g/w/pom.properties", content: "groupId=g.h\nartifactId=w\nversion=1\n"}),
			want: []string{"g.h:w@1 [pom.properties]"},
		},
		{
			name: "poms elsewhere are files like others", path: "srv/t-1.jar",
			jar:  jarOf(t, class, member{name: "fixtures/META-INF/maven/g/w/pom.properties", content: "groupId=g.h\nartifactId=w\nversion=1\n"}),
			want: []string{"t@1 [its file name; its group cannot be told]"},
		},
		{
			name: "a damaged jar in a good one", path: "srv/t-1.jar",
			jar:      jarOf(t, properties("g", "t", "1"), member{name: "lib/bad.jar", content: "not a zip"}, member{name: "lib/lib.jar", content: lib}),
			want:     []string{"g:t@1 [pom.properties]", "com.example:lib@1.2 [in lib/lib.jar: pom.properties]"},
			problems: []string{"unparsable: in lib/bad.jar: not a zip archive"},
		},
		{name: "a file that is no zip", path: "srv/t-1.jar", jar: "hello", problems: []string{"unparsable: not a zip archive"}},
		{name: "another format with one of our suffixes", path: "srv/t.rar", jar: "Rar!\x1a\x07\x00"},
		{name: "an empty file", path: "srv/t-1.jar", problems: []string{"unparsable: an archive of 0 bytes"}},
		{name: "an empty file of another format", path: "srv/t.rar"},
		{
			name: "an empty file in a jar", path: "srv/t-1.jar", jar: jarOf(t, properties("g", "t", "1"), member{name: "lib/x.jar"}),
			want: []string{"g:t@1 [pom.properties]"}, problems: []string{"unparsable: in lib/x.jar: an archive of 0 bytes"},
		},
		{
			name: "a fat jar that names no version is no package", path: "srv/app.jar", jar: jarOf(t, class, member{name: "lib/lib-1.2.jar", content: lib}),
			want: []string{"com.example:lib@1.2 [in lib/lib-1.2.jar: pom.properties]"},
		},
		{
			name: "entities are not expanded", path: "srv/lib-1.2.jar",
			jar: jarOf(t, class, pomXML("com.example", "lib", `<?xml version="1.0"?><!DOCTYPE project [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<project><groupId>com.example</groupId><artifactId>lib</artifactId><version>&b;</version></project>`)),
			want:     []string{"com.example:lib@1.2 [pom.xml, version by its file name or manifest]"},
			problems: []string{"unsupported: META-INF/maven/com.example/lib/pom.xml: pom: it declares entities of its own, which are not expanded"},
		},
		{name: "cut off", path: "srv/lib-1.2.jar", jar: lib[:len(lib)/2], problems: []string{"unparsable: not a zip archive"}},
	} {
		packages, incomplete := find(t, "java", c.path, c.jar)
		if diff := cmp.Diff(c.want, packages); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.problems, incomplete); diff != "" {
			t.Errorf("%s: incomplete (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPackage(t *testing.T) {
	t.Parallel()
	jar := jarOf(t, properties("com.example", "lib", "1.2+3"), manifestOf(`Bundle-License: "Apache-2.0";link="https://x/a,b", MIT;description=y`), class)
	var facts extract.Facts
	if err := newArchives().Extract(t.Context(), extract.NewFile("lib.jar", []byte(jar), 0o644), &facts); err != nil {
		t.Fatal(err)
	}
	want := []inventory.Package{{
		Name: "com.example:lib", Version: "1.2+3", Ecosystem: "Maven", PURL: "pkg:maven/com.example/lib@1.2%2B3",
		Licenses: []string{"Apache-2.0", "MIT"}, Evidence: []inventory.Evidence{{Detail: "pom.properties"}},
	}}
	if diff := cmp.Diff(want, facts.Packages); diff != "" {
		t.Error(diff)
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, versions, artifact, version, classifier string }{
		{"commons-io-2.11.0.jar", "", "commons-io", "2.11.0", ""},
		{"log4j-1.2-api-2.17.1.jar", "", "log4j-1.2-api", "2.17.1", ""},
		{"log4j-1.2.17.jar", "", "log4j", "1.2.17", ""},
		{"guava-31.1-jre.jar", "31.1.0.jre", "guava", "31.1-jre", ""},
		{"spring-r2dbc-5.3.1.jar", "", "spring-r2dbc", "5.3.1", ""},
		{"guava-r09.jar", "", "guava", "r09", ""},
		{"servlet-api-2.5-20081211.jar", "", "servlet-api", "2.5-20081211", ""},
		{"google-api-services-storage-v1-rev20220705-2.0.0.jar", "", "google-api-services-storage", "v1-rev20220705-2.0.0", ""},
		{"netty-transport-native-epoll-4.1.86.Final-linux-x86_64.jar", "4.1.86.Final", "netty-transport-native-epoll", "4.1.86.Final", "linux-x86_64"},
		{"jboss-logging-3.4.1.Final-redhat-00001.jar", "", "jboss-logging", "3.4.1.Final-redhat-00001", ""},
		{"akka-actor_2.13-2.6.19.jar", "", "akka-actor_2.13", "2.6.19", ""},
		{"silencer-lib_2.13.8-1.7.9.jar", "", "silencer-lib_2.13.8", "1.7.9", ""},
		{"org.eclipse.osgi_3.17.100.v20211104-1730.jar", "", "org.eclipse.osgi", "3.17.100.v20211104-1730", ""},
		{"bcprov-jdk15on-1.70.jar", "", "bcprov-jdk15on", "1.70", ""},
		{"h2-1.4.200.jar", "", "h2", "1.4.200", ""},
		{"app-1.0-SNAPSHOT.jar", "", "app", "1.0-SNAPSHOT", ""},
		{"app-1.0-jar-with-dependencies.jar", "", "app", "1.0", "jar-with-dependencies"},
		{"mysql-connector-java.jar", "8.0.28", "mysql-connector-java", "", ""},
		{"jackson-datatype-jsr310-2.13.0.jar", "", "jackson-datatype-jsr310", "2.13.0", ""},
		{"x-1.0-sources.jar", "", "x", "1.0", "sources"},
		{"lib-1.0--.jar", "-", "lib", "1.0", "-"}, // a manifest whose version is none
		{"-1.jar", "", "-1", "", ""},
		{".jar", "", ".jar", "", ""},
	} {
		var versions []string
		if c.versions != "" {
			versions = []string{c.versions}
		}
		f := splitFileName(c.base, versions)
		if f.artifact != c.artifact || f.version != c.version || f.classifier != c.classifier {
			t.Errorf("%s: %q %q %q, want %q %q %q", c.base, f.artifact, f.version, f.classifier, c.artifact, c.version, c.classifier)
		}
	}
}

func TestWellKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, version, want string }{
		{"log4j", "1.2.17", "log4j"},
		{"log4j-1.2-api", "2.17.1", "org.apache.logging.log4j"},
		{"log4j-over-slf4j", "1.7", "org.slf4j"},
		{"spring-core", "", "org.springframework"},
		{"spring-boot-starter-web", "", "org.springframework.boot"},
		{"spring-security-oauth2", "2.3", "org.springframework.security.oauth"},
		{"spring-security-oauth2-client", "5.7", "org.springframework.security"},
		{"rxjava", "2.2.21", "io.reactivex.rxjava2"},
		{"rxjava", "", ""},
		{"tomcat-embed-core", "", "org.apache.tomcat.embed"},
		{"commons", "", ""},
		{"core", "", ""},
		{"io", "", ""},
		{"", "", ""},
		{"*", "", ""},
		{"spring-boot*", "", ""},
		{"org.apache.commons:", "", ""},
		{"rxjava@2", "", ""},
		{strings.Repeat("a", 5000), "", ""},
	} {
		if got, _ := wellKnown(c.name, c.version); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.version, got, c.want)
		}
	}
}

// Each name stands once, and where the names of advisories have it, they have it in that group.
func TestWellKnownIsOrderly(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(wellKnownGroups)) {
		group, names, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || group == "" {
			t.Errorf("line %q", line)
		}
		for name := range strings.FieldsSeq(names) {
			if seen[name] {
				t.Errorf("%s stands twice", name)
			}
			seen[name] = true
			if g, ok := listed(name); !ok || g != group {
				t.Errorf("%s of %s is found in %q", name, group, g)
			}
		}
	}
}
