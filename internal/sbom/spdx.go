package sbom

// The parts of SPDX 2.3 that are written, in the order of its JSON schema's examples.

const (
	spdxDocument = "SPDXRef-DOCUMENT"
	noAssertion  = "NOASSERTION"
)

type spdxBOM struct {
	SPDXVersion  string             `json:"spdxVersion"`
	DataLicense  string             `json:"dataLicense"`
	SPDXID       string             `json:"SPDXID"`
	Name         string             `json:"name"`
	Namespace    string             `json:"documentNamespace"`
	CreationInfo spdxCreation       `json:"creationInfo"`
	Packages     []spdxPackage      `json:"packages"`
	Licenses     []spdxLicense      `json:"hasExtractedLicensingInfos,omitempty"`
	Relations    []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created            string   `json:"created"`
	Creators           []string `json:"creators"`
	LicenseListVersion string   `json:"licenseListVersion"`
}

type spdxPackage struct {
	SPDXID           string           `json:"SPDXID"`
	Name             string           `json:"name"`
	Version          string           `json:"versionInfo,omitempty"`
	Purpose          string           `json:"primaryPackagePurpose,omitempty"`
	DownloadLocation string           `json:"downloadLocation"`
	FilesAnalyzed    bool             `json:"filesAnalyzed"`
	SourceInfo       string           `json:"sourceInfo,omitempty"`
	LicenseConcluded string           `json:"licenseConcluded"`
	LicenseDeclared  string           `json:"licenseDeclared"`
	CopyrightText    string           `json:"copyrightText"`
	ExternalRefs     []spdxReference  `json:"externalRefs,omitempty"`
	Annotations      []spdxAnnotation `json:"annotations,omitempty"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxAnnotation struct {
	Annotator string `json:"annotator"`
	Date      string `json:"annotationDate"`
	Type      string `json:"annotationType"`
	Comment   string `json:"comment"`
}

type spdxLicense struct {
	ID   string `json:"licenseId"`
	Text string `json:"extractedText"`
	Name string `json:"name"`
}

type spdxRelationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}
