// Package cab reads Microsoft cabinets (.cab): the packed files of an offline
// ADK layout, on any system.
//
// Rules of Open and Reader:
//   - The input is not trusted. A fault of a cabinet is a [*FormatError], which
//     names the cabinet and the byte. Any other error is a failed read and says
//     nothing about the cabinet.
//   - Stored, MSZIP and LZX folders are read, and folders that continue in the
//     next cabinet. Quantum is refused by name.
//   - Files come in the order of their data, so that each folder is
//     decompressed once. A folder of which no file is read is not decompressed.
//   - Memory is bounded: up to 32 MiB for the list of files, and for one folder
//     twice its window (of up to 2 MiB) and 256 KiB. A file never has more bytes than the
//     cabinet declares; whoever limits what comes out adds up File.Size.
//   - The checksum of each block is compared, where the cabinet has one.
//   - A name is what the cabinet says, separators and ".." included. It is not a path to write to.
//
// Signatures of cabinets are not checked.
//
// Sources: [MS-CAB] Cabinet File Format, https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-cab;
// [MS-MCI] for MSZIP; for LZX the Microsoft LZX Data Compression Format of the Cabinet SDK and [MS-PATCH].
package cab

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// FormatError says that a cabinet is not in the form it must have, or in one
// that is not supported.
type FormatError struct {
	Cabinet string
	Offset  int64 // of the byte in the cabinet where the fault is
	Text    string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s, byte %d: %s", e.Cabinet, e.Offset, e.Text)
}

// A Cabinet is an open cabinet.
type Cabinet struct {
	Name  string // as given to Open
	Files []File // in the order of their data

	r        io.ReaderAt
	end      int64 // where the cabinet ends
	set      uint16
	index    uint16 // in the set
	folders  []folder
	perData  int    // bytes reserved in each block
	previous string // the name of the cabinet before this one in its set, "" for none
	next     string // the name of the cabinet after it
}

// A File is one that a cabinet lists.
type File struct {
	Name  string
	Twins []string // other names of the same data, as WiX writes them for equal files
	Size  int64

	fromPrevious bool  // it begins in the previous cabinet
	toNext       bool  // it continues in the next cabinet
	start        int64 // in its folder
	folder       int
	offset       int64 // of its entry
}

// A folder is the blocks of data that are compressed together.
type folder struct {
	offset       int64 // of its first block
	blocks       int
	compression  uint16
	fromPrevious bool
	toNext       bool
}

// Flags of the header.
const (
	flagPrevious = 1
	flagNext     = 2
	flagReserve  = 4
)

// Folders of files that are in more than one cabinet.
const (
	fromPrevious = 0xfffd
	toNext       = 0xfffe
	fromAndTo    = 0xffff
)

// maxList is how many bytes of the list of files are read: for as many files as
// there can be, with names of 47 characters.
const maxList = 4 << 20

const attrUTF8 = 0x80 // the name is UTF-8

// Open reads the header of a cabinet of size bytes and the list of its files.
// Messages call it name.
func Open(name string, r io.ReaderAt, size int64) (*Cabinet, error) {
	c := &Cabinet{Name: name, r: r, end: size}
	h := &headerReader{c: c}
	h.seek(0)
	head := h.bytes(36)
	if h.err != nil {
		return nil, h.err
	}
	if string(head[:4]) != "MSCF" {
		return nil, c.malformed(0, "not a cabinet: it begins with %q, not with \"MSCF\"", head[:4])
	}
	le := binary.LittleEndian
	if c.end = int64(le.Uint32(head[8:])); c.end > size { // what follows is its signature
		return nil, c.malformed(8, "the cabinet is cut off: it has %d of %d bytes", size, c.end)
	}
	if head[25] != 1 || head[24] != 3 {
		return nil, c.malformed(24, "the version of the format is %d.%d; wanted 1.3", head[25], head[24])
	}
	files, folders, count := int64(le.Uint32(head[16:])), int(le.Uint16(head[26:])), int(le.Uint16(head[28:]))
	c.set, c.index = le.Uint16(head[32:]), le.Uint16(head[34:])
	h.seek(36) // and no further than the cabinet says
	if err := c.readFolders(h, le.Uint16(head[30:]), folders); err != nil {
		return nil, err
	}
	h.seek(files)
	for range count {
		if err := c.readFile(h); err != nil {
			return nil, err
		}
		if h.at-files > maxList {
			return nil, c.malformed(h.at, "the list of files has more than %d bytes", maxList)
		}
	}
	return c, c.sort()
}

// readFolders reads what is between the header and the list of files.
func (c *Cabinet) readFolders(h *headerReader, flags uint16, count int) error {
	perFolder := 0
	if flags&flagReserve != 0 {
		b := h.bytes(4)
		perFolder, c.perData = int(b[2]), int(b[3])
		h.skip(int(binary.LittleEndian.Uint16(b)))
	}
	if flags&flagPrevious != 0 {
		c.previous = h.name("the previous cabinet")
		h.text() // the disk that it is on
	}
	if flags&flagNext != 0 {
		c.next = h.name("the next cabinet")
		h.text()
	}
	if count == 0 && h.err == nil {
		return c.malformed(26, "the cabinet has no folders")
	}
	for range count {
		at := h.at
		b := h.bytes(8)
		f := folder{
			offset:      int64(binary.LittleEndian.Uint32(b)),
			blocks:      int(binary.LittleEndian.Uint16(b[4:])),
			compression: binary.LittleEndian.Uint16(b[6:]),
		}
		h.skip(perFolder)
		if h.err == nil && f.blocks > 0 && f.offset >= c.end {
			return c.malformed(at, "folder %d begins at byte %d, after the end of the cabinet at %d", len(c.folders), f.offset, c.end)
		}
		c.folders = append(c.folders, f)
	}
	return h.err
}

// readFile reads one entry of the list of files.
func (c *Cabinet) readFile(h *headerReader) error {
	f := File{offset: h.at}
	b := h.bytes(16)
	le := binary.LittleEndian
	f.Size, f.start = int64(le.Uint32(b)), int64(le.Uint32(b[4:]))
	in, attributes := le.Uint16(b[8:]), le.Uint16(b[14:])
	if f.Name = h.name("a file"); h.err != nil {
		return h.err
	}
	if attributes&attrUTF8 == 0 {
		f.Name = latin1(f.Name)
	} else if !utf8.ValidString(f.Name) {
		return c.malformed(f.offset, "the name %q is not UTF-8, as its attributes say", f.Name)
	}
	if err := c.place(&f, in); err != nil {
		return err
	}
	c.Files = append(c.Files, f)
	return nil
}

// place finds the folder of a file.
func (c *Cabinet) place(f *File, in uint16) error {
	last := len(c.folders) - 1
	switch in {
	case fromPrevious, fromAndTo:
		f.fromPrevious = true
		f.toNext = in == fromAndTo
	case toNext:
		f.toNext, f.folder = true, last
	default:
		f.folder = int(in)
	}
	bad := func(format string, args ...any) error {
		return c.malformed(f.offset, "the file %q %s", f.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case f.folder > last:
		return bad("is in folder %d; the cabinet has %d", f.folder, last+1)
	case f.fromPrevious && c.previous == "":
		return bad("begins in the previous cabinet, but this one is the first")
	case f.toNext && c.next == "":
		return bad("continues in the next cabinet, but this one is the last")
	case f.toNext && f.folder != last:
		return bad("continues in the next cabinet, but its folder is not the last")
	}
	in0 := &c.folders[f.folder]
	in0.fromPrevious = in0.fromPrevious || f.fromPrevious
	in0.toNext = in0.toNext || f.toNext
	if end := f.start + f.Size; !in0.fromPrevious && !in0.toNext && end > int64(in0.blocks)*blockSize {
		return bad("ends at byte %d of folder %d, which has up to %d", end, f.folder, int64(in0.blocks)*blockSize)
	}
	return nil
}

// sort puts the files into the order of their data, so that a reader never has
// to go back, and those with the same data into one. Genuine cabinets list folders in turns.
func (c *Cabinet) sort() error {
	slices.SortStableFunc(c.Files, func(a, b File) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(a.start, b.start))
	})
	files := c.Files[:0]
	for _, f := range c.Files {
		if len(files) == 0 {
			files = append(files, f)
			continue
		}
		before := &files[len(files)-1]
		switch end := before.start + before.Size; {
		case f.folder != before.folder || f.start >= end:
			files = append(files, f)
		case f.start == before.start && f.Size == before.Size && f.fromPrevious == before.fromPrevious && f.toNext == before.toNext:
			before.Twins = append(before.Twins, f.Name)
		default:
			return c.malformed(f.offset, "the file %q is bytes %d to %d of folder %d, and the file %q bytes %d to %d",
				f.Name, f.start, f.start+f.Size, f.folder, before.Name, before.start, end)
		}
	}
	c.Files = files
	return nil
}

func (c *Cabinet) malformed(offset int64, format string, args ...any) error {
	return &FormatError{c.Name, offset, fmt.Sprintf(format, args...)}
}

// latin1 decodes a name in the code page of whoever made the cabinet, which
// cabinets do not tell. cabextract does the same.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
