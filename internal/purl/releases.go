package purl

import "strings"

// redHatRelease gives "9" for "enterprise_linux:9::baseos", any repository of the main stream. Extended support ("rhel_eus:9.2::baseos"), minor releases
// and layered products have versions of their own.
func redHatRelease(s string) string {
	rest, ok := strings.CutPrefix(s, "enterprise_linux:")
	if !ok {
		return s
	}
	major, _, _ := strings.Cut(rest, ":")
	if !digits(major) {
		return s
	}
	return major
}

// suseRelease gives "15.5" for "Linux Enterprise Server 15 SP5", its kinds for long support, SAP and computing, the desktop, and the modules of which the
// release consists.
func suseRelease(s string) string {
	rest, ok := strings.CutPrefix(s, "Linux Enterprise ")
	if !ok {
		return s
	}
	words := strings.Fields(rest)
	if len(words) < 2 {
		return s
	}
	switch words[0] {
	case "Server", "Desktop", "Module", "High": // High Performance Computing
	default: // Micro, Live Patching, Real Time, Workstation Extension, Software Development Kit, ...
		return s
	}
	for i := 1; i < len(words); i++ {
		if !digits(words[i]) {
			continue
		}
		release := words[i]
		if i+1 == len(words) {
			return release
		}
		pack, _, _ := strings.Cut(words[i+1], "-") // SP5-LTSS
		if n, ok := strings.CutPrefix(pack, "SP"); ok && digits(n) {
			return release + "." + n
		}
		if strings.Contains(words[i+1], "LTSS") {
			return release
		}
		return s
	}
	return s
}

// leapRelease gives "15.6" for "Leap 15.6". Tumbleweed is as it is; Leap Micro is another system.
func leapRelease(s string) string {
	if rest, ok := strings.CutPrefix(s, "Leap "); ok && rest != "" && '0' <= rest[0] && rest[0] <= '9' && !strings.Contains(rest, " ") {
		return rest
	}
	return s
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
