package output

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestSARIFTitles: no rule is called by its id twice.
func TestSARIFTitles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v           vuln.Vulnerability
		short, full string
	}{
		{vuln.Vulnerability{ID: "CVE-2010-0928", Title: "A title"}, "CVE-2010-0928: A title", "A title"},
		{vuln.Vulnerability{ID: "CVE-2010-0928", Details: "OpenSSL 0.9.8i\nis weak. It is old."}, "CVE-2010-0928: OpenSSL 0.9.8i is weak.", "OpenSSL 0.9.8i is weak."},
		{vuln.Vulnerability{ID: "CVE-2010-0928"}, "CVE-2010-0928 in openssl", "CVE-2010-0928 in openssl"},
	} {
		f := &finding.Finding{Vulnerability: &tt.v}
		f.Package.Name = "openssl"
		if r := sarifRuleOf(f); r.Short.Text != tt.short || r.Full.Text != tt.full {
			t.Errorf("%q, %q", r.Short.Text, r.Full.Text)
		}
	}
}
