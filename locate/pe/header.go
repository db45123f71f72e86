package pe

import (
	"bytes"
	"fmt"
)

// Sizes and limits of the headers, in bytes unless they say otherwise.
const (
	dosHeaderSize     = 64
	ntHeaderSize      = 24 // signature and COFF file header
	optionalFixed32   = 96 // optional header of PE32 before its data directories
	optionalFixed64   = 112
	directorySize     = 8
	maxDirectories    = 16 // entries
	sectionHeaderSize = 40
	maxSections       = 96 // entries; more are refused by the Windows loader

	ntOffsetField = 0x3c // e_lfanew in the DOS header

	magic32 = 0x10b
	magic64 = 0x20b

	sectionAlignField = 32 // in the optional header, of either magic
	headersSizeField  = 60
	checksumField     = 64

	resourceDirectory    = 2 // index of the data directory
	certificateDirectory = 4 // its address is a file offset, not an RVA
)

// An image is what the headers of a file say, checked against its size.
type image struct {
	machine      Machine
	sections     []section
	resources    directory
	certificates directory

	nt             ntHeader
	directoriesEnd int64  // where in the file the data directories end
	sectionsEnd    int64  // and the section table
	sectionAlign   uint32 // bytes, in memory
	headersSize    uint32 // bytes that are loaded as headers
}

// A section is a run of the file and the address (RVA) it is loaded to.
type section struct {
	rva    uint32
	offset uint32
	size   uint32 // bytes in the file
}

// A directory is the address and the size of one table of the file.
type directory struct {
	addr, size uint32
	field      int64 // where in the file that is written
}

// ntHeader is the part of the headers that says where the others are.
type ntHeader struct {
	offset       int64
	machine      Machine
	sections     int
	optionalSize int
}

func readImage(w *window) (*image, error) {
	nt, err := readNTHeader(w)
	if err != nil {
		return nil, err
	}
	img := &image{machine: nt.machine, nt: nt}
	if err := img.readOptional(w, nt); err != nil {
		return nil, err
	}
	if err := img.readSections(w, nt); err != nil {
		return nil, err
	}
	return img, nil
}

// readNTHeader follows the DOS header to the signature and the COFF header.
func readNTHeader(w *window) (ntHeader, error) {
	b, err := w.at(0, dosHeaderSize, "DOS header")
	if err != nil {
		return ntHeader{}, err
	}
	if string(b[:2]) != "MZ" {
		return ntHeader{}, &FormatError{0, "DOS header", fmt.Sprintf("%q", b[:2]), `"MZ"`}
	}
	off := int64(u32(b[ntOffsetField:]))
	if off < dosHeaderSize || off > w.size-ntHeaderSize {
		return ntHeader{}, &FormatError{
			ntOffsetField, "offset of the PE header", fmt.Sprintf("%#x", off),
			fmt.Sprintf("%#x or more, inside the file of %d bytes", dosHeaderSize, w.size),
		}
	}
	if b, err = w.at(off, ntHeaderSize, "PE header"); err != nil {
		return ntHeader{}, err
	}
	if string(b[:4]) != "PE\x00\x00" {
		return ntHeader{}, &FormatError{off, "PE signature", fmt.Sprintf("%q", b[:4]), `"PE\x00\x00"`}
	}
	h := ntHeader{off, Machine(u16(b[4:])), int(u16(b[6:])), int(u16(b[20:]))}
	if h.sections < 1 || h.sections > maxSections {
		return ntHeader{}, &FormatError{
			off + 6, "number of sections", fmt.Sprint(h.sections), fmt.Sprintf("1 to %d", maxSections),
		}
	}
	return h, nil
}

// readOptional checks the optional header and its data directories.
func (img *image) readOptional(w *window, nt ntHeader) error {
	const part = "optional header"
	off := nt.offset + ntHeaderSize
	b, err := w.at(off, 2, part)
	if err != nil {
		return err
	}
	magic := u16(b)
	fixed := optionalFixed32
	if magic == magic64 {
		fixed = optionalFixed64
	}
	if want := wantMagic(nt.machine); magic != magic32 && magic != magic64 || want != 0 && magic != want {
		return &FormatError{off, "magic of the optional header", fmt.Sprintf("%#x", magic), magicText(nt.machine, want)}
	}
	if nt.optionalSize < fixed {
		return &FormatError{nt.offset + 20, "size of the optional header", fmt.Sprint(nt.optionalSize), fmt.Sprintf("%d or more", fixed)}
	}
	if b, err = w.at(off, fixed, part); err != nil {
		return err
	}
	img.sectionAlign, img.headersSize = u32(b[sectionAlignField:]), u32(b[headersSizeField:])
	n := u32(b[fixed-4:])
	if room := (nt.optionalSize - fixed) / directorySize; n > uint32(min(room, maxDirectories)) {
		return &FormatError{
			off + int64(fixed) - 4, "number of data directories", fmt.Sprint(n),
			fmt.Sprintf("at most %d", min(room, maxDirectories)),
		}
	}
	return img.readDirectories(w, off+int64(fixed), int(n))
}

// wantMagic returns the optional header a machine's files have, or 0 when the
// machine is not one of ours. Windows loads no other combination.
func wantMagic(m Machine) uint16 {
	switch m {
	case I386:
		return magic32
	case AMD64, ARM64:
		return magic64
	default:
		return 0
	}
}

func magicText(m Machine, want uint16) string {
	if want == 0 {
		return fmt.Sprintf("%#x or %#x", magic32, magic64)
	}
	return fmt.Sprintf("%#x for %v", want, m)
}

// readDirectories takes up the address of the resources and checks that the
// certificate table, which ends a signed file, is there.
func (img *image) readDirectories(w *window, off int64, n int) error {
	b, err := w.at(off, n*directorySize, "data directories")
	if err != nil {
		return err
	}
	get := func(i int) directory {
		if i >= n {
			return directory{}
		}
		return directory{u32(b[i*directorySize:]), u32(b[i*directorySize+4:]), off + int64(i)*directorySize}
	}
	img.directoriesEnd = off + int64(n)*directorySize
	img.resources = get(resourceDirectory)
	c := get(certificateDirectory)
	img.certificates = c
	if end := int64(c.addr) + int64(c.size); c.addr != 0 && c.size != 0 && end > w.size {
		return &FormatError{
			c.field, "address of the certificate table",
			fmt.Sprintf("data from %#x to %#x", c.addr, end), inFile(w),
		}
	}
	return nil
}

// readSections reads the section table and checks that each section's bytes
// are in the file.
func (img *image) readSections(w *window, nt ntHeader) error {
	off := nt.offset + ntHeaderSize + int64(nt.optionalSize)
	b, err := w.at(off, nt.sections*sectionHeaderSize, "section table")
	if err != nil {
		return err
	}
	img.sectionsEnd = off + int64(nt.sections)*sectionHeaderSize
	img.sections = make([]section, 0, nt.sections)
	for i := range nt.sections {
		h := b[i*sectionHeaderSize:]
		s := section{rva: u32(h[12:]), size: u32(h[16:]), offset: u32(h[20:])}
		if s.size == 0 || s.offset == 0 {
			continue // memory that starts as zeros: nothing in the file
		}
		if end := int64(s.offset) + int64(s.size); end > w.size {
			name, _, _ := bytes.Cut(h[:8], []byte{0})
			return &FormatError{
				off + int64(i)*sectionHeaderSize, fmt.Sprintf("header of section %q", name),
				fmt.Sprintf("data from %#x to %#x", s.offset, end), inFile(w),
			}
		}
		img.sections = append(img.sections, s)
	}
	return nil
}

func inFile(w *window) string {
	return fmt.Sprintf("its end within the file of %d bytes", w.size)
}

// find returns where in the file the bytes of an RVA are, and how many of its
// section follow there. None follow if no section contains the RVA.
func (img *image) find(rva uint32) (off, n int64) {
	for _, s := range img.sections {
		if rva >= s.rva && rva-s.rva < s.size {
			delta := rva - s.rva
			return int64(s.offset) + int64(delta), int64(s.size - delta)
		}
	}
	return 0, 0
}
