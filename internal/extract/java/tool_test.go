package java

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Jars that the JDK's own tools make: an application with its libraries in it, stored as Spring Boot does and compressed, and
// behind a launch script.
func TestJarsOfTheJDK(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"javac", "jar"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: install openjdk-17-jdk-headless", tool)
		}
	}
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	write("src/com/example/Main.java", "package com.example; public class Main { public static void main(String[] a) { System.out.println(\"ran\"); } }")
	run("javac", "-d", "classes", "src/com/example/Main.java")
	write("app/lib/readme.txt", "libraries")
	write("lib.mf", "Bundle-SymbolicName: com.example.lib.with.a.very.long.name.that.the.tool.has.to.break.into.lines\nBundle-Version: 1.5\n")
	run("jar", "--create", "--file", "app/lib/lib.with.a.very.long.name.that.the.tool.has.to.break.into.lines.jar", "--manifest", "lib.mf", "-C", "classes", ".")
	write("app/META-INF/maven/com.example/app/pom.properties", "version=2.0\ngroupId=com.example\nartifactId=app\n")
	run("cp", "-r", "classes/com", "app/com")
	want := []string{
		"com.example:app@2.0 [pom.properties]",
		"com.example:lib.with.a.very.long.name.that.the.tool.has.to.break.into.lines@1.5 " +
			"[in lib/lib.with.a.very.long.name.that.the.tool.has.to.break.into.lines.jar: its file name and manifest, group by Bundle-SymbolicName]",
	}
	for name, flags := range map[string][]string{"stored.jar": {"--no-compress"}, "compressed.jar": nil} {
		run("jar", append(append([]string{"--create", "--file", name, "--main-class", "com.example.Main"}, flags...), "-C", "app", ".")...)
		for _, script := range []string{"", "#!/bin/sh\nexec java -jar \"$0\"\n"} {
			write("x"+name, script+read(name))
			if out := run("java", "-jar", "x"+name); out != "ran\n" {
				t.Errorf("%s printed %q", name, out)
			}
			packages, problems := find(t, "java", "srv/x.jar", read("x"+name))
			if diff := cmp.Diff(want, packages); diff != "" || problems != nil {
				t.Errorf("%s: %q (-want +got):\n%s", name, problems, diff)
			}
		}
	}
	home := filepath.Dir(filepath.Dir(func() string {
		p, _ := exec.LookPath("javac")
		p, _ = filepath.EvalSymlinks(p)
		return p
	}()))
	b, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		t.Skip("this JDK has no release file")
	}
	if packages, problems := find(t, "java-release", "release", string(b)); len(packages) != 1 || problems != nil {
		t.Errorf("release: %q, %q", packages, problems)
	}
}
