package main

import (
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// judgeWinget holds the manifests of winget against its schemas, as far as they say something of what is used here.
// They are written anew: Microsoft's own, of winget-cli, has found the same manifests valid.
func judgeWinget(t *testing.T, dir string) {
	t.Helper()
	for kind, name := range map[string]string{"version": ".yaml", "defaultLocale": ".locale.en-US.yaml", "installer": ".installer.yaml"} {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join("winget", kind+".schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		var manifest any
		if err := yaml.Unmarshal(read(t, filepath.Join(dir, identifier+name)), &manifest); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(manifest); err != nil {
			t.Errorf("%s%s: %v", identifier, name, err)
		}
		delete(manifest.(map[string]any), "PackageVersion")
		if schema.Validate(manifest) == nil {
			t.Errorf("the schema %s takes a manifest without a version", kind)
		}
	}
}
