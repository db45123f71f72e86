package sbom

import "fmt"

type spdxDocument struct {
	Version       string             `json:"spdxVersion"`
	DataLicense   string             `json:"dataLicense"`
	ID            string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID               string        `json:"SPDXID"`
	Name             string        `json:"name"`
	Version          string        `json:"versionInfo"`
	DownloadLocation string        `json:"downloadLocation"`
	FilesAnalyzed    bool          `json:"filesAnalyzed"`
	LicenseConcluded string        `json:"licenseConcluded"`
	LicenseDeclared  string        `json:"licenseDeclared"`
	Copyright        string        `json:"copyrightText"`
	Comment          string        `json:"comment,omitempty"`
	Refs             []spdxPackRef `json:"externalRefs"`
}

type spdxPackRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const spdxDocumentID = "SPDXRef-DOCUMENT"

func (b bill) spdx() spdxDocument {
	doc := spdxDocument{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: spdxDocumentID, Name: "usmtpkg " + b.program.version,
		Namespace: "https://spdx.org/spdxdocs/usmtpkg-" + b.uuid(),
		Creation:  spdxCreation{Created: b.time, Creators: []string{"Tool: usmtpkg-" + b.program.version}},
	}
	const program = "SPDXRef-usmtpkg"
	doc.Packages = append(doc.Packages, b.program.spdx(program, "Apache-2.0"))
	doc.Relationships = append(doc.Relationships, spdxRelationship{spdxDocumentID, "DESCRIBES", program})
	for i, p := range b.parts {
		id := fmt.Sprintf("SPDXRef-module-%d", i)
		doc.Packages = append(doc.Packages, p.spdx(id, "NOASSERTION"))
		doc.Relationships = append(doc.Relationships, spdxRelationship{program, "DEPENDS_ON", id})
	}
	return doc
}

func (p part) spdx(id, license string) spdxPackage {
	s := spdxPackage{
		ID: id, Name: p.name, Version: p.version, DownloadLocation: "NOASSERTION",
		LicenseConcluded: license, LicenseDeclared: license, Copyright: "NOASSERTION",
		Refs: []spdxPackRef{{"PACKAGE-MANAGER", "purl", p.purl()}},
	}
	if p.sum != "" {
		s.Comment = "go.sum: " + p.sum
	}
	return s
}
