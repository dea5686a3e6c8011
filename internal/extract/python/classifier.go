package python

// spdxOfClassifier gives the SPDX identifier of a licence classifier's last part
// (https://pypi.org/classifiers/), where that names one licence and one version. "BSD License" or "Apache Software
// License" do not: the first is a family, and of the second there are three versions.
func spdxOfClassifier(word string) string {
	switch word {
	case "MIT License":
		return "MIT"
	case "MIT No Attribution License (MIT-0)":
		return "MIT-0"
	case "ISC License (ISCL)":
		return "ISC"
	case "zlib/libpng License":
		return "Zlib"
	case "The Unlicense (Unlicense)":
		return "Unlicense"
	case "Blue Oak Model License (BlueOak-1.0.0)":
		return "BlueOak-1.0.0"
	case "Boost Software License 1.0 (BSL-1.0)":
		return "BSL-1.0"
	case "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication":
		return "CC0-1.0"
	case "Zero-Clause BSD (0BSD)":
		return "0BSD"
	case "Mozilla Public License 1.0 (MPL)":
		return "MPL-1.0"
	case "Mozilla Public License 1.1 (MPL 1.1)":
		return "MPL-1.1"
	case "Mozilla Public License 2.0 (MPL 2.0)":
		return "MPL-2.0"
	case "GNU General Public License v2 (GPLv2)":
		return "GPL-2.0-only"
	case "GNU General Public License v2 or later (GPLv2+)":
		return "GPL-2.0-or-later"
	case "GNU General Public License v3 (GPLv3)":
		return "GPL-3.0-only"
	case "GNU General Public License v3 or later (GPLv3+)":
		return "GPL-3.0-or-later"
	case "GNU Lesser General Public License v2 (LGPLv2)":
		return "LGPL-2.0-only"
	case "GNU Lesser General Public License v2 or later (LGPLv2+)":
		return "LGPL-2.0-or-later"
	case "GNU Lesser General Public License v3 (LGPLv3)":
		return "LGPL-3.0-only"
	case "GNU Lesser General Public License v3 or later (LGPLv3+)":
		return "LGPL-3.0-or-later"
	case "GNU Affero General Public License v3":
		return "AGPL-3.0-only"
	case "GNU Affero General Public License v3 or later (AGPLv3+)":
		return "AGPL-3.0-or-later"
	case "European Union Public Licence 1.1 (EUPL 1.1)":
		return "EUPL-1.1"
	case "European Union Public Licence 1.2 (EUPL 1.2)":
		return "EUPL-1.2"
	case "Eclipse Public License 2.0 (EPL-2.0)":
		return "EPL-2.0"
	case "Universal Permissive License (UPL)":
		return "UPL-1.0"
	case "SIL Open Font License 1.1 (OFL-1.1)":
		return "OFL-1.1"
	}
	return ""
}
