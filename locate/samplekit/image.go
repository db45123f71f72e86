package samplekit

import (
	"bytes"
	dpe "debug/pe"
	"encoding/binary"
	"unicode/utf16"

	"usmtpkg/locate/pe"
)

// Layout of the files made here. Sizes and offsets are in bytes.
const (
	fileAlign    = 0x200
	sectionAlign = 0x1000
	ntOffset     = 0x40 // right behind the DOS header
	headersSize  = fileAlign
	textRVA      = sectionAlign

	minText     = 16
	paddingByte = 0xcc // int3 on x86 and amd64, if it were ever executed

	readable = dpe.IMAGE_SCN_MEM_READ
)

// PE makes a PE file for m with the file version v, or without a version
// resource when v is zero. Its code section contains padding, 16 bytes and extra
// more; an extra below zero counts as zero. The file is well-formed, is not
// signed, and has nothing in it to run.
func PE(m pe.Machine, v pe.Version, extra int) []byte { return NamedPE(m, v, extra, "") }

// NamedPE is PE with a name in the version resource, the OriginalFilename, unless name is empty.
func NamedPE(m pe.Machine, v pe.Version, extra int, name string) []byte {
	text := bytes.Repeat([]byte{paddingByte}, minText+max(extra, 0))
	sections := []dpe.SectionHeader32{{
		Name: [8]uint8{'.', 't', 'e', 'x', 't'}, VirtualSize: uint32(len(text)), VirtualAddress: textRVA,
		PointerToRawData: headersSize, Characteristics: dpe.IMAGE_SCN_CNT_CODE | readable,
	}}
	contents := [][]byte{text}
	var resources dpe.DataDirectory
	end := textRVA + align(len(text), sectionAlign)
	if !v.IsZero() {
		data := versionSection(v, name, uint32(end))
		resources = dpe.DataDirectory{VirtualAddress: uint32(end), Size: uint32(len(data))}
		sections = append(sections, dpe.SectionHeader32{
			Name: [8]uint8{'.', 'r', 's', 'r', 'c'}, VirtualSize: uint32(len(data)), VirtualAddress: uint32(end),
			PointerToRawData: headersSize + uint32(align(len(text), fileAlign)),
			Characteristics:  dpe.IMAGE_SCN_CNT_INITIALIZED_DATA | readable,
		})
		contents = append(contents, data)
		end += align(len(data), sectionAlign)
	}
	for i, data := range contents {
		sections[i].SizeOfRawData = uint32(align(len(data), fileAlign))
	}
	b := headers(m, sections, resources, uint32(end))
	for _, data := range contents {
		b = pad(append(pad(b), data...))
	}
	return b
}

// headers encodes everything in front of the first section.
func headers(m pe.Machine, sections []dpe.SectionHeader32, resources dpe.DataDirectory, imageSize uint32) []byte {
	file := dpe.FileHeader{
		Machine:          uint16(m),
		NumberOfSections: uint16(len(sections)),
		Characteristics:  dpe.IMAGE_FILE_EXECUTABLE_IMAGE | dpe.IMAGE_FILE_DLL,
	}
	var optional any
	if m == pe.AMD64 || m == pe.ARM64 {
		h := optional64(sections[0], imageSize)
		h.DataDirectory[dpe.IMAGE_DIRECTORY_ENTRY_RESOURCE] = resources
		optional = h
		file.Characteristics |= dpe.IMAGE_FILE_LARGE_ADDRESS_AWARE
	} else {
		h := optional32(sections[0], imageSize)
		h.DataDirectory[dpe.IMAGE_DIRECTORY_ENTRY_RESOURCE] = resources
		optional = h
		file.Characteristics |= dpe.IMAGE_FILE_32BIT_MACHINE
	}
	file.SizeOfOptionalHeader = uint16(binary.Size(optional))

	dos := make([]byte, ntOffset)
	copy(dos, "MZ")
	binary.LittleEndian.PutUint32(dos[0x3c:], ntOffset)
	return encode(append(dos, "PE\x00\x00"...), file, optional, sections)
}

// optional64 returns the optional header of a library without an entry point that
// may be loaded anywhere and contains no executable data.
func optional64(text dpe.SectionHeader32, imageSize uint32) dpe.OptionalHeader64 {
	return dpe.OptionalHeader64{
		Magic:                       0x20b,
		SizeOfCode:                  text.SizeOfRawData,
		BaseOfCode:                  text.VirtualAddress,
		ImageBase:                   0x180000000,
		SectionAlignment:            sectionAlign,
		FileAlignment:               fileAlign,
		MajorOperatingSystemVersion: 10,
		MajorSubsystemVersion:       10,
		SizeOfImage:                 imageSize,
		SizeOfHeaders:               headersSize,
		Subsystem:                   dpe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics:          dpe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | dpe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes:         16,
	}
}

// optional32 is optional64 for a 32-bit machine.
func optional32(text dpe.SectionHeader32, imageSize uint32) dpe.OptionalHeader32 {
	h := optional64(text, imageSize)
	return dpe.OptionalHeader32{
		Magic:                       0x10b,
		SizeOfCode:                  h.SizeOfCode,
		BaseOfCode:                  h.BaseOfCode,
		ImageBase:                   0x10000000,
		SectionAlignment:            h.SectionAlignment,
		FileAlignment:               h.FileAlignment,
		MajorOperatingSystemVersion: h.MajorOperatingSystemVersion,
		MajorSubsystemVersion:       h.MajorSubsystemVersion,
		SizeOfImage:                 h.SizeOfImage,
		SizeOfHeaders:               h.SizeOfHeaders,
		Subsystem:                   h.Subsystem,
		DllCharacteristics:          h.DllCharacteristics,
		NumberOfRvaAndSizes:         h.NumberOfRvaAndSizes,
	}
}

// versionSection makes a resource section loaded at rva with one version
// resource, in US English (0x409): three directories of one entry each, the
// leaf, and the resource with its fixed part and, unless it is empty, the name.
func versionSection(v pe.Version, name string, rva uint32) []byte {
	const (
		directorySize = 16 + 8
		leafSize      = 16
		fixedSize     = 40 + 52
		subdirectory  = 1 << 31
	)
	var names []byte
	if name != "" {
		text := utf16Text(name)
		names = versionBlock("StringFileInfo", 0, versionBlock("040904B0", 0, versionBlock("OriginalFilename", len(text)/2, text)))
	}
	infoSize := fixedSize + len(names)
	var b []byte
	for _, d := range []struct{ id, target uint32 }{
		{16, 1*directorySize | subdirectory}, // RT_VERSION
		{1, 2*directorySize | subdirectory},  // VS_VERSION_INFO
		{0x409, 3 * directorySize},
	} {
		b = encode(b, [3]uint32{}, [2]uint16{0, 1}, d.id, d.target)
	}
	b = encode(b, rva+3*directorySize+leafSize, uint32(infoSize), [2]uint32{})
	b = encode(b, [3]uint16{uint16(infoSize), fixedSize - 40, 0}, utf16Text("VS_VERSION_INFO"), [2]uint8{})
	high, low := uint32(v[0])<<16|uint32(v[1]), uint32(v[2])<<16|uint32(v[3])
	b = encode(b, [13]uint32{
		0xfeef04bd, 0x10000, // signature, version of the structure
		high, low, high, low, // file version, product version
		0x3f, 0, // mask of the flags, no flag set
		0x40004, 2, // made for 32-bit Windows on NT; a DLL
	})
	return append(b, names...)
}

// versionBlock makes a block of a version resource: a text of so many units, or a block.
func versionBlock(key string, units int, content []byte) []byte {
	head := encode(nil, [3]uint16{0, uint16(units), 1}, utf16Text(key))
	b := append(head, make([]byte, align(len(head), 4)-len(head))...)
	b = append(b, content...)
	binary.LittleEndian.PutUint16(b, uint16(len(b)))
	return b
}

// utf16Text returns a text with a zero behind it.
func utf16Text(s string) []byte { return encode(nil, utf16.Encode([]rune(s+"\x00"))) }

// encode appends values of fixed size as little-endian bytes.
func encode(b []byte, values ...any) []byte {
	for _, v := range values {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, v); err != nil {
			panic("samplekit: " + err.Error()) // only for a type without a fixed size
		}
	}
	return b
}

// pad fills b with zeros to the alignment of sections in the file.
func pad(b []byte) []byte {
	return append(b, make([]byte, align(len(b), fileAlign)-len(b))...)
}

func align(n, to int) int { return (n + to - 1) / to * to }
