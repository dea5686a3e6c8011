package python_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/purl"
)

// pip's own parser is asked what a requirements file says: names, and the version where there is exactly one == or ===.
func TestRequirementsAreThoseOfPip(t *testing.T) {
	t.Parallel()
	const content = "# c\n\na==1.0 # x\nB_b[extra,two] == 2.0 ; python_version<\"3\"\nc===3.0\nd>=1,==4.0\n(e)\n" +
		"f==6.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\ng==7.*\nh>=8\ni\n-i https://registry.example/simple\n" +
		"k @ https://example.com/k-10.0-py3-none-any.whl ; python_version>'3'\nn~=1.0\no==12.0;python_version>'3'\np.q_r-s==13.0.post1+local\n" +
		"t (==5.0)\nu == \\\n 6.0\nv==1.0 \\\n# comment \\\nw==2.0\nx==1!2.0rc1 --config-settings=a=b\n"
	const script = `
import json, sys, re
from pip._internal.req.req_file import parse_requirements
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.models.link import Link
from pip._internal.models.wheel import Wheel
found = []
for parsed in parse_requirements(sys.argv[1], session=PipSession()):
    try:
        r = install_req_from_parsed_requirement(parsed)
    except Exception:
        continue
    version = ""
    exact = [s for s in r.req.specifier if s.operator in ("==", "===") and "*" not in s.version]
    if len(exact) == 1: version = exact[0].version
    if r.link: version = Wheel(r.link.filename).version
    if version: found.append(re.sub(r"[-_.]+", "-", r.name).lower() + "@" + version)
json.dump(found, sys.stdout)
`
	file := filepath.Join(t.TempDir(), "requirements.txt")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", script, file)
	out, err := cmd.Output()
	var want []string
	if err != nil || json.Unmarshal(out, &want) != nil {
		t.Skipf("no pip to compare with: %v", err)
	}
	facts, _, err := extractFile(t, "requirements.txt", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range facts.Packages {
		got = append(got, purl.NormalizeName(purl.PyPI, p.Name)+"@"+p.Version)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 10 {
		t.Fatalf("pip finds only %q", want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-pip +got):\n%s", diff)
	}
}

// CPython's own tests bring a zipped egg; importlib reads it.
func TestEggsAreThoseOfImportlib(t *testing.T) {
	t.Parallel()
	const script = `
import glob, importlib.metadata as m, json, os, sys
found = []
for root in (sys.base_prefix,):
    for egg in glob.glob(os.path.join(root, "lib", "python3*", "test", "test_importlib", "**", "*.egg"), recursive=True):
        for d in m.distributions(path=[egg]):
            found.append({"at": egg, "id": d.metadata["Name"] + "@" + d.version})
json.dump(found, sys.stdout)
`
	out, err := exec.CommandContext(t.Context(), "python3", "-c", script).Output()
	var list []struct{ At, ID string }
	if err != nil || json.Unmarshal(out, &list) != nil || len(list) == 0 {
		t.Skipf("no egg to compare with: %v", err)
	}
	for _, egg := range list {
		content, err := os.ReadFile(egg.At)
		if err != nil {
			t.Fatal(err)
		}
		facts, _, err := extractFile(t, egg.At, content)
		if diff := cmp.Diff([]string{egg.ID}, ids(facts)); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", egg.At, err, diff)
		}
	}
}
