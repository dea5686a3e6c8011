package main

import (
	"context"
	"os"

	"github.com/sightline-sec/sightline/bench/forms"
)

// everything is what fat installs: with what they depend on about 1,000 packages of all sorts.
var everything = []string{
	// Java
	"maven", "ant", "openjdk-17-jdk-headless", "libspring-core-java", "libspring-web-java",
	"liblucene8-java", "libnetty-java", "libjackson2-databind-java", "liblog4j2-java", "libjetty9-java", "libbcprov-java", "libbatik-java",
	"libkryo-java", "libcommons-dbcp2-java", "libmariadb-java", "libpostgresql-jdbc-java",
	// Ruby
	"ruby-full", "ruby-rails", "ruby-sinatra", "puma", "ruby-sidekiq", "ruby-nokogiri", "ruby-aws-sdk-s3", "ruby-pg", "rake", "ruby-rspec", "ruby-devise",
	"asciidoctor",
	// Node.js
	"npm", "node-typescript", "node-express", "yarnpkg",
	// Python
	"python3-django", "python3-flask", "python3-numpy", "python3-pandas",
	"python3-sqlalchemy", "python3-twisted", "python3-boto3", "python3-botocore", "python3-pip", "mercurial",
	// the rest of a machine that builds everything
	"build-essential", "golang-go", "cmake", "gdb", "php-cli", "composer",
	"postgresql", "redis-server", "nginx", "apache2", "git", "subversion", "vim",
	"graphviz", "ghostscript", "openssh-server", "strace", "nmap",
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
