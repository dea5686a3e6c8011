package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/bench/forms"
)

// popular is what the application depends on. Majors are pinned; the rest is what npm finds that day.
var popular = map[string]string{
	"@angular/cli": "18", "@angular/core": "18", "@angular/material": "18", "@aws-sdk/client-s3": "3",
	"@aws-sdk/client-dynamodb": "3", "@aws-sdk/client-ec2": "3", "@fortawesome/free-solid-svg-icons": "6",
	"@mui/icons-material": "6", "@mui/material": "6", "@nestjs/cli": "10", "@nestjs/core": "10", "@sentry/node": "8",
	"antd": "5", "aws-sdk": "2", "axios": "1", "babel-loader": "9", "bootstrap": "5",
	"core-js": "3", "d3": "7", "date-fns": "4", "eslint": "9",
	"express": "4", "fastify": "5",
	"graphql": "16", "jest": "29", "knex": "3", "lodash": "4", "lodash-es": "4", "lucide-react": "0.460",
	"mathjs": "13", "mocha": "10", "moment-timezone": "0.5", "mongoose": "8", "next": "15", "nuxt": "3",
	"pg": "8", "prettier": "3", "react": "18", "react-dom": "18",
	"react-icons": "5", "react-scripts": "5", "rxjs": "7", "sequelize": "6",
	"socket.io": "4", "swiper": "11", "tailwindcss": "3", "three": "0.170", "ts-node": "10", "typeorm": "0.3",
	"typescript": "5", "vite": "5", "vue": "3", "webpack": "5", "winston": "3",
}

// few is what a small service depends on.
var few = map[string]string{
	"axios": "1", "body-parser": "1", "chalk": "4", "commander": "12", "cors": "2", "debug": "4", "dotenv": "16",
	"express": "4", "fastify": "5", "helmet": "8", "ioredis": "5", "jsonwebtoken": "9", "morgan": "1", "pg": "8",
	"pino": "9", "uuid": "11", "winston": "3", "ws": "8", "yargs": "17", "zod": "3",
}

// npm installs dependencies into a folder once; scripts of packages are not run.
func (m *maker) npm(ctx context.Context, name string, dependencies map[string]string) (string, error) {
	dir := m.work("npm-" + name)
	return dir, once(dir, func(partial string) error {
		tool, err := need("npm", "apt-get install npm")
		if err != nil {
			return err
		}
		manifest, err := json.MarshalIndent(map[string]any{
			"name": "bench-" + name, "version": "1.0.0", "private": true, "dependencies": dependencies,
		}, "", "  ")
		if err != nil {
			return err
		}
		if err := write(filepath.Join(partial, "package.json"), string(manifest)+"\n"); err != nil {
			return err
		}
		m.say("  npm install of %d packages and what they need", len(dependencies))
		err = m.command(ctx, partial, nil, tool, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", "--prefer-offline", "--loglevel=error")
		if err != nil {
			return fmt.Errorf("%w\npackages come from the npm registry: is there a network?", err)
		}
		return nil
	})
}

// runtimeLayer is Node.js as this machine has it, with npm.
func (m *maker) runtimeLayer(ctx context.Context) (forms.Layer, error) {
	return m.pool.Layer("node-runtime", "RUN install Node.js", func(t *forms.Tree) error {
		node, err := need("node", "apt-get install nodejs")
		if err != nil {
			return err
		}
		if node, err = filepath.EvalSymlinks(node); err != nil {
			return err
		}
		root, err := exec.CommandContext(ctx, "npm", "root", "-g").Output()
		if err != nil {
			return fmt.Errorf("asking npm for its folder: %w", err)
		}
		for _, d := range []string{"usr/local", "usr/local/bin", "usr/local/lib", "usr/local/lib/node_modules", "usr/local/lib/node_modules/npm"} {
			if err := t.Mkdir(d); err != nil {
				return err
			}
		}
		if err := t.OnDisk(node, "usr/local/bin/node"); err != nil {
			return err
		}
		npm, err := filepath.EvalSymlinks(filepath.Join(string(bytes.TrimSpace(root)), "npm"))
		if err != nil {
			return err
		}
		return t.Dir(npm, "usr/local/lib/node_modules/npm", nil)
	})
}

func (m *maker) node(ctx context.Context) error {
	base, err := m.slimLayer(ctx)
	if err != nil {
		return err
	}
	node, err := m.runtimeLayer(ctx)
	if err != nil {
		return err
	}
	app, err := m.pool.Layer("node-app", "RUN npm install", func(t *forms.Tree) error {
		dir, err := m.npm(ctx, "node", popular)
		if err != nil {
			return err
		}
		for _, d := range []string{"srv", "srv/app"} {
			if err := t.Mkdir(d); err != nil {
				return err
			}
		}
		return t.Dir(dir, "srv/app", nil)
	})
	if err != nil {
		return err
	}
	m.say("  the application has %d files and folders", app.Files)
	return forms.Write(m.image("node"), forms.Image{Name: "node", Layers: []forms.Layer{base, node, app}})
}

// fleet is small services over three bases. They are written in two forms only: as archives or unpacked they would hold the bases 200 times.
func (m *maker) fleet(ctx context.Context) error {
	slim, err := m.slimLayer(ctx)
	if err != nil {
		return err
	}
	base, err := m.pool.Layer("bare", "COPY base /", bare)
	if err != nil {
		return err
	}
	python, err := m.pool.Layer("fleet-python", "RUN apt-get install python3", func(t *forms.Tree) error {
		debs, err := m.download(ctx, "python", []string{"python3-minimal", "python3-requests", "ca-certificates"})
		if err != nil {
			return err
		}
		status, err := m.baseStatus(ctx)
		if err != nil {
			return err
		}
		dir := m.work("fleet-python")
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if _, err := m.stage(ctx, dir, status, debs); err != nil {
			return err
		}
		return t.Dir(dir, "", notSlim)
	})
	if err != nil {
		return err
	}
	var modules []os.DirEntry
	var npm, bin string
	find := func() error { // only when a layer is missing
		if modules != nil {
			return nil
		}
		if npm, err = m.npm(ctx, "fleet", few); err != nil {
			return err
		}
		if modules, err = os.ReadDir(filepath.Join(npm, "node_modules")); err != nil {
			return err
		}
		bin, err = m.smallProgram(ctx)
		return err
	}
	for i := range m.services {
		bases := [][]forms.Layer{{slim}, {slim, python}, {base}}[i%3]
		own, err := m.pool.Layer(fmt.Sprintf("fleet-%03d", i), "COPY service /srv/app", func(t *forms.Tree) error {
			if err := find(); err != nil {
				return err
			}
			switch i % 3 {
			case 1:
				return pyTree(t, i%30, i%30+20)
			case 2:
				if err := t.OnDisk(bin, "usr/local/bin/service"); err != nil {
					return err
				}
				return t.File("etc/service.yaml", fmt.Sprintf("name: service%03d\n", i))
			}
			return someModules(t, filepath.Join(npm, "node_modules"), modules, i)
		})
		if err != nil {
			return err
		}
		name := fmt.Sprintf("fleet/service%03d", i)
		img := forms.Image{Name: name, Layers: append(slices.Clip(bases), own), Only: []string{forms.Gzip, forms.Zstd}}
		if err := forms.Write(m.image(name), img); err != nil {
			return err
		}
	}
	return nil
}

// someModules adds about a third of the installed modules, others for each service.
func someModules(t *forms.Tree, dir string, modules []os.DirEntry, seed int) error {
	for _, d := range []string{"srv", "srv/app", "srv/app/node_modules"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	if err := t.File("srv/app/package.json", fmt.Sprintf("{\"name\": \"service%03d\", \"version\": \"1.0.0\"}\n", seed)); err != nil {
		return err
	}
	for k, e := range modules {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") || (k+seed)%3 != 0 && (k*7+seed)%5 != 0 {
			continue
		}
		name := "srv/app/node_modules/" + e.Name()
		if err := t.Mkdir(name); err != nil {
			return err
		}
		if err := t.Dir(filepath.Join(dir, e.Name()), name, nil); err != nil {
			return err
		}
	}
	return nil
}

// smallProgram builds a Go service of few megabytes.
func (m *maker) smallProgram(ctx context.Context) (string, error) {
	dir := m.work("gosmall")
	bin := filepath.Join(dir, "service")
	return bin, once(dir, func(partial string) error {
		if err := write(filepath.Join(partial, "go.mod"), "module bench.example/small\n\ngo 1.23\n\nrequire (\n\tgolang.org/x/sync v0.9.0\n\tgithub.com/spf13/pflag v1.0.5\n)\n"); err != nil {
			return err
		}
		src := "package main\n\nimport (\n\t\"net/http\"\n\n\t\"github.com/spf13/pflag\"\n\t\"golang.org/x/sync/errgroup\"\n)\n\nfunc main() {\n\tpflag.Parse()\n\tvar g errgroup.Group\n\tg.Go(func() error { return http.ListenAndServe(\"localhost:0\", nil) })\n\t_ = g.Wait()\n}\n"
		if err := write(filepath.Join(partial, "main.go"), src); err != nil {
			return err
		}
		env := []string{"GOFLAGS=-mod=mod -buildvcs=false -trimpath", "CGO_ENABLED=0", "GOWORK=off"}
		if err := m.command(ctx, partial, env, "go", "mod", "tidy"); err != nil {
			return fmt.Errorf("%w\nGo modules come from the module proxy: is there a network?", err)
		}
		return m.command(ctx, partial, env, "go", "build", "-ldflags=-s -w", "-o", "service", ".")
	})
}
