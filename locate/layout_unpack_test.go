package locate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/cab/cabtest"
	"usmtpkg/locate/layout"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/samplekit"
)

// plantLayout writes the layout of a kit and returns its folder.
func plantLayout(t *testing.T) string {
	t.Helper()
	var files []msitest.File
	var content []byte
	var c cabtest.Cabinet
	for name, b := range samplekit.Files(samplekit.Options{Arches: []string{AMD64}}) {
		f := msitest.File{Path: name, Data: b}
		if strings.HasSuffix(name, scanState) {
			f.Version = samplekit.Version
		}
		files = append(files, f)
		c.Files = append(c.Files, cabtest.File{Name: fmt.Sprintf("fil%d", len(files)), Size: len(b), Start: len(content)})
		content = append(content, b...)
	}
	c.Folders = []cabtest.Folder{cabtest.MSZIP(content)}
	kit := msitest.Kit("10.1.26100.2454", files...)
	return plant(t, map[string]string{
		"adksetup.exe": "", "Installers/User State Migration Tool-x86_en-us.msi": string(msitest.Compound(kit.Root(), 4)),
		"Installers/0ab24be4ae66cd2d38e5495684e0a5a1.cab": string(c.Bytes()),
	})
}

func findLayout(t *testing.T, dir string) *LayoutError {
	t.Helper()
	_, err := Find(t.Context(), FindOptions{Source: dir})
	packed, ok := errors.AsType[*LayoutError](err)
	if !ok {
		t.Fatalf("Find: %v, want a *LayoutError", err)
	}
	return packed
}

func TestUnpack(t *testing.T) {
	dir, to := plantLayout(t), t.TempDir()
	c, folder, err := findLayout(t, dir).Unpack(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	if c.Path != dir || c.How != "unpacked from an offline layout" || !strings.HasPrefix(folder, to) || folder != c.folder() || len(c.Arches) != 1 {
		t.Errorf("Unpack = %+v in %s", c, folder)
	}
	if len(c.Evidence) == 0 {
		t.Error("nothing tells the version")
	}
	for _, e := range c.Evidence {
		if strings.Contains(e.Where, to) {
			t.Errorf("evidence in %s, which is gone when it is read", e.Where)
		}
	}
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close() //nolint:errcheck // was only read
	if _, err := src.Root().Stat("amd64/scanstate.exe"); err != nil {
		t.Error(err)
	}
	lists, err := ReadCatalogs(t.Context(), nil, c, "")
	if err != nil || len(lists.Looked) != 2 {
		t.Errorf("ReadCatalogs: %+v, %v, want two places, as beside a kit with its ADK", lists, err)
	}
	for _, place := range lists.Looked {
		if strings.Contains(place.Path, to) {
			t.Errorf("catalogs looked for in %s", place.Path)
		}
	}
}

// TestLook: what a layout has is read from its installers, and nothing is unpacked.
func TestLook(t *testing.T) {
	dir := plantLayout(t)
	if err := os.WriteFile(filepath.Join(dir, "Installers", "a.MSP"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	packed := findLayout(t, dir)
	c, err := packed.Look()
	if err != nil || c.Path != dir || c.Version.String() != samplekit.Version || !slices.Equal(c.Arches, []string{AMD64}) {
		t.Errorf("Look = %+v, %v", c, err)
	}
	var kinds []string
	for _, e := range c.Evidence {
		kinds = append(kinds, e.Kind)
	}
	if want := []string{FileVersion, LayoutMSI, LayoutPatch}; !slices.Equal(kinds, want) {
		t.Errorf("evidence %q, want %q", kinds, want)
	}
	if note := packed.PatchNote(); len(note) != 1 || !strings.Contains(note[0], "a.MSP") {
		t.Errorf("PatchNote = %q", note)
	}
	if err := os.Remove(filepath.Join(dir, "Installers", "0ab24be4ae66cd2d38e5495684e0a5a1.cab")); err != nil {
		t.Fatal(err)
	}
	if _, err := packed.Look(); !errors.As(err, new(*LayoutError)) || !errors.As(err, new(*layout.MissingError)) {
		t.Errorf("without its cabinet: %v", err)
	}
}

// TestLookWithoutUSMT: installers that have no scanstate.exe are a fault.
func TestLookWithoutUSMT(t *testing.T) {
	kit := msitest.Kit("10.1.26100.2454", msitest.File{Path: "amd64/MigApp.xml", Data: []byte("x")})
	dir := plant(t, map[string]string{
		"Installers/User State Migration Tool-x86_en-us.msi": string(msitest.Compound(kit.Root(), 4)), "Installers/0ab24be4ae66cd2d38e5495684e0a5a1.cab": "",
	})
	if _, err := findLayout(t, dir).Look(); !errors.As(err, new(*LayoutError)) || !strings.Contains(err.Error(), "its installers have no scanstate.exe") {
		t.Errorf("Look: %v", err)
	}
}

// TestUnpackFaults: what is wrong with a layout is a *LayoutError, and nothing else is.
func TestUnpackFaults(t *testing.T) {
	cabinet := filepath.Join("Installers", "0ab24be4ae66cd2d38e5495684e0a5a1.cab")
	tests := []struct {
		name, want string
		change     func(dir, to string) error
		fault      bool
	}{
		{"no cabinet", "a cabinet is missing: User State Migration Tool-x86_en-us.msi needs 0ab24be4ae66cd2d38e5495684e0a5a1.cab", func(dir, _ string) error {
			return os.Remove(filepath.Join(dir, cabinet))
		}, true},
		{"damaged", "0ab24be4ae66cd2d38e5495684e0a5a1.cab, byte 0: not a cabinet", func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, cabinet), make([]byte, 100), 0o600)
		}, true},
		{"no place", "exists", func(_, to string) error {
			return os.WriteFile(filepath.Join(to, "ProgramFilesFolder"), nil, 0o600)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, to := plantLayout(t), t.TempDir()
			if err := tt.change(dir, to); err != nil {
				t.Fatal(err)
			}
			_, _, err := findLayout(t, dir).Unpack(t.Context(), to)
			if _, ok := errors.AsType[*LayoutError](err); err == nil || ok != tt.fault || !strings.Contains(err.Error(), "unpacking USMT from "+dir) {
				t.Errorf("%T: %v, want a *LayoutError: %t", err, err, tt.fault)
			}
			if tt.fault && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
		})
	}
	if !errors.As(&LayoutError{Err: &layout.FaultError{}}, new(*layout.FaultError)) {
		t.Error("a LayoutError hides what is wrong")
	}
}
