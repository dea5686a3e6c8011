package java

import "strings"

// groupOf tells the group of an artifact whose archive has no pom, surest first; artifact is its name in that group. The order and the
// rules are those that are right most often for the jars of Debian, see TestGroupsWithoutPoms.
func groupOf(name, version string, m manifest, classes *classTree) (group, artifact, how string) {
	if m.said("implementation-title") == "Apache Tomcat" {
		return tomcat(name)
	}
	if g, ok := wellKnown(name, version); ok {
		return g, name, "the name, which is well known"
	}
	if bundle := m.bundle(); isGroupID(bundle) {
		if g, ok := strings.CutSuffix(bundle, "."+name); ok && isGroupID(g) {
			return g, name, "Bundle-SymbolicName"
		}
		if g := groupOfBundle(bundle, name); g != "" {
			return g, name, "Bundle-SymbolicName"
		}
	}
	if g := m.said("implementation-vendor-id"); isGroupID(g) && !isHouse(g) {
		return g, name, "Implementation-Vendor-Id"
	}
	if g := groupOfBundle(m.said("automatic-module-name"), name); g != "" {
		return g, name, "Automatic-Module-Name"
	}
	if g := groupOfBundle(classes.name(), name); g != "" {
		return g, name, "the package of its classes"
	}
	return "", name, ""
}

// isHouse says whether a vendor makes many things, which have groups of their own.
func isHouse(vendor string) bool {
	switch vendor {
	case "org.apache", "org.jboss", "org.eclipse", "org.glassfish", "org.codehaus", "com.sun", "com.oracle", "com.google", "com.ibm", "org.unicode":
		return true
	}
	return false
}

// tomcat names the jars of a Tomcat distribution as they are called in repositories.
func tomcat(name string) (group, artifact, how string) {
	if strings.HasPrefix(name, "tomcat-embed") {
		return "org.apache.tomcat.embed", name, "Implementation-Title"
	}
	if !strings.HasPrefix(name, "tomcat") {
		name = "tomcat-" + name
	}
	return "org.apache.tomcat", name, "Implementation-Title"
}

// groupOfBundle turns the default symbolic name of a bundle around: the group whose last word the artifact begins with, as
// lucene-facet begins with that of org.apache.lucene, which is before .facet. Of org.tukaani.xz and xz nothing can be told: the group
// may be the one or the other.
func groupOfBundle(bundle, name string) string {
	if !isGroupID(bundle) || len(bundle) > 256 || strings.HasSuffix(bundle, "."+name) {
		return ""
	}
	for g := bundle; isGroupID(g); g = g[:strings.LastIndexByte(g, '.')] {
		if isBundleOf(bundle, g, name) {
			return g
		}
	}
	return ""
}
