// Package cabtest writes cabinets for tests: also split, reserved, LZX and
// malformed ones, which no tool at hand writes. It checks nothing.
package cabtest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
)

// A Cabinet is what a cabinet file says.
type Cabinet struct {
	Previous, Next string
	Set, Index     uint16
	Reserve        []byte // in the header, e.g. for a signature; flagged if any of the three is
	FolderReserve  int    // bytes
	DataReserve    []byte // in each block
	NoSums         bool   // blocks have no checksums
	Folders        []Folder
	Files          []File
}

// A Folder is blocks that are compressed together.
type Folder struct {
	Compression uint16
	Blocks      []Block
}

// A Block is compressed bytes.
type Block struct {
	Packed []byte
	Size   int // when decompressed
}

// A File is an entry of the list of files.
type File struct {
	Name        string
	Size, Start int
	Folder      uint16
	UTF8        bool
}

// Of Folder, for files in several cabinets.
const (
	FromPrevious = 0xfffd
	ToNext       = 0xfffe
	FromAndTo    = 0xffff
)

// Kinds of compression. LZX takes the window in bits, shifted by eight.
const (
	StoredType  = 0
	MSZIPType   = 1
	QuantumType = 2
	LZXType     = 3
)

// Bytes returns the cabinet.
func (c Cabinet) Bytes() []byte {
	le := binary.LittleEndian
	var flags uint16
	var names, files, data []byte
	if c.Reserve != nil || c.FolderReserve+len(c.DataReserve) > 0 {
		flags |= 4
		names = le.AppendUint16(names, uint16(len(c.Reserve)))
		names = append(names, byte(c.FolderReserve), byte(len(c.DataReserve)))
		names = append(names, c.Reserve...)
	}
	if c.Previous != "" {
		flags |= 1
		names = append(names, c.Previous+"\x00disk\x00"...)
	}
	if c.Next != "" {
		flags |= 2
		names = append(names, c.Next+"\x00\x00"...)
	}
	for _, f := range c.Files {
		files = le.AppendUint32(files, uint32(f.Size))
		files = le.AppendUint32(files, uint32(f.Start))
		files = le.AppendUint16(files, f.Folder)
		files = append(files, 0xbb, 0x58, 0x00, 0x60) // a date and a time
		attributes := uint16(0x20)
		if f.UTF8 {
			attributes |= 0x80
		}
		files = le.AppendUint16(files, attributes)
		files = append(files, f.Name+"\x00"...)
	}
	at := 36 + len(names) + (8+c.FolderReserve)*len(c.Folders)
	var folders []byte
	for _, f := range c.Folders {
		folders = le.AppendUint32(folders, uint32(at+len(files)+len(data)))
		folders = le.AppendUint16(folders, uint16(len(f.Blocks)))
		folders = le.AppendUint16(folders, f.Compression)
		folders = append(folders, make([]byte, c.FolderReserve)...)
		for _, b := range f.Blocks {
			data = append(data, c.block(b)...)
		}
	}
	out := []byte("MSCF\x00\x00\x00\x00")
	out = le.AppendUint32(out, uint32(at+len(files)+len(data)))
	out = le.AppendUint32(out, 0)
	out = le.AppendUint32(out, uint32(at))
	out = append(out, 0, 0, 0, 0, 3, 1)
	for _, n := range []uint16{uint16(len(c.Folders)), uint16(len(c.Files)), flags, c.Set, c.Index} {
		out = le.AppendUint16(out, n)
	}
	return bytes.Join([][]byte{out, names, folders, files, data}, nil)
}

func (c Cabinet) block(b Block) []byte {
	head := binary.LittleEndian.AppendUint16(nil, uint16(len(b.Packed)))
	head = binary.LittleEndian.AppendUint16(head, uint16(b.Size))
	head = append(head, c.DataReserve...)
	sum := uint32(0)
	if !c.NoSums {
		sum = checksum(head) ^ checksum(b.Packed)
	}
	return append(append(binary.LittleEndian.AppendUint32(nil, sum), head...), b.Packed...)
}

// checksum is as [MS-CAB] 3.1 describes it.
func checksum(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum ^= binary.LittleEndian.Uint32(b)
	}
	switch len(b) {
	case 3:
		sum ^= uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	case 2:
		sum ^= uint32(b[0])<<8 | uint32(b[1])
	case 1:
		sum ^= uint32(b[0])
	}
	return sum
}

// frames cuts content into what one block takes.
func frames(content []byte) (list [][]byte) {
	for len(content) > frame {
		list, content = append(list, content[:frame]), content[frame:]
	}
	return append(list, content)
}

const frame = 32 << 10

// Stored returns a folder that is not compressed.
func Stored(content []byte) Folder {
	f := Folder{Compression: StoredType}
	for _, b := range frames(content) {
		f.Blocks = append(f.Blocks, Block{b, len(b)})
	}
	return f
}

// MSZIP returns a folder that is compressed with MSZIP.
func MSZIP(content []byte) Folder {
	f := Folder{Compression: MSZIPType}
	var before []byte
	for _, b := range frames(content) {
		var out bytes.Buffer
		out.WriteString("CK")
		w, err := flate.NewWriterDict(&out, flate.BestCompression, before)
		if err == nil {
			_, err = w.Write(b)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			panic(err) // a bytes.Buffer takes everything
		}
		f.Blocks = append(f.Blocks, Block{out.Bytes(), len(b)})
		before = b
	}
	return f
}
