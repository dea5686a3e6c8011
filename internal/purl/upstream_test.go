package purl_test

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/purl"
)

func TestUpstreamOfCPE(t *testing.T) {
	t.Parallel()
	for cpe, want := range map[[2]string]string{
		{"f5", "nginx"}: "nginx", {"igor_sysoev", "nginx"}: "nginx", {"apache", "http_server"}: "httpd", {"nodejs", "node.js"}: "node", {"haxx", "libcurl"}: "curl",
		{"erlang", "erlang/otp"}: "erlang", {"oracle", "openjdk"}: "openjdk", {"sun", "jre"}: "oracle-jdk",
		{"f5", "nginx_plus"}: "", {"jenkins", "git"}: "", {"ibm", "http_server"}: "", {"redhat", "openssl"}: "", {"", ""}: "",
	} {
		if got, ok := purl.UpstreamOfCPE(cpe[0], cpe[1]); got != want || ok != (want != "") {
			t.Errorf("%v is %q, %t, want %q", cpe, got, ok, want)
		}
	}
}
