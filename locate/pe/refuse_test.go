package pe_test

import (
	"strings"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// The offsets of the patches are those of samplekit.PE: PE header at 0x40,
// optional header at 0x58, section table at 0x148, resources at 0x400.
func TestReadRefuses(t *testing.T) {
	amd64, x86 := samplekit.PE(pe.AMD64, sampleVersion, 0), samplekit.PE(pe.I386, sampleVersion, 0)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"header inside the DOS header", patch(amd64, 0x3c, 0x3f),
			"offset of the PE header at offset 0x3c: found 0x3f, wanted 0x40 or more, inside the file of 1536 bytes"},
		{"header behind the file", patch(amd64, 0x3c, le32(0xffffffff)...),
			"offset of the PE header at offset 0x3c: found 0xffffffff, wanted 0x40 or more, inside the file of 1536 bytes"},
		{"header at the very end", patch(amd64, 0x3c, le32(0x600-23)...),
			"offset of the PE header at offset 0x3c: found 0x5e9, wanted 0x40 or more, inside the file of 1536 bytes"},
		{"no sections", patch(amd64, 0x46, 0, 0),
			"number of sections at offset 0x46: found 0, wanted 1 to 96"},
		{"97 sections", patch(amd64, 0x46, 97, 0),
			"number of sections at offset 0x46: found 97, wanted 1 to 96"},
		{"section table behind the file", patch(amd64, 0x46, 96, 0),
			"section table at offset 0x148: found the end of the file after 1536 bytes, wanted 3840 bytes"},
		{"no optional header", patch(amd64, 0x54, 0, 0),
			"size of the optional header at offset 0x54: found 0, wanted 112 or more"},
		{"short optional header", patch(amd64, 0x54, 111, 0),
			"size of the optional header at offset 0x54: found 111, wanted 112 or more"},
		{"huge optional header", patch(amd64, 0x54, 0xff, 0xff),
			"section table at offset 0x10057: found the end of the file after 1536 bytes, wanted 80 bytes"},
		{"ROM image", patch(amd64, 0x58, 0x07, 0x01),
			"magic of the optional header at offset 0x58: found 0x107, wanted 0x20b for amd64"},
		{"PE32 for amd64", patch(amd64, 0x58, 0x0b, 0x01),
			"magic of the optional header at offset 0x58: found 0x10b, wanted 0x20b for amd64"},
		{"PE32+ for x86", patch(x86, 0x58, 0x0b, 0x02),
			"magic of the optional header at offset 0x58: found 0x20b, wanted 0x10b for x86"},
		{"unknown magic, unknown machine", patch(patch(amd64, 0x44, 0xc4, 0x01), 0x58, 0, 0),
			"magic of the optional header at offset 0x58: found 0x0, wanted 0x10b or 0x20b"},
		{"17 directories", patch(amd64, 0xc4, 17),
			"number of data directories at offset 0xc4: found 17, wanted at most 16"},
		{"17 directories and room for them", patch(patch(amd64, 0x54, 112+8*17), 0xc4, 17),
			"number of data directories at offset 0xc4: found 17, wanted at most 16"},
		{"directories beyond the optional header", patch(amd64, 0x54, 112+8*5, 0),
			"number of data directories at offset 0xc4: found 16, wanted at most 5"},
		{"certificates behind the file", patch(amd64, 0xe8, append(le32(0x500), le32(0x101)...)...),
			"address of the certificate table at offset 0xe8: found data from 0x500 to 0x601, wanted its end within the file of 1536 bytes"},
		{"certificates at the end of numbers", patch(amd64, 0xe8, append(le32(0xffffffff), le32(0xffffffff)...)...),
			"address of the certificate table at offset 0xe8: found data from 0xffffffff to 0x1fffffffe, wanted its end within the file of 1536 bytes"},
		{"section behind the file", patch(amd64, 0x148+16, le32(0x401)...),
			`header of section ".text" at offset 0x148: found data from 0x200 to 0x601, wanted its end within the file of 1536 bytes`},
		{"section at the end of numbers", patch(amd64, 0x148+16, append(le32(0xffffffff), le32(0xffffffff)...)...),
			`header of section ".text" at offset 0x148: found data from 0xffffffff to 0x1fffffffe, wanted its end within the file of 1536 bytes`},
		{"resources in no section", patch(amd64, 0xd8, le32(0x9000)...),
			"address of the resources at offset 0xd8: found RVA 0x9000, wanted an RVA inside a section"},
		{"resources at the end of their section", patch(amd64, 0xd8, le32(0x21f1)...),
			"resource types at offset 0x5f1: found the end of the resources at offset 0x600, wanted 16 bytes"},
		{"too many types", patch(amd64, 0x40c, 0x01, 0x04),
			"resource types at offset 0x400: found 1026 entries, wanted at most 1024"},
		{"1025 types", byWinres(t, pe.AMD64, sampleVersion, 512),
			"resource types at offset 0x400: found 1025 entries, wanted at most 1024"},
		{"types behind the section", patch(amd64, 0x40c, 0, 4, 0, 0, 17),
			"resource types at offset 0x600: found the end of the resources at offset 0x600, wanted 8 bytes"},
		{"leaf for names", patch(amd64, 0x417, 0),
			"names of the version resource at offset 0x410: found a leaf, wanted a directory"},
		{"names behind the section", patch(amd64, 0x414, 0, 0x10),
			"names of the version resource at offset 0x1400: found the end of the resources at offset 0x600, wanted 16 bytes"},
		{"no name", patch(amd64, 0x426, 0),
			"names of the version resource at offset 0x418: found no entry, wanted one entry"},
		{"leaf for languages", patch(amd64, 0x42f, 0),
			"languages of the version resource at offset 0x428: found a leaf, wanted a directory"},
		{"no language", patch(amd64, 0x43e, 0),
			"languages of the version resource at offset 0x430: found no entry, wanted one entry"},
		{"loop to the root", patch(amd64, 0x444, 0, 0, 0, 0x80),
			"version resource at offset 0x440: found a directory, wanted a leaf"},
		{"leaf behind the section", patch(amd64, 0x444, le32(0x7fffffff)...),
			"version resource at offset 0x800003ff: found the end of the resources at offset 0x600, wanted 16 bytes"},
		{"version behind the section", patch(amd64, 0x44c, le32(0x1a9)...),
			"version resource at offset 0x448: found 425 bytes at RVA 0x2058, wanted at least 92 bytes inside a section"},
		{"version in no section", patch(amd64, 0x448, le32(0xffffffff)...),
			"version resource at offset 0x448: found 92 bytes at RVA 0xffffffff, wanted at least 92 bytes inside a section"},
		{"version too short", patch(amd64, 0x44c, 91),
			"version resource at offset 0x448: found 91 bytes at RVA 0x2058, wanted at least 92 bytes inside a section"},
		{"short length", patch(amd64, 0x458, 91),
			"length of the version resource at offset 0x458: found 91, wanted 92 to 92"},
		{"length over the resource", patch(amd64, 0x458, 93),
			"length of the version resource at offset 0x458: found 93, wanted 92 to 92"},
		{"no fixed info", patch(amd64, 0x45a, 0),
			"length of the fixed file info at offset 0x45a: found 0, wanted 52"},
		{"other key", patch(amd64, 0x45e, 'X'),
			`key of the version resource at offset 0x45e: found "XS_VERSION_INFO\x00", wanted "VS_VERSION_INFO\x00"`},
		{"longer key", patch(amd64, 0x45e+30, 'X'),
			`key of the version resource at offset 0x45e: found "VS_VERSION_INFOX", wanted "VS_VERSION_INFO\x00"`},
		{"other signature", patch(amd64, 0x480, 0xbe),
			"signature of the fixed file info at offset 0x480: found 0xfeef04be, wanted 0xfeef04bd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t, tt.data)
			wantFormatError(t, err)
			if got := strings.TrimPrefix(err.Error(), "not a valid PE file: "); got != tt.want {
				t.Errorf("Read = %q, want %q", got, tt.want)
			}
		})
	}
}
