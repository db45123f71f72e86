package pe_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// What is unusual but right, at the limits. The offsets are those of
// TestReadRefuses.
func TestReadAccepts(t *testing.T) {
	amd64 := samplekit.PE(pe.AMD64, sampleVersion, 0)
	bare := samplekit.PE(pe.AMD64, pe.Version{}, 5000)
	large := samplekit.PE(pe.AMD64, sampleVersion, 10_000)
	moved := patch(amd64, 0x200, amd64[0x458:0x4b4]...)
	front := patch(large, 0x200, amd64[0x458:0x4b4]...) // resources at 0x2a00
	tests := []struct {
		name string
		data []byte
		want pe.Info
	}{
		{"96 sections", patch(patch(bare, 0x46, 96), 0x170, make([]byte, 95*40)...), pe.Info{Machine: pe.AMD64}},
		{"header far into the file", patch(patch(large, 5000, large[0x40:0x200]...), 0x3c, le32(5000)...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"no data directories", patch(amd64, 0xc4, 0), pe.Info{Machine: pe.AMD64}},
		{"resources of no size", patch(amd64, 0xdc, le32(0)...), pe.Info{Machine: pe.AMD64}},
		{"certificates of no size", patch(amd64, 0xe8, le32(0xffffffff)...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"section of no size", patch(amd64, 0x148+16, slices.Concat(le32(0), le32(0xffffffff))...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"section of zeros", patch(amd64, 0x148+16, slices.Concat(le32(0xffffffff), le32(0))...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"other machine", patch(amd64, 0x44, 0xc4, 0x01), pe.Info{Machine: 0x1c4, FileVersion: sampleVersion}},
		{"version in another section", patch(moved, 0x448, le32(0x1000)...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"version far in front of the resources", patch(front, 0x2a48, le32(0x1000)...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"no gap between sections", samplekit.PE(pe.AMD64, sampleVersion, 0x1000-16), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"version at the end of its section", patch(patch(amd64, 0x5a4, amd64[0x458:0x4b4]...), 0x448, le32(0x21a4)...), pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}},
		{"version 0.0.0.0", patch(amd64, 0x488, make([]byte, 8)...), pe.Info{Machine: pe.AMD64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := read(t, tt.data); err != nil || got != tt.want {
				t.Errorf("Read = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// Of several names and languages the first is taken; the tree is sorted.
func TestReadFirstVersion(t *testing.T) {
	first, second := pe.Version{1, 2, 3, 4}, pe.Version{5, 6, 7, 8}
	tests := []struct {
		name       string
		id         winres.Identifier
		lang       uint16
		wantSecond bool
	}{
		{"language before", winres.ID(1), 0x407, true},
		{"language behind", winres.ID(1), 0x40c, false},
		{"name before", winres.Name("A"), 0x409, true},
		{"number behind", winres.ID(2), 0x407, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rs winres.ResourceSet
			rs.SetVersionInfo(fileInfo(t, first))
			other := fileInfo(t, second)
			if err := rs.Set(winres.RT_VERSION, tt.id, tt.lang, other.Bytes()); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := rs.WriteToEXE(&out, bytes.NewReader(samplekit.PE(pe.ARM64, pe.Version{}, 0))); err != nil {
				t.Fatal(err)
			}
			want := first
			if tt.wantSecond {
				want = second
			}
			if got, err := read(t, out.Bytes()); err != nil || got.FileVersion != want {
				t.Errorf("Read = %v, %v, want version %v", got, err, want)
			}
		})
	}
}

// sampleName is the OriginalFilename of what winres makes here.
const sampleName = "sample.dll"

// fileInfo is a version resource in US English.
func fileInfo(tb testing.TB, v pe.Version) version.Info {
	tb.Helper()
	info := version.Info{FileVersion: v, ProductVersion: [4]uint16{9, 9, 9, 9}}
	for key, text := range map[string]string{version.FileDescription: "a sample", version.OriginalFilename: sampleName, version.ProductName: "samples"} {
		if err := info.Set(0x409, key, text); err != nil {
			tb.Fatal(err)
		}
	}
	return info
}
