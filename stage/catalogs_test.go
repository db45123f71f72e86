package stage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What vouches for the files of a release is kept in it, recorded, and verified with it.
func TestStageKeepsCatalogs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lib")
	o := options()
	one := Catalog{Name: "cat1.cat", Signer: "Publisher", Files: 3, Content: []byte("first")}
	two := Catalog{Name: strings.Repeat("long", 100), Signer: "Publisher", Files: 1, Content: []byte("second")}
	o.Catalogs = func() []Catalog { return []Catalog{two, one, two} }
	res := mustStage(t, dir, source(kit()), o)
	lib, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := lib.Release(res.Release.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Catalogs) != 2 {
		t.Fatalf("%d catalogs are recorded, want 2: %+v", len(rec.Catalogs), rec.Catalogs)
	}
	for _, c := range rec.Catalogs {
		b, err := os.ReadFile(filepath.Join(lib.ReleaseDir(rec.Name), c.File))
		if err != nil {
			t.Fatal(err)
		}
		want := one
		if string(b) == "second" {
			want = two
		}
		if string(b) != string(want.Content) || c.Name != clip(want.Name) || c.Files != want.Files || c.File != "catalog-"+c.SHA256[:16]+".cat" {
			t.Errorf("catalog %+v has the content %q", c, b)
		}
	}
	rep, err := Verify(t.Context(), lib.ReleaseDir(rec.Name), VerifyOptions{})
	if err != nil || len(rep.Differences()) > 0 {
		t.Errorf("Verify = %v, %v", rep.Differences(), err)
	}

	damaged := filepath.Join(lib.ReleaseDir(rec.Name), rec.Catalogs[0].File)
	if err := os.WriteFile(damaged, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	rep, err = Verify(t.Context(), lib.ReleaseDir(rec.Name), VerifyOptions{})
	if bad := rep.Differences(); err != nil || len(bad) != 1 || bad[0].Path != rec.Catalogs[0].File || bad[0].Verdict != Changed {
		t.Errorf("Verify of a release with a changed catalog = %v, %v", bad, err)
	}
}

func TestStageRefusesTooManyCatalogs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lib")
	o := options()
	o.Catalogs = func() []Catalog {
		var many []Catalog
		for i := range maxCatalogs + 1 {
			many = append(many, Catalog{Content: []byte{byte(i), byte(i >> 8)}})
		}
		return many
	}
	if _, err := stageInto(t, dir, source(kit()), o); err == nil || !strings.Contains(err.Error(), "257 catalogs") {
		t.Errorf("Stage = %v", err)
	}
	wantEmpty(t, dir)
}
