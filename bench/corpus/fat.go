package main

import (
	"context"
	"os"

	"github.com/sightline-sec/sightline/bench/forms"
)

// everything is what fat installs: with what they depend on about 1,000 packages of all sorts.
var everything = []string{
	// Java
	"maven", "ant", "gradle", "openjdk-17-jdk-headless", "tomcat10", "libspring-core-java", "libspring-web-java", "libhibernate-validator-java",
	"liblucene8-java", "libnetty-java", "libjackson2-databind-java", "liblog4j2-java", "libjetty9-java", "libbcprov-java", "libbatik-java",
	"libpoi-java", "libkryo-java", "libcommons-dbcp2-java", "libmariadb-java", "libpostgresql-jdbc-java", "scala", "groovy", "clojure", "libreoffice-java-common",
	// Ruby
	"ruby-full", "ruby-rails", "ruby-sinatra", "puma", "ruby-sidekiq", "ruby-nokogiri", "ruby-aws-sdk-s3", "ruby-pg", "rake", "ruby-rspec", "ruby-devise",
	"jekyll", "vagrant", "puppet-agent", "asciidoctor",
	// Node.js
	"npm", "webpack", "eslint", "node-typescript", "node-babel7", "node-express", "node-react", "yarnpkg", "mocha", "gulp",
	// Python
	"python3-django", "python3-flask", "python3-numpy", "python3-scipy", "python3-pandas", "python3-matplotlib", "python3-sklearn",
	"python3-sqlalchemy", "python3-notebook", "python3-twisted", "python3-scrapy", "python3-boto3", "python3-botocore", "python3-pip", "ansible", "mercurial", "awscli",
	// the rest of a machine that builds everything
	"build-essential", "clang", "cmake", "gdb", "golang-go", "rustc", "cargo", "php-cli", "composer", "r-base-core", "erlang-base", "elixir",
	"postgresql", "mariadb-server", "redis-server", "nginx", "apache2", "imagemagick", "ffmpeg", "git", "subversion", "vim", "emacs-nox", "texlive-latex-base",
	"pandoc", "graphviz", "ghostscript", "inkscape", "qemu-utils", "openssh-server", "samba", "strace", "linux-perf", "tshark", "nmap",
}

// fat is the base, one layer of packages with their documentation, and one of an application.
func (m *maker) fat(ctx context.Context) error {
	base, err := m.slimLayer(ctx)
	if err != nil {
		return err
	}
	packages, err := m.pool.Layer("fat-packages", "RUN apt-get install", func(t *forms.Tree) error {
		debs, err := m.download(ctx, "fat", everything)
		if err != nil {
			return err
		}
		status, err := m.baseStatus(ctx)
		if err != nil {
			return err
		}
		m.say("  %d packages to unpack", len(debs))
		dir := m.work("fat")
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if _, err := m.stage(ctx, dir, status, debs); err != nil {
			return err
		}
		return t.Dir(dir, "", nil)
	})
	if err != nil {
		return err
	}
	app, err := m.pool.Layer("fat-app", "RUN npm install", func(t *forms.Tree) error {
		dir, err := m.npm(ctx, "fleet", few)
		if err != nil {
			return err
		}
		for _, d := range []string{"srv", "srv/app"} {
			if err := t.Mkdir(d); err != nil {
				return err
			}
		}
		if err := t.Dir(dir, "srv/app", nil); err != nil {
			return err
		}
		return pyTree(t, 0, 60)
	})
	if err != nil {
		return err
	}
	return forms.Write(m.image("fat"), forms.Image{Name: "fat", Layers: []forms.Layer{base, packages, app}})
}
