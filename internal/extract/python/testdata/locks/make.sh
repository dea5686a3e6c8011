#!/bin/bash
# Writes the lock files and lists of this folder anew. Needs poetry, pdm and pipenv (Debian: python3-poetry, python3-pdm, pipenv), no network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
python3 "$here/index.py" "$work"
(cd "$work" && exec python3 -m http.server 8765 --bind 127.0.0.1 >/dev/null 2>&1) &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
sleep 1
export PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 POETRY_VIRTUALENVS_IN_PROJECT=1
unset PIP_FIND_LINKS

project() { cp -r "$work/project" "$work/$1" && cp "$here/project/$2" "$work/$1/$3" && cd "$work/$1"; }
# What was installed, as importlib.metadata names it, without the tools and the folders of the project.
installed() {
	.venv/bin/python -c '
import importlib.metadata as m, re
for d in m.distributions():
    name = re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower()
    if name not in ("pip", "setuptools", "wheel", "app", "inner", "pkg-resources"):
        print(f"{name}@{d.version}")' | sort -u
}
keep() {
	mkdir -p "$here/$1"
	sed -E 's#http://127.0.0.1:8765/#https://registry.example/#; s#file://[^ ]*/(direct|inner)#file:///project/\1#' "$2" >"$here/$1/$2"
	installed >"$here/$1/want"
	echo "$1: $(wc -l <"$here/$1/want") packages"
}

project poetry poetry.toml pyproject.toml
poetry lock -n >/dev/null 2>&1 && poetry config --local installer.parallel false && { poetry install -n --no-root >/dev/null 2>&1 || true; } # of the folder only a build tool is missing
keep poetry-1 poetry.lock

# The folder needs a build tool that the index does not have, so that these two cannot install all that they locked; pip installs their
# own lists without it.
pip_install() {
	rm -rf .venv && python3 -m venv .venv
	grep -v '^-e' "$1" >installable.txt && .venv/bin/python -m pip install -q --no-deps --disable-pip-version-check -r installable.txt >/dev/null
}

project pdm pdm.toml pyproject.toml
export PDM_CHECK_UPDATE=0
pdm lock >/dev/null 2>&1 && pdm export -f requirements --dev -o requirements.txt >/dev/null 2>&1
pip_install requirements.txt
keep pdm-2.2 pdm.lock
keep pdm-requirements requirements.txt

project pipenv Pipfile Pipfile
pipenv lock --python /usr/bin/python3 >/dev/null 2>&1
pipenv requirements --dev --hash >requirements-dev.txt 2>/dev/null
pip_install requirements-dev.txt
keep pipenv Pipfile.lock
keep pipenv-requirements requirements-dev.txt

.venv/bin/python -m pip freeze >requirements.txt
keep pip-freeze requirements.txt
