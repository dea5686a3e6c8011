package python

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/license"
)

// The classifiers of https://pypi.org/classifiers/ that name one licence and one version count before the License field, and mean that
// licence; those that name a family do not.
func TestClassifiers(t *testing.T) {
	t.Parallel()
	for word, id := range map[string]string{
		"MIT License":                                             "MIT",
		"MIT No Attribution License (MIT-0)":                      "MIT-0",
		"ISC License (ISCL)":                                      "ISC",
		"zlib/libpng License":                                     "Zlib",
		"The Unlicense (Unlicense)":                               "Unlicense",
		"Blue Oak Model License (BlueOak-1.0.0)":                  "BlueOak-1.0.0",
		"Boost Software License 1.0 (BSL-1.0)":                    "BSL-1.0",
		"CC0 1.0 Universal (CC0 1.0) Public Domain Dedication":    "CC0-1.0",
		"Zero-Clause BSD (0BSD)":                                  "0BSD",
		"Mozilla Public License 1.0 (MPL)":                        "MPL-1.0",
		"Mozilla Public License 1.1 (MPL 1.1)":                    "MPL-1.1",
		"Mozilla Public License 2.0 (MPL 2.0)":                    "MPL-2.0",
		"GNU General Public License v2 (GPLv2)":                   "GPL-2.0-only",
		"GNU General Public License v2 or later (GPLv2+)":         "GPL-2.0-or-later",
		"GNU General Public License v3 (GPLv3)":                   "GPL-3.0-only",
		"GNU General Public License v3 or later (GPLv3+)":         "GPL-3.0-or-later",
		"GNU Lesser General Public License v2 (LGPLv2)":           "LGPL-2.0-only",
		"GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
		"GNU Lesser General Public License v3 (LGPLv3)":           "LGPL-3.0-only",
		"GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
		"GNU Affero General Public License v3":                    "AGPL-3.0-only",
		"GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
		"European Union Public Licence 1.1 (EUPL 1.1)":            "EUPL-1.1",
		"European Union Public Licence 1.2 (EUPL 1.2)":            "EUPL-1.2",
		"Eclipse Public License 2.0 (EPL-2.0)":                    "EPL-2.0",
		"Universal Permissive License (UPL)":                      "UPL-1.0",
		"SIL Open Font License 1.1 (OFL-1.1)":                     "OFL-1.1",
		"BSD License":                                             "", "Apache Software License": "", "GNU General Public License (GPL)": "", "Public Domain": "",
		"GNU Library or Lesser General Public License (LGPL)": "", "Other/Proprietary License": "", "Artistic License": "",
	} {
		m := readMetadata([]byte("Name: a\nVersion: 1\nLicense: field\nClassifier: License :: OSI Approved :: " + word + "\n"))
		want := []string{word}
		if id == "" {
			want = []string{"field"}
		}
		if diff := cmp.Diff(want, m.declared()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", word, diff)
		}
		if got := license.Expression([]string{word}, license.Unclear); got != id {
			t.Errorf("%s means %q, want %q", word, got, id)
		}
	}
}
