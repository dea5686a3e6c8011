package redhat

import "strings"

// stream is a line of releases of RHEL which packages come from.
type stream struct {
	major string
	minor string // of an update stream, or where the main stream's product says it
	kind  kind
}

type kind uint8

const (
	layered  kind = iota // not RHEL itself
	main                 // the current minor release, or a repository beside it
	extended             // ELS: after the end of the main stream
	update               // EUS: on an older minor release, or beside the newest
	held                 // AUS, TUS, E4S: on an older minor release
	anyEL                // Software Collections without a release of RHEL
)

// streamOf reads a CPE such as "cpe:/a:redhat:enterprise_linux:8::appstream".
func streamOf(cpe string) stream {
	var part [7]string
	n := 0
	for p := range strings.SplitSeq(cpe, ":") {
		if n < len(part) {
			part[n] = p
		}
		n++
	}
	product, version, edition := part[3], part[4], part[6]
	if part[0] != "cpe" || part[2] != "redhat" {
		return stream{}
	}
	s := stream{major: version}
	s.major, s.minor, _ = strings.Cut(version, ".")
	switch product {
	case "enterprise_linux":
		if strings.HasPrefix(edition, "hypervisor") || edition == "fastdatapath" {
			return stream{} // products that share the CPE
		}
		s.kind = main
	case "rhel_extras", "rhel_extras_oracle_java", "rhel_extras_rt", "rhel_extras_other", "rhel_extras_sap":
		if s.minor != "" {
			return stream{} // "5.6.z"
		}
		s.kind = main
	case "rhel_els", "rhel_extras_rt_els":
		s.kind = extended
	case "rhel_eus", "enterprise_linux_eus":
		s.kind = update
	case "rhel_aus", "rhel_tus", "rhel_e4s":
		s.kind = held
	case "rhel_software_collections":
		s.minor = ""
		if edition == "" {
			s.major, s.kind = "", anyEL
			return s
		}
		var ok bool
		if s.major, ok = strings.CutPrefix(edition, "el"); !ok {
			return stream{}
		}
		s.kind = main
	default:
		return stream{}
	}
	if !supported(s.major) {
		return stream{}
	}
	return s
}

// majors lists the namespaces that a stream's packages are in.
func (s stream) majors() []string {
	if s.kind == anyEL {
		return []string{"6", "7"} // those that had Software Collections
	}
	return []string{s.major}
}

// supported leaves out releases before 5, which no image holds.
func supported(major string) bool {
	if major == "" || len(major) > 3 || strings.Trim(major, "0123456789") != "" || major[0] == '0' {
		return false
	}
	return len(major) > 1 || major >= "5"
}
