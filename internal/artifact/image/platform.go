package image

import (
	"fmt"
	"runtime"
	"strings"
)

// platform is what an image runs on.
type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	OSVersion    string `json:"os.version"`
}

func (p platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// hostPlatform is linux on the architecture of this program.
func hostPlatform() platform { return platform{OS: "linux", Architecture: runtime.GOARCH} }

// parsePlatform reads os/architecture[/variant], or an architecture alone for linux.
func parsePlatform(s string) (platform, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) == 1 {
		parts = append([]string{"linux"}, parts...)
	}
	if len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return platform{}, fmt.Errorf("platform %q: want os/architecture or os/architecture/variant, such as linux/arm64", s)
	}
	p := platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p.normal(), nil
}

// normal brings the names that tools use into those of Go, as containerd does.
func (p platform) normal() platform {
	switch p.Architecture {
	case "x86_64", "x86-64":
		p.Architecture = "amd64"
	case "aarch64":
		p.Architecture = "arm64"
	case "armhf":
		p.Architecture, p.Variant = "arm", "v7"
	case "armel":
		p.Architecture, p.Variant = "arm", "v6"
	case "i386":
		p.Architecture = "386"
	}
	if p.Architecture == "arm64" && p.Variant == "v8" || p.Architecture == "amd64" && p.Variant == "v1" {
		p.Variant = ""
	}
	return p
}

// matches says whether p can stand for want. A wanted platform without a variant takes any.
func (p platform) matches(want platform) bool {
	p, want = p.normal(), want.normal()
	return p.OS == want.OS && p.Architecture == want.Architecture && (want.Variant == "" || p.Variant == want.Variant)
}

// better says whether p suits want more than other does, both of which match: the plain variant, else the highest.
func (p platform) better(other, want platform) bool {
	p, other = p.normal(), other.normal()
	if p.Variant == want.normal().Variant || other.Variant == want.normal().Variant {
		return p.Variant == want.normal().Variant && other.Variant != want.normal().Variant
	}
	return p.Variant > other.Variant
}
