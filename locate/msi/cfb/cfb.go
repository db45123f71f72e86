// Package cfb reads compound files: the storages and streams of OLE, which
// Windows Installer databases are made of.
//
// Rules:
//   - The input is not trusted. Every sector number, count and size is checked
//     against the size of the file before it is used. Memory is bounded: 8 MiB
//     for the sector table of the largest file, 16 MiB for small streams.
//   - A chain of sectors has exactly the length that its stream needs. The
//     entries of the directory are a tree: an entry that is linked twice is an error.
//   - The names in one storage are unique.
//   - A fault of the file is a [*FormatError]. Any other error is a failed read
//     and says nothing about the file.
//
// Entries keep all the fields that a signature covers, as they are in the file;
// github.com/richardlehane/mscfb does not expose the state bits and the exact
// times. Sectors that belong to no stream are not read.
//
// Source: [MS-CFB] Compound File Binary File Format,
// https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
package cfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of what is read.
const (
	maxSize    = 1 << 30  // bytes of a file; the packages of USMT have 0.7 MB
	maxEntries = 16 << 10 // streams and storages; the packages of USMT have 33
	maxMini    = 16 << 20 // bytes of all streams that are smaller than miniCutoff
	maxDepth   = 16       // of storages in storages
)

// Sector numbers with a meaning (MS-CFB 2.1), and sizes that are always the same.
const (
	endOfChain = 0xfffffffe
	noEntry    = 0xffffffff

	headerSize = 512
	headFAT    = 109 // sectors of the table of sectors that the header names
	miniSector = 64
	miniCutoff = 4096 // smaller streams are in the mini stream
)

var magic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// FormatError says that the file is not in the form it must have.
type FormatError struct{ Text string }

func (e *FormatError) Error() string { return e.Text }

func malformed(format string, args ...any) error {
	return &FormatError{fmt.Sprintf(format, args...)}
}

// A File is an open compound file.
type File struct {
	Root *Entry

	r          io.ReaderAt
	size       int64
	version    uint16
	sectorSize int64
	sectors    uint32   // in the file, after the header
	fat        []uint32 // the sector that follows each sector
	miniFAT    []uint32 // the same for the sectors of the mini stream
	mini       []byte   // the mini stream
}

// header has what Open needs of the first 512 bytes.
type header struct {
	fatSectors, directory, miniFAT, miniSectors, difat, difatSectors uint32
	first                                                            []byte // the first sectors of the table
}

// Open reads the directory of a compound file of size bytes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	h, err := f.readHeader()
	if err != nil {
		return nil, err
	}
	if err := f.readFAT(h); err != nil {
		return nil, err
	}
	raw, err := f.readDirectory(h.directory)
	if err != nil {
		return nil, err
	}
	t := &tree{raw: raw, version: f.version, seen: make([]bool, len(raw)/entrySize)}
	if f.Root, err = t.root(); err != nil {
		return nil, err
	}
	if t.total > size {
		return nil, malformed("the streams have %d bytes together, more than the file, which has %d", t.total, size)
	}
	return f, f.readMini(h)
}

func (f *File) readHeader() (header, error) {
	var h header
	if f.size < headerSize {
		return h, malformed("not a compound file: it has only %d bytes", max(f.size, 0))
	}
	if f.size > maxSize {
		return h, malformed("the file has %d bytes; files of up to %d bytes are read", f.size, maxSize)
	}
	b := make([]byte, headerSize)
	if err := f.readAt(b, 0, "header"); err != nil {
		return h, err
	}
	if !bytes.HasPrefix(b, magic) {
		return h, malformed("not a compound file: it starts with % x, not % x", b[:len(magic)], magic)
	}
	f.version = le16(b[26:])
	shift := le16(b[30:])
	switch {
	case le16(b[28:]) != 0xfffe:
		return h, malformed("the byte order mark of the header is %#04x, not 0xfffe", le16(b[28:]))
	case f.version == 3 && shift == 9, f.version == 4 && shift == 12:
	default:
		return h, malformed("version %d with sectors of 2^%d bytes; version 3 has 2^9, version 4 has 2^12", f.version, shift)
	}
	if mini, cutoff := le16(b[32:]), le32(b[56:]); 1<<(mini&31) != miniSector || cutoff != miniCutoff {
		return h, malformed("small streams of up to %d bytes in sectors of 2^%d bytes; the format has %d and 2^6", cutoff, mini, miniCutoff)
	}
	f.sectorSize = 1 << shift
	f.sectors = uint32(max(0, (f.size+f.sectorSize-1)/f.sectorSize-1))
	return header{
		fatSectors: le32(b[44:]), directory: le32(b[48:]), miniFAT: le32(b[60:]), miniSectors: le32(b[64:]),
		difat: le32(b[68:]), difatSectors: le32(b[72:]), first: b[76:],
	}, nil
}

// readFAT reads the table of sectors. Which sectors the table itself is in, a
// list says; the list starts in the header and goes on in a chain.
func (f *File) readFAT(h header) error {
	// One sector more than the file needs is let pass, as in a file that has shrunk.
	if most := int64(f.sectors)*4/f.sectorSize + 2; int64(h.fatSectors) > most {
		return malformed("the sector table has %d sectors; %d are enough for the file", h.fatSectors, most)
	}
	own := int(h.fatSectors)
	list := words(h.first[:4*min(own, headFAT)])
	sector := make([]byte, f.sectorSize)
	for next, i := h.difat, uint32(0); i < h.difatSectors && len(list) < own; i++ {
		if err := f.readSector(sector, next, "list of the sector table"); err != nil {
			return err
		}
		last := len(sector) - 4
		list = append(list, words(sector[:min(last, 4*(own-len(list)))])...)
		next = le32(sector[last:])
	}
	if len(list) < own {
		return malformed("the sector table has %d sectors, but only %d are listed", own, len(list))
	}
	for _, sn := range list {
		if err := f.readSector(sector, sn, "sector table"); err != nil {
			return err
		}
		f.fat = append(f.fat, words(sector)...)
	}
	return nil
}

// chain returns the sectors of a chain, of which there must be n.
func (f *File) chain(start uint32, n int64, what string) ([]uint32, error) {
	if n > int64(f.sectors) {
		return nil, malformed("%s needs %d sectors; the file has %d", what, n, f.sectors)
	}
	list := make([]uint32, 0, n)
	sn := start
	for range n {
		if sn >= f.sectors || int(sn) >= len(f.fat) {
			return nil, malformed("%s ends after %d of %d sectors", what, len(list), n)
		}
		list = append(list, sn)
		sn = f.fat[sn]
	}
	if n > 0 && sn != endOfChain {
		return nil, malformed("%s does not end after its %d sectors", what, n)
	}
	return list, nil
}

// readDirectory returns the entries of the directory, whose chain has no given length.
func (f *File) readDirectory(start uint32) ([]byte, error) {
	const what = "the directory"
	most := maxEntries * entrySize / f.sectorSize
	n := int64(0)
	for sn := start; sn != endOfChain; n++ {
		if sn >= f.sectors || int(sn) >= len(f.fat) {
			return nil, malformed("%s leads to sector %#x; the file has %d", what, sn, f.sectors)
		}
		if n == most {
			return nil, malformed("%s has a loop, or more than %d entries", what, maxEntries)
		}
		sn = f.fat[sn]
	}
	if n == 0 {
		return nil, malformed("%s is empty", what)
	}
	return f.readChain(start, n*f.sectorSize, what)
}

// readMini reads the mini stream, which the root entry names, and its table.
func (f *File) readMini(h header) error {
	root := f.Root
	if root.Size > maxMini {
		return malformed("the small streams have %d bytes together; up to %d are read", root.Size, maxMini)
	}
	var err error
	if f.mini, err = f.readChain(root.start, root.Size, "the stream of small streams"); err != nil {
		return err
	}
	if int64(h.miniSectors)*f.sectorSize/4 > int64(maxMini/miniSector)+f.sectorSize/4 {
		return malformed("the table of small streams has %d sectors, more than it needs", h.miniSectors)
	}
	table, err := f.readChain(h.miniFAT, int64(h.miniSectors)*f.sectorSize, "the table of small streams")
	f.miniFAT = words(table)
	return err
}

func (f *File) readChain(start uint32, size int64, what string) ([]byte, error) {
	list, err := f.chain(start, (size+f.sectorSize-1)/f.sectorSize, what)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.copySectors(&b, list, size, what)
	return b.Bytes(), err
}

func (f *File) offset(sector uint32) int64 { return (int64(sector) + 1) * f.sectorSize }

func (f *File) readSector(b []byte, sector uint32, what string) error {
	if sector >= f.sectors {
		return malformed("the %s leads to sector %#x; the file has %d", what, sector, f.sectors)
	}
	return f.readAt(b, f.offset(sector), what)
}

func (f *File) readAt(b []byte, off int64, what string) error {
	if off+int64(len(b)) > f.size {
		return malformed("%s: the file ends at %d bytes, before the %d bytes at offset %#x", what, f.size, len(b), off)
	}
	n, err := f.r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return malformed("%s: the file ends at %d bytes, before the %d bytes at offset %#x", what, off+int64(n), len(b), off)
	case err == nil:
		err = io.ErrNoProgress // a reader that breaks the contract of io.ReaderAt
	}
	return fmt.Errorf("reading %s at offset %#x: %w", what, off, err)
}

func words(b []byte) []uint32 {
	list := make([]uint32, len(b)/4)
	for i := range list {
		list[i] = le32(b[4*i:])
	}
	return list
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
