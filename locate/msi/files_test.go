package msi_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
)

func TestFiles(t *testing.T) {
	want := wanted(kitFiles())
	many := kitFiles()
	for i := range 3000 {
		many = append(many, msitest.File{Path: fmt.Sprintf("amd64/m/Manifest number %d.man", i), Data: []byte{byte(i)}})
	}
	long := msitest.Kit(kitVersion, kitFiles()...)
	long.Long = true
	tests := []struct {
		name string
		file []byte
		want []msi.File
	}{
		{"version 4", msitest.Compound(msitest.Kit(kitVersion, kitFiles()...).Root(), 4), want},
		{"version 3", msitest.Compound(msitest.Kit(kitVersion, kitFiles()...).Root(), 3), want},
		{"references of 3 bytes", encoded(long), want},
		{"large tables", encoded(msitest.Kit(kitVersion, many...)), wanted(many)},
		{"large tables, version 3", msitest.Compound(msitest.Kit(kitVersion, many...).Root(), 3), wanted(many)},
		{"no files", encoded(msitest.Kit(kitVersion)), []msi.File{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, filesOf(t, tt.file)); diff != "" {
				t.Errorf("Files (-want +got):\n%s", diff)
			}
		})
	}
}

// A file of 8 MiB in sectors of 512 bytes has a sector table that the header has no room to list.
func TestFilesOfLargePackage(t *testing.T) {
	d := msitest.Kit(kitVersion, kitFiles()...)
	d.Streams = []*msitest.Node{{Name: "Icon", Data: make([]byte, 8<<20)}}
	if diff := cmp.Diff(wanted(kitFiles()), filesOf(t, msitest.Compound(d.Root(), 3))); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

func TestUSMT(t *testing.T) {
	tests := []struct{ path, want string }{
		{"Windows Kits/10/Assessment and Deployment Kit/User State Migration Tool/amd64/DLManifests/a.man", "amd64 DLManifests/a.man true"},
		{"user state migration tool/x86/a.xml", "x86 a.xml true"},
		{"User State Migration Tool/a.xml", "  false"},
		{"İİİİ/User State Migration Tool/arm64/a.xml", "arm64 a.xml true"},
		{"Other User State Migration Tool/arm64/a.xml", "  false"},
		{"Windows Kits/10/Catalogs/a.cat", "  false"},
	}
	for _, tt := range tests {
		arch, path, ok := msi.File{Path: tt.path}.USMT()
		if got := fmt.Sprint(arch, " ", path, " ", ok); got != tt.want {
			t.Errorf("USMT of %s = %s, want %s", tt.path, got, tt.want)
		}
	}
}

func TestPropertyAndCabinets(t *testing.T) {
	kit := msitest.Kit(kitVersion, kitFiles()...)
	media := table(kit, "Media")
	media.Rows = append(media.Rows, []any{3, 9, nil, "#embedded", nil, nil})
	d := open(t, encoded(kit))
	for name, want := range map[string]string{"ProductVersion": kitVersion, "ProductCode": "{11111111-2222-3333-4444-555555555556}", "None": ""} {
		if got, err := d.Property(name); err != nil || got != want {
			t.Errorf("Property(%s) = %q, %v, want %q", name, got, err, want)
		}
	}
	got, err := d.Cabinets()
	want := []msi.Cabinet{{Name: "0ab24be4ae66cd2d38e5495684e0a5a1.cab", Last: 5}, {Name: "embedded", Embedded: true, Last: 9}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Cabinets: %v (-want +got):\n%s", err, diff)
	}
	media.Rows[1][3] = "../evil.cab"
	_, err = open(t, encoded(kit)).Cabinets()
	wantFormatError(t, err, `the cabinet "../evil.cab" is not a plain name`)
}

// table returns a table of a database, which can then be changed.
func table(d msitest.Database, name string) *msitest.Table {
	return &d.Tables[slices.IndexFunc(d.Tables, func(t msitest.Table) bool { return t.Name == name })]
}

func TestDirectoryForms(t *testing.T) {
	for value, want := range map[string]string{
		".":                            "ProgramFilesFolder a.xml",
		"short":                        "ProgramFilesFolder short/a.xml",
		"short|Long Name":              "ProgramFilesFolder Long Name/a.xml",
		"target:source":                "ProgramFilesFolder target/a.xml",
		"t|Target Name:s|Source":       "ProgramFilesFolder Target Name/a.xml",
		".:source":                     "ProgramFilesFolder a.xml",
		strings.Repeat("x", 390):       "ProgramFilesFolder " + strings.Repeat("x", 390) + "/a.xml",
		"TARGETDIR with the parent ''": "D a.xml",
		"a parent that is itself":      "D a.xml",
	} {
		kit := msitest.Kit(kitVersion, msitest.File{Path: "a.xml"})
		dirs := table(kit, "Directory")
		row := []any{"D", "ProgramFilesFolder", value}
		switch {
		case strings.HasPrefix(value, "TARGETDIR"):
			row = []any{"D", nil, "SourceDir"}
		case strings.HasPrefix(value, "a parent"):
			row = []any{"D", "D", "SourceDir"}
		}
		dirs.Rows = append(dirs.Rows, row)
		table(kit, "Component").Rows[0][2] = "D"
		f := filesOf(t, encoded(kit))[0]
		if got := f.Root + " " + f.Path; got != want {
			t.Errorf("Directory %q: file %s, want %s", value, got, want)
		}
	}
}

// A file that goes with another has its key in the place of a version.
func TestCompanionFile(t *testing.T) {
	kit := msitest.Kit(kitVersion, kitFiles()...)
	table(kit, "File").Rows[1][4] = "fil1"
	if got := filesOf(t, encoded(kit)); got[0].Version != "10.0.26100.2454" || got[1].Version != "" {
		t.Errorf("versions %q, %q, want that of the first file only", got[0].Version, got[1].Version)
	}
}

func TestFilesRefused(t *testing.T) {
	chain := func(d msitest.Database, n int) {
		dirs := table(d, "Directory")
		for i := range n {
			dirs.Rows = append(dirs.Rows, []any{fmt.Sprint("c", i), fmt.Sprint("c", i+1), fmt.Sprint("n", i)})
		}
		dirs.Rows = append(dirs.Rows, []any{fmt.Sprint("c", n), "TARGETDIR", "top"})
		table(d, "Component").Rows[0][2] = "c0"
	}
	set := func(name string, row, col int, value any) func(msitest.Database) {
		return func(d msitest.Database) { table(d, name).Rows[row][col] = value }
	}
	twice := func(name string) func(msitest.Database) {
		return func(d msitest.Database) { t := table(d, name); t.Rows = append(t.Rows, t.Rows[0]) }
	}
	tests := []struct {
		name string
		edit func(msitest.Database)
		want string
	}{
		{"name with a folder", set("File", 0, 2, `f|..\..\evil.exe`), `the file "fil1": "f|..\\..\\evil.exe" is not a plain name`},
		{"name with a slash", set("File", 0, 2, "a/b"), "is not a plain name"},
		{"name that is a stream", set("File", 0, 2, "a:b"), "is not a plain name"},
		{"no name", set("File", 0, 2, nil), "is not a plain name"},
		{"no long name", set("File", 0, 2, "short|"), "is not a plain name"},
		{"dots", set("File", 0, 2, ".."), "is not a plain name"},
		{"control character", set("File", 0, 2, "a\x1b[2J"), "is not a plain name"},
		{"dot at the end", set("File", 0, 2, "a."), "ends with a dot or a space"},
		{"space at the end", set("File", 0, 2, "a "), "ends with a dot or a space"},
		{"negative size", set("File", 0, 3, -1), `the file "fil1" has the size -1`},
		{"unknown component", set("File", 0, 1, "cmpX"), `its component "cmpX" does not exist`},
		{"unknown directory", set("Component", 0, 2, "dirX"), `the directory "dirX" does not exist`},
		{"directory in itself", set("Directory", 5, 1, "dir3"), "contains itself, or is below more than 64 others"},
		{"directory that leads out", set("Directory", 5, 2, "x|.."), `the directory "USMT": "x|.." is not a plain name`},
		{"deep directory", func(d msitest.Database) { chain(d, 65) }, "contains itself, or is below more than 64 others"},
		{"long path", set("Directory", 5, 2, strings.Repeat("x", 400)), "the path of the directory \"USMT\" has more than 400 characters"},
		{"long path of a file", set("File", 0, 2, strings.Repeat("x", 400)), "its path has more than 400 characters"},
		{"a file twice", twice("File"), `the table File has the row "fil1" twice`},
		{"a component twice", twice("Component"), `the table Component has the row "cmp1" twice`},
		{"a directory twice", twice("Directory"), `the table Directory has the row "TARGETDIR" twice`},
		{"a hash twice", twice("MsiFileHash"), `the table MsiFileHash has the row "fil2" twice`},
		{"hash with options", set("MsiFileHash", 0, 1, 1), "has the options 1"},
		{"missing column", func(d msitest.Database) { table(d, "File").Columns[3] = "Other i4" }, "the table File has no column FileSize"},
		{"number for a text", func(d msitest.Database) {
			table(d, "File").Columns[2] = "FileName i2"
			for i := range 5 {
				table(d, "File").Rows[i][2] = 1
			}
		}, "column FileName of the table File is not of texts"},
		{"text for a number", func(d msitest.Database) {
			table(d, "File").Columns[3] = "FileSize s4"
			for i := range 5 {
				table(d, "File").Rows[i][3] = "1"
			}
		}, "column FileSize of the table File is not of numbers"},
		{"too many files", func(d msitest.Database) {
			rows := table(d, "File")
			for i := range 32<<10 - 4 {
				rows.Rows = append(rows.Rows, slices.Concat([]any{fmt.Sprint(i)}, rows.Rows[0][1:]))
			}
		}, "the package has 32769 files; up to 32768 are read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kit := msitest.Kit(kitVersion, kitFiles()...)
			tt.edit(kit)
			list, err := open(t, encoded(kit)).Files()
			if list != nil {
				t.Errorf("Files = %d files", len(list))
			}
			wantFormatError(t, err, tt.want)
		})
	}
	kit := msitest.Kit(kitVersion, kitFiles()...)
	chain(kit, 60)
	if _, err := open(t, encoded(kit)).Files(); err != nil {
		t.Errorf("Files of 61 directories in one another: %v", err)
	}
}

func TestCodePages(t *testing.T) {
	tests := []struct {
		page      uint32
		raw, want string
		fault     string
	}{
		{page: 65001, raw: "Übung.xml", want: "Übung.xml"},
		{page: 65001, raw: "\xdcbung.xml", fault: "is not UTF-8"},
		{page: 1252, raw: "\xdcbung.xml", want: "Übung.xml"},
		{page: 0, raw: "\xdcbung.xml", want: "Übung.xml"},
		{page: 1251, raw: "\xc0.xml", want: "А.xml"},
		{page: 1250, raw: "\xc8.xml", want: "Č.xml"},
		{page: 1257, raw: "\xc8.xml", want: "Č.xml"},
		{page: 1258, raw: "\xd0.xml", want: "Đ.xml"},
		{page: 874, raw: "\xa1.xml", want: "ก.xml"},
		{page: 932, raw: "plain.xml", want: "plain.xml"},
		{page: 932, raw: "\x83\x65.xml", fault: "is in code page 932, which is not supported"},
		{page: 1249, raw: "\xc0.xml", fault: "is in code page 1249"},
		{page: 1259, raw: "\xc0.xml", fault: "is in code page 1259"},
		{page: 65001, raw: strings.Repeat("x", 70_000), fault: "has 70000 bytes; up to 65536 are read"},
	}
	for _, tt := range tests {
		kit := msitest.Kit(kitVersion, msitest.File{Path: "a.xml"}, msitest.File{Path: "b.xml"})
		kit.CodePage = tt.page
		table(kit, "File").Rows[0][2] = tt.raw
		list, err := open(t, encoded(kit)).Files()
		if tt.fault != "" {
			wantFormatError(t, err, tt.fault)
			continue
		}
		if err != nil || !strings.HasSuffix(list[0].Path, "/"+tt.want) || !strings.HasSuffix(list[1].Path, "/b.xml") {
			t.Errorf("code page %d: Files = %v, %v, want %s", tt.page, list, err, tt.want)
		}
	}
}

// A text of 64 KiB or more takes two places in the pool; those behind it keep their numbers.
func TestLongTextBeforeOthers(t *testing.T) {
	kit := msitest.Kit(kitVersion, kitFiles()...)
	property := table(kit, "Property")
	property.Rows = append([][]any{{"Long", strings.Repeat("x", 200_000)}}, property.Rows...)
	if diff := cmp.Diff(wanted(kitFiles()), filesOf(t, encoded(kit))); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

// TestStreamInPieces reads a stream whose sectors are not in a row.
func TestStreamInPieces(t *testing.T) {
	const sector = 4096
	want := make([]byte, 3*sector+100)
	for i := range want {
		want[i] = byte(i*7 ^ i>>8)
	}
	kit := msitest.Kit(kitVersion, kitFiles()...)
	kit.Streams = append(kit.Streams, &msitest.Node{Name: "-", Data: want})
	file := encoded(kit)
	at := bytes.Index(file, want[:sector])
	one, two := bytes.Clone(file[at+sector:][:sector]), bytes.Clone(file[at+2*sector:][:sector])
	copy(file[at+sector:], two)
	copy(file[at+2*sector:], one)
	fat := file[(binary.LittleEndian.Uint32(file[0x4c:])+1)*sector:]
	first := uint32(at/sector - 1)
	for i, next := range []uint32{first + 2, first + 3, first + 1} {
		binary.LittleEndian.PutUint32(fat[4*(first+uint32(i)):], next)
	}
	r, size, err := open(t, file).Stream("-")
	if err != nil || size != int64(len(want)) {
		t.Fatal(size, err)
	}
	if err := iotest.TestReader(io.NewSectionReader(r, 0, size), want); err != nil {
		t.Error(err)
	}
}
