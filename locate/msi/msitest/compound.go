// Package msitest makes Windows Installer databases for tests: compound files,
// tables, kits like the ADK's, and signatures, right ones and wrong ones.
//
// It shares no code with the packages that read and verify: names are encoded,
// sectors laid out and digests taken in its own way, so that a mistake on one
// side shows. It is for tests alone.
package msitest

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// A Node is a stream of a compound file, or a storage, which has Nodes.
type Node struct {
	Name              string
	Data              []byte
	Storage           bool
	Nodes             []*Node
	Class             [16]byte
	State             [4]byte
	Created, Modified [8]byte
}

// Find returns the node of this name in a storage; it panics if there is none.
func (n *Node) Find(name string) *Node {
	i := slices.IndexFunc(n.Nodes, func(c *Node) bool { return c.Name == name })
	if i < 0 {
		panic("msitest: no stream " + name) // only for a mistake in a test
	}
	return n.Nodes[i]
}

const (
	free      = 0xffffffff // a sector that is free, and an entry that is not there
	end       = 0xfffffffe // of a chain
	fatSector = 0xfffffffd
	difSector = 0xfffffffc
)

// compound lays out a file.
type compound struct {
	version   int
	size      int // of a sector
	fat       []uint32
	body      []byte // all sectors
	mini      []byte
	miniFAT   []uint32
	directory []byte
}

// Compound writes a compound file of version 3 or 4.
func Compound(root *Node, version int) []byte {
	c := &compound{version: version, size: map[int]int{3: 512, 4: 4096}[version]}
	c.entry(root, 5)
	at := func(b []byte) uint32 { return c.add(b) }
	miniSize := len(c.mini)
	miniStart := at(c.mini)
	binary.LittleEndian.PutUint32(c.directory[116:], miniStart)
	binary.LittleEndian.PutUint32(c.directory[120:], uint32(miniSize))
	miniTable := numbers(c.miniFAT)
	miniSectors := (len(miniTable) + c.size - 1) / c.size
	miniFAT := at(miniTable)
	for len(c.directory)%c.size != 0 {
		c.directory = append(c.directory, blank()...)
	}
	directory := at(c.directory)
	fatList, difat, difSectors := c.table()
	head := make([]byte, c.size)
	copy(head, []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1})
	le := binary.LittleEndian
	le.PutUint16(head[24:], 0x3e)
	le.PutUint16(head[26:], uint16(version))
	le.PutUint16(head[28:], 0xfffe)
	le.PutUint16(head[30:], map[int]uint16{3: 9, 4: 12}[version])
	le.PutUint16(head[32:], 6)
	if version > 3 {
		le.PutUint32(head[40:], uint32(len(c.directory)/c.size))
	}
	for i, v := range []uint32{
		uint32(len(fatList)), directory, 0, 4096, miniFAT, uint32(miniSectors), difat, uint32(difSectors),
	} {
		le.PutUint32(head[44+4*i:], v)
	}
	for i := range 109 {
		v := uint32(free)
		if i < len(fatList) {
			v = fatList[i]
		}
		le.PutUint32(head[76+4*i:], v)
	}
	return append(head, c.body...)
}

// table adds the sector table, and where the header has no room for the list of
// its sectors, the rest of that.
func (c *compound) table() (list []uint32, difat uint32, difSectors int) {
	per := c.size / 4
	n, d := 0, 0
	for {
		sectors := len(c.fat) + n + d
		wantN := (sectors + per - 1) / per
		wantD := (max(0, wantN-109) + per - 2) / (per - 1)
		if wantN == n && wantD == d {
			break
		}
		n, d = wantN, wantD
	}
	start := uint32(len(c.fat))
	for i := range n {
		list = append(list, start+uint32(i))
		c.fat = append(c.fat, fatSector)
	}
	difat = end
	var dif []uint32
	if d > 0 {
		difat = uint32(len(c.fat))
		rest := slices.Clone(list[109:])
		for i := range d {
			c.fat = append(c.fat, difSector)
			part := rest[:min(len(rest), per-1)]
			rest = rest[len(part):]
			next := uint32(end)
			if i < d-1 {
				next = difat + uint32(i) + 1
			}
			dif = append(dif, part...)
			for range per - 1 - len(part) {
				dif = append(dif, free)
			}
			dif = append(dif, next)
		}
	}
	for len(c.fat)%per != 0 {
		c.fat = append(c.fat, free)
	}
	c.body = append(append(c.body, numbers(c.fat)...), numbers(dif)...)
	return list, difat, d
}

// add appends a stream in sectors of its own and returns the first.
func (c *compound) add(b []byte) uint32 {
	if len(b) == 0 {
		return end
	}
	start := uint32(len(c.fat))
	c.body = append(c.body, b...)
	for len(c.body)%c.size != 0 {
		c.body = append(c.body, 0)
	}
	for len(c.fat) < len(c.body)/c.size {
		c.fat = append(c.fat, uint32(len(c.fat)+1))
	}
	c.fat[len(c.fat)-1] = end
	return start
}

// addMini appends a small stream and returns its first sector there.
func (c *compound) addMini(b []byte) uint32 {
	if len(b) == 0 {
		return end
	}
	start := uint32(len(c.miniFAT))
	c.mini = append(c.mini, b...)
	for len(c.mini)%64 != 0 {
		c.mini = append(c.mini, 0)
	}
	for len(c.miniFAT) < len(c.mini)/64 {
		c.miniFAT = append(c.miniFAT, uint32(len(c.miniFAT)+1))
	}
	c.miniFAT[len(c.miniFAT)-1] = end
	return start
}

// entry appends a node to the directory, without its siblings, and returns its number.
func (c *compound) entry(n *Node, kind byte) uint32 {
	le := binary.LittleEndian
	id := len(c.directory) / 128
	b := blank()
	for i, u := range utf16.Encode([]rune(n.Name)) {
		le.PutUint16(b[2*i:], u)
		le.PutUint16(b[64:], uint16(2*i+4))
	}
	b[66], b[67] = kind, 1 // black
	copy(b[80:], n.Class[:])
	copy(b[96:], n.State[:])
	copy(b[100:], n.Created[:])
	copy(b[108:], n.Modified[:])
	le.PutUint32(b[116:], end)
	if kind == 2 {
		le.PutUint32(b[120:], uint32(len(n.Data)))
		if len(n.Data) < 4096 {
			le.PutUint32(b[116:], c.addMini(n.Data))
		} else {
			le.PutUint32(b[116:], c.add(n.Data))
		}
	}
	c.directory = append(c.directory, b...)
	if kind == 2 {
		return uint32(id)
	}
	children := slices.Clone(n.Nodes)
	slices.SortFunc(children, func(a, b *Node) int { // as the format orders siblings
		x, y := utf16.Encode([]rune(a.Name)), utf16.Encode([]rune(b.Name))
		return cmp.Or(cmp.Compare(len(x), len(y)), slices.Compare(x, y))
	})
	child := c.siblings(children)
	le.PutUint32(c.directory[id*128+76:], child)
	return uint32(id)
}

// siblings appends sorted nodes as a balanced tree and returns its top.
func (c *compound) siblings(nodes []*Node) uint32 {
	if len(nodes) == 0 {
		return free
	}
	mid := len(nodes) / 2
	kind := byte(2)
	if nodes[mid].Storage {
		kind = 1
	}
	id := c.entry(nodes[mid], kind)
	left, right := c.siblings(nodes[:mid]), c.siblings(nodes[mid+1:])
	binary.LittleEndian.PutUint32(c.directory[id*128+68:], left)
	binary.LittleEndian.PutUint32(c.directory[id*128+72:], right)
	return id
}

// blank returns an entry of the directory that is not used.
func blank() []byte {
	b := make([]byte, 128)
	for i := 68; i < 80; i++ {
		b[i] = 0xff
	}
	return b
}

func numbers(list []uint32) []byte {
	var b []byte
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
