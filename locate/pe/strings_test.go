package pe_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// A name that cannot be followed is not a fault of the file: it claims nothing.
func TestOriginalName(t *testing.T) {
	const name = "migcore.dll"
	named := samplekit.NamedPE(pe.AMD64, sampleVersion, 0, name)
	at := func(text string) int {
		i := bytes.Index(named, utf16Of(text))
		if i < 0 {
			t.Fatalf("%q is not in the file", text)
		}
		return i
	}
	root, file, table, entry, value := at("VS_VERSION_INFO")-6, at("StringFileInfo")-6, at("040904B0")-6, at("OriginalFilename")-6, at(name)
	length := func(off, n int) []byte { return patch(named, off, binary.LittleEndian.AppendUint16(nil, uint16(n))...) }
	tests := []struct {
		label string
		data  []byte
		want  string
	}{
		{"as it should be", named, name},
		{"no name", samplekit.PE(pe.AMD64, sampleVersion, 0), ""},
		{"the longest", samplekit.NamedPE(pe.I386, sampleVersion, 0, strings.Repeat("ö", 255)), strings.Repeat("ö", 255)},
		{"too long", samplekit.NamedPE(pe.I386, sampleVersion, 0, strings.Repeat("x", 256)), ""},
		{"behind what is read", samplekit.NamedPE(pe.I386, sampleVersion, 0, strings.Repeat("x", 5000)), ""},
		{"another key", patch(named, entry+6, 'o'), ""},
		{"another block", patch(named, file+6, 's'), ""},
		{"another language", patch(named, table+6, '1'), name},
		{"no zero behind it", patch(named, value+2*len(name), 'x'), name + "x"},
		{"a resource that ends before the strings", length(root, 92), ""},
		{"a resource that ends in the name", length(root, value-root+8), ""},
		{"blocks of no length", length(file, 0), ""},
		{"a block of five bytes", length(table, 5), ""},
		{"a block longer than the one around it", length(table, 500), ""},
		{"a string that ends in its name", length(entry, value-entry+8), "migc"},
		{"a string that ends in its key", length(entry, 12), ""},
	}
	for _, tt := range tests {
		t.Run(tt.label, func(t *testing.T) {
			got, err := read(t, tt.data)
			if err != nil || got.OriginalName != tt.want || got.FileVersion != sampleVersion {
				t.Errorf("Read = %v, %v, want the name %q", got, err, tt.want)
			}
		})
	}
}

func utf16Of(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}
