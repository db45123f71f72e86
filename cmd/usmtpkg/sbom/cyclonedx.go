package sbom

type cdxBOM struct {
	Schema       string          `json:"$schema"`
	Format       string          `json:"bomFormat"`
	SpecVersion  string          `json:"specVersion"`
	SerialNumber string          `json:"serialNumber"`
	Version      int             `json:"version"`
	Metadata     cdxMetadata     `json:"metadata"`
	Components   []cdxComponent  `json:"components"`
	Dependencies []cdxDependency `json:"dependencies"`
}

type cdxMetadata struct {
	Timestamp string       `json:"timestamp"`
	Component cdxComponent `json:"component"`
}

type cdxComponent struct {
	Type       string        `json:"type"`
	Ref        string        `json:"bom-ref"`
	Name       string        `json:"name"`
	Version    string        `json:"version"`
	PURL       string        `json:"purl"`
	Properties []cdxProperty `json:"properties,omitempty"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

func (b bill) cycloneDX() cdxBOM {
	bom := cdxBOM{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6",
		SerialNumber: "urn:uuid:" + b.uuid(), Version: 1,
		Metadata: cdxMetadata{Timestamp: b.time, Component: b.program.cycloneDX("application")},
	}
	program := cdxDependency{Ref: b.program.purl()}
	for _, p := range b.parts {
		bom.Components = append(bom.Components, p.cycloneDX("library"))
		program.DependsOn = append(program.DependsOn, p.purl())
	}
	bom.Dependencies = []cdxDependency{program}
	return bom
}

func (p part) cycloneDX(kind string) cdxComponent {
	c := cdxComponent{Type: kind, Ref: p.purl(), Name: p.name, Version: p.version, PURL: p.purl()}
	if p.sum != "" {
		c.Properties = []cdxProperty{{Name: "go.sum", Value: p.sum}}
	}
	return c
}
