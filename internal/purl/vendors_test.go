package purl_test

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/purl"
)

// TestVendorsOfRPMs reads the namespaces that this program and others write for distributions of rpm packages.
func TestVendorsOfRPMs(t *testing.T) {
	t.Parallel()
	for namespace, want := range map[string]purl.Ecosystem{
		"redhat": purl.RedHat, "rhel": purl.RedHat, "centos": purl.RedHat, "rhcos": purl.RedHat, "scientific": purl.RedHat,
		"oracle": purl.Oracle, "ol": purl.Oracle, "oraclelinux": purl.Oracle,
		"amzn": purl.Amazon, "amazon": purl.Amazon, "amazonlinux": purl.Amazon, "fedora": purl.Fedora,
		"suse": purl.SUSE, "sles": purl.SUSE, "sle-micro": purl.SUSE, "opensuse": purl.OpenSUSE, "opensuse-leap": purl.OpenSUSE,
		"azurelinux": purl.AzureLinux, "mariner": purl.AzureLinux, "photon": purl.Photon,
		"rocky": purl.Rocky, "almalinux": purl.AlmaLinux, "debian": "", "nobody": "",
	} {
		p, err := purl.Parse("pkg:rpm/" + namespace + "/bash@5.1.8-6.el9?arch=x86_64&epoch=1")
		if err != nil {
			t.Fatal(err)
		}
		if e, name := p.Package(); e != want || name != "bash" {
			t.Errorf("%s is %q (%s), want %q", namespace, e, name, want)
		}
		if want != "" && p.Qualifiers["epoch"] != "1" {
			t.Errorf("%s: qualifiers %v", namespace, p.Qualifiers)
		}
	}
	// What Make writes for a distribution's own packages is read as the same.
	for _, e := range []purl.Ecosystem{
		purl.RedHat, purl.Oracle, purl.Amazon, purl.Fedora, purl.SUSE, purl.OpenSUSE, purl.AzureLinux, purl.Photon, purl.Rocky, purl.AlmaLinux,
	} {
		p, err := purl.Parse(purl.Make(e, "", "bash", "5-1", nil, ""))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := p.Package(); got != e {
			t.Errorf("a package of %s is read as %q", e, got)
		}
	}
}
