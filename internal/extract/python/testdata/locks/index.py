"""Makes a simple package index (PEP 503) of small wheels in the folder named, and a project beside it that needs them."""
import hashlib, pathlib, sys, zipfile

root = pathlib.Path(sys.argv[1])
WHEELS = [  # name, version, requirements
    ("Alpha.One", "1.0.0", ["beta_two>=2", "gamma[extra]<4; python_version>'3'"]),
    ("beta_two", "2.0.post1", []),
    ("gamma", "3.1rc1", []),
    ("gamma", "3.0", ["delta; extra=='extra'"]),
    ("delta", "1!4.0", []),
    ("epsilon", "0.5+local.1", []),
    ("tests-only", "7.0", ["beta_two"]),
]
DIRECT = [("direct", "6.0", ["zeta"]), ("zeta", "9.1", [])]


def wheel(folder, name, version, requires):
    low = name.lower().replace(".", "_").replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    at = folder / f"{low}-{version}-py3-none-any.whl"
    info = f"{low}-{version}.dist-info"
    files = {
        f"{low}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {r}\n" for r in requires) + "Provides-Extra: extra\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(at, "w") as z:
        record = ""
        for path, text in files.items():
            z.writestr(zipfile.ZipInfo(path), text)
            record += f"{path},,\n"
        z.writestr(zipfile.ZipInfo(f"{info}/RECORD"), record + f"{info}/RECORD,,\n")
    return at


for name, version, requires in WHEELS + DIRECT[1:]:
    folder = root / "simple" / name.lower().replace(".", "-").replace("_", "-")
    at = wheel(folder, name, version, requires)
    links = folder / "index.html"
    text = links.read_text() if links.exists() else "<!DOCTYPE html><html><body>\n"
    digest = hashlib.sha256(at.read_bytes()).hexdigest()
    links.write_text(text + f'<a href="{at.name}#sha256={digest}">{at.name}</a>\n')
wheel(root / "project", *DIRECT[0])
inner = root / "project" / "inner"
inner.mkdir(parents=True)
(inner / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "inner"\nversion = "0.1"\n')
(inner / "setup.py").write_text('from setuptools import setup\nsetup(name="inner", version="0.1")\n')
