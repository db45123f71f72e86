package pe

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// The resource tree has three levels: type, name, language.
// Source: https://learn.microsoft.com/windows/win32/debug/pe-format#the-rsrc-section
const (
	resourceHeaderSize = 16 // bytes, of a directory
	resourceEntrySize  = 8  // bytes
	resourceLeafSize   = 16 // bytes
	subdirectoryFlag   = 1 << 31
	typeVersion        = 16 // RT_VERSION
	anyID              = subdirectoryFlag - 1

	// maxEntries bounds the entries of one directory. It is our own limit:
	// a file has some ten types of resources, and a version in one language.
	maxEntries = 1024
)

// A version resource opens with the lengths, type and key of VS_VERSIONINFO
// and, aligned to 4 bytes, VS_FIXEDFILEINFO. Sizes and offsets are in bytes.
// Source: https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo
const (
	versionKey      = "VS_VERSION_INFO\x00"
	versionKeyStart = 6
	fixedInfoStart  = 40
	fixedInfoSize   = 52
	versionInfoSize = fixedInfoStart + fixedInfoSize
	fixedSignature  = 0xfeef04bd
)

// A tree is the resource section from its root directory on. All offsets in
// it count from there.
type tree struct {
	w    *window
	off  int64 // of the root in the file
	size int64 // bytes from the root to the end of its section
}

// An entry of a directory points to a directory of the next level or to a leaf.
type entry struct {
	off    int64  // of the entry in the file
	target uint32 // offset in the tree, with subdirectoryFlag for a directory
}

func (e entry) directory() bool { return e.target&subdirectoryFlag != 0 }

// A versionInfo is what a version resource says.
type versionInfo struct {
	file Version
	name string // the OriginalFilename; "" if it has none
}

// versionInfo walks to the version resource. It takes the first name and the
// first language, as there is only one of each. The depth is fixed, so a loop
// in the tree leads nowhere.
func (img *image) versionInfo(w *window) (versionInfo, error) {
	r := img.resources
	if r.addr == 0 || r.size == 0 {
		return versionInfo{}, nil
	}
	t := tree{w: w}
	if t.off, t.size = img.find(r.addr); t.size == 0 {
		return versionInfo{}, &FormatError{r.field, "address of the resources", fmt.Sprintf("RVA %#x", r.addr), "an RVA inside a section"}
	}
	e, ok, err := t.find(0, typeVersion, "resource types")
	if err != nil || !ok {
		return versionInfo{}, err
	}
	for _, part := range []string{"names of the version resource", "languages of the version resource"} {
		if !e.directory() {
			return versionInfo{}, &FormatError{e.off, part, "a leaf", "a directory"}
		}
		if e, ok, err = t.find(e.target&^subdirectoryFlag, anyID, part); err != nil {
			return versionInfo{}, err
		} else if !ok {
			return versionInfo{}, &FormatError{e.off, part, "no entry", "one entry"}
		}
	}
	if e.directory() {
		return versionInfo{}, &FormatError{e.off, "version resource", "a directory", "a leaf"}
	}
	return img.readLeaf(t, e.target)
}

// at returns the n bytes at off in the tree.
func (t tree) at(off int64, n int, part string) ([]byte, error) {
	if off > t.size-int64(n) {
		return nil, &FormatError{
			t.off + off, part,
			fmt.Sprintf("the end of the resources at offset %#x", t.off+t.size), fmt.Sprintf("%d bytes", n),
		}
	}
	return t.w.at(t.off+off, n, part)
}

// find returns the first entry with an id, or the first of all for anyID, in
// the directory at dir. Without one it returns the offset of the directory.
func (t tree) find(dir, id uint32, part string) (e entry, ok bool, err error) {
	e.off = t.off + int64(dir)
	b, err := t.at(int64(dir), resourceHeaderSize, part)
	if err != nil {
		return e, false, err
	}
	named, numbered := u16(b[12:]), u16(b[14:])
	n := int64(named) + int64(numbered)
	if n > maxEntries {
		return e, false, &FormatError{e.off, part, fmt.Sprintf("%d entries", n), fmt.Sprintf("at most %d", maxEntries)}
	}
	for i := range n {
		off := int64(dir) + resourceHeaderSize + i*resourceEntrySize
		if b, err = t.at(off, resourceEntrySize, part); err != nil {
			return e, false, err
		}
		if id == anyID || u32(b) == id {
			return entry{t.off + off, u32(b[4:])}, true, nil
		}
	}
	return e, false, nil
}

// readLeaf reads the version resource that the leaf at leaf points to.
func (img *image) readLeaf(t tree, leaf uint32) (versionInfo, error) {
	const part = "version resource"
	b, err := t.at(int64(leaf), resourceLeafSize, part)
	if err != nil {
		return versionInfo{}, err
	}
	rva, size := u32(b), u32(b[4:])
	off, n := img.find(rva)
	if int64(size) > n || size < versionInfoSize {
		return versionInfo{}, &FormatError{
			t.off + int64(leaf), part, fmt.Sprintf("%d bytes at RVA %#x", size, rva),
			fmt.Sprintf("at least %d bytes inside a section", versionInfoSize),
		}
	}
	if b, err = t.w.at(off, int(min(size, windowSize)), part); err != nil {
		return versionInfo{}, err
	}
	return parseVersionInfo(b, off, size)
}

// parseVersionInfo reads the first bytes, b, of a version resource of size bytes
// at off in the file.
func parseVersionInfo(b []byte, off int64, size uint32) (versionInfo, error) {
	length, value := u16(b), u16(b[2:])
	key := make([]uint16, len(versionKey))
	for i := range key {
		key[i] = u16(b[versionKeyStart+2*i:])
	}
	fixed := b[fixedInfoStart:]
	switch {
	case length < versionInfoSize || uint32(length) > size:
		return versionInfo{}, &FormatError{off, "length of the version resource", fmt.Sprint(length), fmt.Sprintf("%d to %d", versionInfoSize, size)}
	case value != fixedInfoSize:
		return versionInfo{}, &FormatError{off + 2, "length of the fixed file info", fmt.Sprint(value), fmt.Sprint(fixedInfoSize)}
	case string(utf16.Decode(key)) != versionKey:
		return versionInfo{}, &FormatError{off + versionKeyStart, "key of the version resource", fmt.Sprintf("%q", string(utf16.Decode(key))), fmt.Sprintf("%q", versionKey)}
	case u32(fixed) != fixedSignature:
		return versionInfo{}, &FormatError{off + fixedInfoStart, "signature of the fixed file info", fmt.Sprintf("%#x", u32(fixed)), fmt.Sprintf("%#x", uint32(fixedSignature))}
	}
	return versionInfo{
		file: Version{u16(fixed[10:]), u16(fixed[8:]), u16(fixed[14:]), u16(fixed[12:])},
		name: originalName(b[:min(len(b), int(length))]),
	}, nil
}

func u16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
