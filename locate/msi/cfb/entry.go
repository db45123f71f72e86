package cfb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// A Kind says what an entry of the directory is.
type Kind byte

// The kinds of entries (MS-CFB 2.6.1).
const (
	Storage Kind = 1
	Stream  Kind = 2
	Root    Kind = 5
)

// An Entry is a storage or a stream.
type Entry struct {
	Name     string // UTF-16, little-endian, as it is in the file, without the NUL at its end
	Kind     Kind
	Class    [16]byte
	State    [4]byte
	Created  [8]byte
	Modified [8]byte
	Size     int64    // of a stream, in bytes
	Children []*Entry // of a storage, by Name, byte by byte
	Label    string   // how errors call it; "" means by its name

	start uint32 // the first sector
}

// Text returns the name as text; what is not UTF-16 is replaced by U+FFFD.
func (e *Entry) Text() string {
	units := make([]uint16, len(e.Name)/2)
	for i := range units {
		units[i] = uint16(e.Name[2*i]) | uint16(e.Name[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}

func (e *Entry) String() string {
	if e.Label != "" {
		return e.Label
	}
	return fmt.Sprintf("the entry %q", e.Text())
}

// Child returns the entry of this name, as text, or nil.
func (e *Entry) Child(text string) *Entry {
	var name []byte
	for _, u := range utf16.Encode([]rune(text)) {
		name = binary.LittleEndian.AppendUint16(name, u)
	}
	i, ok := slices.BinarySearchFunc(e.Children, string(name), func(c *Entry, name string) int { return cmp.Compare(c.Name, name) })
	if !ok {
		return nil
	}
	return e.Children[i]
}

const (
	entrySize = 128 // bytes of an entry in the file
	maxName   = 64  // bytes of its name, with a NUL at the end
)

// A tree takes the entries of a directory apart.
type tree struct {
	raw     []byte
	version uint16
	seen    []bool
	total   int64 // bytes of all streams
}

// entry parses an entry, which no other may link.
func (t *tree) entry(id uint32) (e *Entry, b []byte, err error) {
	if int64(id) >= int64(len(t.seen)) {
		return nil, nil, malformed("the directory links entry %d; it has %d", id, len(t.seen))
	}
	if t.seen[id] {
		return nil, nil, malformed("the directory links entry %d twice", id)
	}
	t.seen[id] = true
	b = t.raw[int(id)*entrySize:][:entrySize]
	e = &Entry{
		Kind: Kind(b[66]), Class: [16]byte(b[80:]), State: [4]byte(b[96:]), Created: [8]byte(b[100:]), Modified: [8]byte(b[108:]),
		Size: int64(le32(b[120:])), start: le32(b[116:]),
	}
	n := int(le16(b[64:]))
	if n < 4 || n > maxName || n%2 != 0 || b[n-2] != 0 || b[n-1] != 0 {
		return nil, nil, malformed("entry %d of the directory has a name of %d bytes that does not end as it must", id, n)
	}
	e.Name = string(b[:n-2])
	if strings.ContainsRune(e.Text(), 0) {
		return nil, nil, malformed("entry %d of the directory has NUL in its name", id)
	}
	// Files of version 3 may have anything in the upper half (MS-CFB 2.6.3).
	if high := le32(b[124:]); t.version > 3 && high != 0 {
		return nil, nil, malformed("%s has %#x%08x bytes, more than is read", e, high, e.Size)
	}
	return e, b, nil
}

func (t *tree) root() (*Entry, error) {
	e, b, err := t.entry(0)
	if err != nil {
		return nil, err
	}
	if e.Kind != Root {
		return nil, malformed("the first entry of the directory is of kind %d, not the root (%d)", e.Kind, Root)
	}
	return e, t.children(e, le32(b[76:]), 1)
}

// children reads the entries of a storage, which are linked to one another as a tree.
func (t *tree) children(parent *Entry, first uint32, depth int) error {
	if depth > maxDepth {
		return malformed("%d storages in one another; up to %d are read", depth, maxDepth)
	}
	for queue := []uint32{first}; len(queue) > 0; {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if id == noEntry {
			continue
		}
		e, b, err := t.entry(id)
		if err != nil {
			return err
		}
		queue = append(queue, le32(b[68:]), le32(b[72:]))
		parent.Children = append(parent.Children, e)
		switch e.Kind {
		case Stream:
			t.total += e.Size
		case Storage:
			e.Size = 0
			if err := t.children(e, le32(b[76:]), depth+1); err != nil {
				return err
			}
		default:
			return malformed("%s is of kind %d, neither a storage nor a stream", e, e.Kind)
		}
	}
	slices.SortFunc(parent.Children, func(a, b *Entry) int { return cmp.Compare(a.Name, b.Name) })
	return unique(parent.Children)
}

// unique refuses two entries of one name, which are neighbors.
func unique(list []*Entry) error {
	for i := 1; i < len(list); i++ {
		if list[i].Name == list[i-1].Name {
			return malformed("%s is there twice", list[i])
		}
	}
	return nil
}
