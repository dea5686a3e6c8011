package sbom

import "github.com/sightline-sec/sightline/internal/vex"

// The parts of CycloneDX 1.6 that are written, in the order of its JSON schema.

const cycloneDXSchema = "http://cyclonedx.org/schema/bom-1.6.schema.json"

type cdxBOM struct {
	Schema          string             `json:"$schema"`
	BOMFormat       string             `json:"bomFormat"`
	SpecVersion     string             `json:"specVersion"`
	SerialNumber    string             `json:"serialNumber,omitempty"`
	Version         int                `json:"version"`
	Metadata        cdxMetadata        `json:"metadata"`
	Components      []cdxComponent     `json:"components"`
	Vulnerabilities []cdxVulnerability `json:"vulnerabilities"`
}

type cdxMetadata struct {
	Timestamp string       `json:"timestamp,omitempty"`
	Tools     cdxTools     `json:"tools"`
	Component cdxComponent `json:"component"`
}

type cdxTools struct {
	Components []cdxComponent `json:"components"`
}

type cdxComponent struct {
	Type       string       `json:"type"`
	BOMRef     string       `json:"bom-ref,omitempty"`
	Group      string       `json:"group,omitempty"`
	Name       string       `json:"name"`
	Version    string       `json:"version,omitempty"`
	Scope      string       `json:"scope,omitempty"`
	Licenses   []cdxLicense `json:"licenses,omitempty"`
	PURL       string       `json:"purl,omitempty"`
	Evidence   *cdxEvidence `json:"evidence,omitempty"`
	Properties properties   `json:"properties,omitempty"`
}

type cdxLicense struct {
	License    *cdxLicenseName `json:"license,omitempty"`
	Expression string          `json:"expression,omitempty"`
}

type cdxLicenseName struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

type cdxEvidence struct {
	Occurrences []cdxOccurrence `json:"occurrences"`
}

type cdxOccurrence struct {
	Location          string `json:"location"`
	AdditionalContext string `json:"additionalContext,omitempty"`
}

type cdxVulnerability struct {
	BOMRef         string         `json:"bom-ref"`
	ID             string         `json:"id"`
	Source         *cdxSource     `json:"source,omitempty"`
	References     []cdxReference `json:"references,omitempty"`
	Ratings        []cdxRating    `json:"ratings,omitempty"`
	CWEs           []int          `json:"cwes,omitempty"`
	Description    string         `json:"description,omitempty"`
	Recommendation string         `json:"recommendation,omitempty"`
	Published      string         `json:"published,omitempty"`
	Updated        string         `json:"updated,omitempty"`
	Analysis       *vex.Analysis  `json:"analysis,omitempty"`
	Affects        []cdxAffects   `json:"affects,omitempty"`
	Properties     properties     `json:"properties,omitempty"`
}

type cdxSource struct {
	Name string `json:"name,omitempty"`
}

type cdxReference struct {
	ID     string    `json:"id"`
	Source cdxSource `json:"source"`
}

type cdxRating struct {
	Source   cdxSource `json:"source"`
	Score    *float64  `json:"score,omitempty"`
	Severity string    `json:"severity"`
	Method   string    `json:"method,omitempty"`
	Vector   string    `json:"vector,omitempty"`
}

type cdxAffects struct {
	Ref      string       `json:"ref"`
	Versions []cdxVersion `json:"versions,omitempty"`
}

type cdxVersion struct {
	Version string `json:"version"`
	Status  string `json:"status"`
}
