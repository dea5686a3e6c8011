package version

import "github.com/google/osv-scalibr/semantic"

// parseForeign lets osv-scalibr's semantic read the version. It is given at most maxLength bytes.
func (v *Version) parseForeign() (why string) {
	var err error
	switch v.order {
	case pypiOrder:
		v.foreign, err = semantic.ParsePyPIVersion(v.raw)
	case mavenOrder:
		v.foreign = semantic.ParseMavenVersion(v.raw)
	case gemOrder:
		v.foreign = semantic.ParseRubyGemsVersion(v.raw)
	case composerOrder:
		v.foreign = semantic.ParsePackagistVersion(v.raw)
	case cranOrder:
		v.foreign, err = semantic.ParseCRANVersion(v.raw)
	case hackageOrder:
		v.foreign, err = semantic.ParseHackageVersion(v.raw)
	case pubOrder:
		v.foreign = semantic.ParsePubVersion(v.raw)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
