package suse

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// namespaces lists the releases whose packages a product holds; empty for products that are left out.
func namespaces(name, cpe string) []string {
	if strings.Contains(name, "Teradata") || strings.Contains(name, "TERADATA") || strings.Contains(name, "Raspberry") {
		return nil // rebuilds; their CPE may be that of the server
	}
	if cpe == "" {
		return byName(name)
	}
	parts := strings.Split(cpe, ":") // cpe:/o:suse:sles:15:sp5
	if len(parts) == 4 {
		parts = append(parts, "") // Tumbleweed has no release
	}
	if len(parts) < 5 || parts[0] != "cpe" {
		return nil
	}
	vendor, product, release := parts[2], parts[3], parts[4]
	if vendor == "opensuse" {
		switch {
		case product == "leap" && dotted(release):
			return []string{string(purl.OpenSUSE) + ":" + release}
		case product == "tumbleweed":
			return []string{string(purl.OpenSUSE) + ":Tumbleweed"}
		}
		return nil
	}
	if vendor != "suse" || !enterprise(product) {
		return nil
	}
	pack := ""
	if len(parts) > 5 {
		pack = parts[5]
	}
	return releases(release, pack, product)
}

// enterprise says whether a CPE's product is built on a service pack of SUSE Linux Enterprise. The same words have come with dashes and with underscores.
func enterprise(product string) bool {
	product = strings.TrimPrefix(strings.ReplaceAll(product, "_", "-"), "suse-")
	switch product {
	case "sles", "sled", "sles-sap", "sle-hpc", "sle-rt", "sle-sdk", "sle-we", "sle-ha", "sle-live-patching", "packagehub",
		"sles-ltss", "sles-espos", "sles-bcl", "sles-ltss-extended-security", "sle-hpc-ltss", "sle-hpc-espos":
		return true
	}
	module, ok := strings.CutPrefix(product, "sle-module-")
	return ok && !strings.HasPrefix(module, "suse-manager")
}

// releases makes namespaces of "15" and "sp5", or of "16" and "16.0".
func releases(major, pack, product string) []string {
	ns := string(purl.SUSE) + ":"
	if major == "" || len(major) > 2 || !digits(major) {
		if dotted(major) {
			return []string{ns + major}
		}
		return nil
	}
	switch sp, ok := strings.CutPrefix(pack, "sp"); {
	case ok && digits(sp) && len(sp) < 3:
		return []string{ns + major + "." + sp}
	case dotted(pack) && strings.HasPrefix(pack, major+"."):
		return []string{ns + pack}
	case pack != "":
		return nil
	}
	// The modules of 12 are for all of its service packs; those of 15 have one each, and 15 itself had none.
	if strings.HasPrefix(strings.ReplaceAll(product, "_", "-"), "sle-module-") && major == "12" {
		return []string{ns + "12", ns + "12.1", ns + "12.2", ns + "12.3", ns + "12.4", ns + "12.5"}
	}
	return []string{ns + major}
}

// byName reads the few products that come without a CPE: "SUSE Linux Enterprise Server LTSS Extended Security 12 SP5".
func byName(name string) []string {
	if release, ok := strings.CutPrefix(name, "openSUSE Leap "); ok && dotted(release) {
		return []string{string(purl.OpenSUSE) + ":" + release}
	}
	if name == "openSUSE Tumbleweed" {
		return []string{string(purl.OpenSUSE) + ":Tumbleweed"}
	}
	rest, ok := strings.CutPrefix(name, "SUSE Linux Enterprise ")
	if !ok {
		return nil
	}
	product := ""
	for _, p := range []string{"Server ", "Desktop ", "High Performance Computing ", "Module for ", "Software Development Kit ", "Workstation Extension ", "Real Time "} {
		if strings.HasPrefix(rest, p) {
			product = p
		}
	}
	if product == "" {
		return nil
	}
	words := strings.Fields(rest)
	last := strings.TrimSuffix(words[len(words)-1], "-LTSS")
	if sp, ok := strings.CutPrefix(last, "SP"); ok && len(words) > 2 {
		return releases(words[len(words)-2], "sp"+sp, "sles")
	}
	if product == "Module for " {
		return releases(last, "", "sle-module-x")
	}
	return releases(last, "", "sles")
}

// dotted says whether s is like 15.5.
func dotted(s string) bool {
	a, b, ok := strings.Cut(s, ".")
	return ok && digits(a) && digits(b) && len(s) < 6
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
