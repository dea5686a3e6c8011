package java

import "testing"

// A name whose group changed is told by its version, to the minor number where that is what tells.
func TestGroupsThatChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, version, want string }{
		{"bsh", "2.0b4", "org.apache-extras.beanshell"}, // as CVE-2016-2510 has it
		{"bsh", "2.0b6", "org.apache-extras.beanshell"},
		{"bsh", "2.1.0", "org.beanshell"},
		{"bsh", "2.1", "org.beanshell"},
		{"bsh", "3.0", ""},
		{"bsh", "", ""},
		{"mailapi", "1.6.5", "com.sun.mail"},
		{"mailapi", "1.4.3", ""},
		{"groovy-json", "2.4.21", "org.codehaus.groovy"},
		{"groovy-json", "4.0.1", "org.apache.groovy"},
		{"kryo", "2.20", "com.esotericsoftware.kryo"},
		{"kryo", "5", "com.esotericsoftware"},
	} {
		if got, _ := wellKnown(c.name, c.version); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.version, got, c.want)
		}
	}
}
