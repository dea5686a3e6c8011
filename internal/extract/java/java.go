// Package java reads the packages of the Java world: what is in jars and their kin (war, ear, par, sar, kar, hpi, jpi, nar,
// rar of JCA, lpkg), in archives nested in them, and in META-INF/maven folders that were unpacked; Java runtimes, from
// their release file; and what a source tree asks for, from gradle.lockfile and pom.xml. Android's aar and dex are left
// out: they run in no container.
//
// Of an archive it promises one package for each pom.properties (or pom.xml, where that is missing), which is what
// Maven wrote when the code was built: copies that were put into another jar count as well, and the evidence tells
// them from the archive's own. An archive that says nothing so is named by the place it has in a repository, by its
// manifest and by its file name. Where the group cannot be told the name is the artifact alone, and the evidence says so;
// where no version can be told, it is no package.
// Archives of sources and javadoc are no code, and a runtime's own (rt.jar) belong to the runtime: they are no packages.
//
// Archives are read through their central directory, a few entries each; a stored one inside another is read in place, a
// compressed one is inflated into bounded memory. Evidence.Detail names the place inside the file. Classes that were copied
// without their metadata are not recognised.
package java

import (
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{newArchives(), unpacked{}, jre{}, gradleLock{}, project{}}
}

// mavenPackage makes a package of the Maven ecosystem; group may be empty.
func mavenPackage(group, artifact, version string, licenses []string, detail string) inventory.Package {
	name := artifact
	if group != "" {
		name = group + ":" + artifact
	}
	p := inventory.Package{
		Name: name, Version: version, Ecosystem: purl.Maven, Licenses: licenses,
		PURL: purl.Make(purl.Maven, "", name, version, nil, ""),
	}
	if detail != "" {
		p.Evidence = []inventory.Evidence{{Detail: detail}}
	}
	return p
}
