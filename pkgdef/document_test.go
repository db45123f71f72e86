package pkgdef

import (
	"testing"

	"usmtpkg/testdata/doccheck"
)

// docs/schemas has the schema of package.json, as the types give it.
func TestDocumentSchema(t *testing.T) {
	doccheck.Schema{
		Name: "package", Title: "The package definition of a release, package.json.", Of: document{}, Version: jsonVersion,
		Consts: map[string]any{"format": jsonFormat, "version": jsonVersion},
	}.Golden(t, "..", *update)
}
