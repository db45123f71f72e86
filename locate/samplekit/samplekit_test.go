package samplekit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

var arches = []string{"amd64", "arm64", "x86"}

func TestFilesHasWhatEveryReleaseHas(t *testing.T) {
	core := strings.Fields(`scanstate.exe loadstate.exe usmtutils.exe mighost.exe migcore.dll migstore.dll
		migsys.dll migres.dll mxeagent.dll csiagent.dll cmi2migxml.dll unbcl.dll wdscore.dll MigApp.xml
		MigDocs.xml MigUser.xml MigXML.xsd SFCN.DAT SFLCID.DAT SFLISTW7.DAT SFLISTW8.DAT SFPAT.INF
		SFPATW7.INF SFPATW8.INF`)
	late := strings.Fields(`SFLISTWB.DAT SFLISTWT.DAT SFLISTRS1.DAT SFPATWB.INF SFPATWT.INF SFPATRS1.INF
		Config_AppsAndSettings.xml Config_AppsOnly.xml Config_SettingsOnly.xml appextagent.dll wimgapi.dll`)
	files := samplekit.Files(samplekit.Options{})
	for _, arch := range arches {
		var root []string
		for name, data := range files {
			if path.Dir(name) == arch {
				root = append(root, path.Base(name))
			}
			if len(data) == 0 {
				t.Errorf("Files()[%q] is empty", name)
			}
		}
		slices.Sort(root)
		if diff := cmp.Diff(slices.Sorted(slices.Values(slices.Concat(core, late))), root); diff != "" {
			t.Errorf("files in the root of %s (-want +got):\n%s", arch, diff)
		}
	}
}

func TestFilesHasManifestFolders(t *testing.T) {
	tests := []struct {
		arch                   string
		dl, repl, repl7, repl8 int
	}{
		{"amd64", 2, 6, 3, 3},
		{"arm64", 2, 6, 0, 0},
		{"x86", 2, 6, 3, 3},
	}
	for _, tt := range tests {
		t.Run(tt.arch, func(t *testing.T) {
			got := map[string]int{}
			for name := range samplekit.Files(samplekit.Options{}) {
				if folder, ok := strings.CutPrefix(name, tt.arch+"/"); ok && strings.Contains(folder, "/") {
					got[folder[:strings.Index(folder, "/")]]++
				}
			}
			want := map[string]int{
				"DLManifests": tt.dl, "ReplacementManifests": tt.repl,
				"ReplacementManifests7": tt.repl7, "ReplacementManifests8": tt.repl8,
			}
			maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files in manifest folders (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesPrograms(t *testing.T) {
	seen := map[string]string{}
	for name, data := range samplekit.Files(samplekit.Options{}) {
		if ext := path.Ext(name); ext != ".exe" && ext != ".dll" {
			continue
		}
		if twin, ok := seen[string(data)]; ok {
			t.Errorf("%s and %s are equal", name, twin)
		}
		seen[string(data)] = name

		info, err := pe.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("pe.Read(%s) = %v", name, err)
			continue
		}
		arch, rest, _ := strings.Cut(name, "/")
		want := samplekit.Version
		if strings.HasPrefix(rest, "ReplacementManifests7/") || strings.HasPrefix(rest, "ReplacementManifests8/") {
			want = "6.1.7601.17514"
		}
		if info.Machine.String() != arch || info.FileVersion.String() != want {
			t.Errorf("pe.Read(%s) = %v, %v, want %v, %v", name, info.Machine, info.FileVersion, arch, want)
		}
	}
	if len(seen) != 52 {
		t.Errorf("found %d programs, want 52", len(seen))
	}
}

func TestFilesTexts(t *testing.T) {
	const urlid = "http://www.microsoft.com/migration/1.0/migxmlext/"
	roots := map[string]xml.StartElement{
		"MigApp.xml":  {Name: xml.Name{Local: "migration"}, Attr: []xml.Attr{{Name: xml.Name{Local: "urlid"}, Value: urlid + "migapp"}}},
		"MigDocs.xml": {Name: xml.Name{Local: "migration"}, Attr: []xml.Attr{{Name: xml.Name{Local: "urlid"}, Value: urlid + "migdocs"}}},
		"MigUser.xml": {Name: xml.Name{Local: "migration"}, Attr: []xml.Attr{{Name: xml.Name{Local: "urlid"}, Value: urlid + "miguser"}}},
	}
	withBOM := map[string]bool{}
	for name, data := range samplekit.Files(samplekit.Options{}) {
		ext := path.Ext(name)
		if ext == ".exe" || ext == ".dll" {
			continue
		}
		if n := bytes.Count(data, []byte("\n")); n == 0 || n != bytes.Count(data, []byte("\r\n")) || bytes.Contains(data, []byte("\r\r")) {
			t.Errorf("%s does not have CRLF line ends throughout", name)
		}
		if ext == ".DAT" || ext == ".INF" {
			continue
		}
		data, withBOM[path.Base(name)] = bytes.CutPrefix(data, []byte("\ufeff"))
		root, err := xmlRoot(data)
		if err != nil {
			t.Errorf("reading %s: %v", name, err)
		}
		if want, ok := roots[path.Base(name)]; ok {
			if diff := cmp.Diff(want, root); diff != "" {
				t.Errorf("root element of %s (-want +got):\n%s", name, diff)
			}
		}
	}
	if !withBOM["MigApp.xml"] || !withBOM["MigUser.xml"] || withBOM["MigDocs.xml"] {
		t.Errorf("byte order marks = %v, want them in MigApp.xml and MigUser.xml, not in MigDocs.xml", withBOM)
	}
}

// xmlRoot reads the text to its end and returns the root element.
func xmlRoot(data []byte) (xml.StartElement, error) {
	var root xml.StartElement
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		} else if err != nil {
			return root, err
		}
		if e, ok := tok.(xml.StartElement); ok && root.Name.Local == "" {
			root = e.Copy()
		}
	}
}

func TestFilesIsSmallAndAlwaysTheSame(t *testing.T) {
	first, second := samplekit.Files(samplekit.Options{}), samplekit.Files(samplekit.Options{})
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("Files twice (-first +second):\n%s", diff)
	}
	size := 0
	for _, data := range first {
		size += len(data)
		clear(data)
	}
	if size > 300_000 {
		t.Errorf("the kit has %d bytes, want at most 300000", size)
	}
	if diff := cmp.Diff(second, samplekit.Files(samplekit.Options{})); diff != "" {
		t.Errorf("Files after a caller changed its own (-want +got):\n%s", diff)
	}
}

func TestFilesContentsAreNotShared(t *testing.T) {
	files := samplekit.Files(samplekit.Options{})
	want := string(files["x86/MigApp.xml"])
	clear(files["amd64/MigApp.xml"])
	if got := string(files["x86/MigApp.xml"]); got != want {
		t.Error("changing amd64/MigApp.xml changed x86/MigApp.xml")
	}
}

func TestFilesOptions(t *testing.T) {
	files := samplekit.Files(samplekit.Options{Version: "10.0.65001.7", Arches: []string{"x86"}})
	for name := range files {
		if !strings.HasPrefix(name, "x86/") {
			t.Errorf("Files for x86 holds %s", name)
		}
	}
	data := files["x86/scanstate.exe"]
	info, err := pe.Read(bytes.NewReader(data), int64(len(data)))
	if want := (pe.Info{Machine: pe.I386, FileVersion: pe.Version{10, 0, 65001, 7}}); err != nil || info != want {
		t.Errorf("pe.Read(x86/scanstate.exe) = %v, %v, want %v", info, err, want)
	}
}

func TestFilesPanics(t *testing.T) {
	tests := []struct {
		name string
		o    samplekit.Options
		want string
	}{
		{"version", samplekit.Options{Version: "10.0"}, `samplekit: parsing version "10.0": found 2 numbers, wanted 4`},
		{"arch", samplekit.Options{Arches: []string{"ia64"}}, `samplekit: found arch "ia64", wanted amd64, arm64 or x86`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != tt.want {
					t.Errorf("Files panics with %v, want %q", got, tt.want)
				}
			}()
			samplekit.Files(tt.o)
		})
	}
}
