package msitest

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"unicode/utf16"

	"usmtpkg/locate/pe/petest"
)

// The streams of a signature.
const (
	Signature   = "\x05DigitalSignature"
	SignatureEx = "\x05MsiDigitalSignatureEx"
)

// sorted returns the nodes of a storage as they are signed, by the bytes of their names.
// Those of the root that hold the signature are left out.
func sorted(n *Node) []*Node {
	var list []*Node
	for _, c := range n.Nodes {
		if n.Name != "Root Entry" || c.Name != Signature && c.Name != SignatureEx {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *Node) int { return bytes.Compare(nameBytes(a.Name), nameBytes(b.Name)) })
	return list
}

func nameBytes(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// Digest is what is signed of a package: with the names if names is set.
func Digest(h crypto.Hash, root *Node, names bool) []byte {
	d := h.New()
	if names {
		d.Write(Outline(h, root))
	}
	content(d, root)
	return d.Sum(nil)
}

func content(w io.Writer, n *Node) {
	for _, c := range sorted(n) {
		if c.Storage {
			content(w, c)
		} else {
			_, _ = w.Write(c.Data)
		}
	}
	_, _ = w.Write(n.Class[:])
}

// Outline returns the digest of the names, sizes and times.
func Outline(h crypto.Hash, root *Node) []byte {
	d := h.New()
	d.Write(append(root.Class[:], root.State[:]...))
	outline(d, root)
	return d.Sum(nil)
}

func outline(w io.Writer, n *Node) {
	for _, c := range sorted(n) {
		b := nameBytes(c.Name)
		if c.Storage {
			b = append(b, c.Class[:]...)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(c.Data)))
		}
		_, _ = w.Write(slices.Concat(b, c.State[:], c.Created[:], c.Modified[:]))
		if c.Storage {
			outline(w, c)
		}
	}
}

// SipInfo returns the data about a package in its signature.
func SipInfo(guid []byte) []byte {
	return petest.TLV(0x30, slices.Concat([]byte{2, 1, 1}, petest.TLV(4, guid), bytes.Repeat([]byte{2, 1, 0}, 5)))
}

// GUID returns the class id of Windows Installer packages.
func GUID() []byte {
	return []byte{0xf1, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}
}

// Indirect returns the content of a signature for a digest, with data about the file.
func Indirect(h crypto.Hash, digest, about []byte) []byte {
	return petest.TLV(0x30,
		petest.TLV(0x30, petest.OID("1.3.6.1.4.1.311.2.1.30"), about),
		petest.TLV(0x30, petest.Algorithm(petest.HashOID(h)), petest.TLV(4, digest)))
}

// Sign signs a package: with names, its names and sizes too.
func Sign(tb testing.TB, root *Node, m petest.Message, names bool) *Node {
	tb.Helper()
	if m.Hash == 0 {
		m.Hash = crypto.SHA256
	}
	if m.Content == nil {
		m.Content = Indirect(m.Hash, Digest(m.Hash, root, names), SipInfo(GUID()))
	}
	out := *root
	out.Nodes = append(slices.Clone(root.Nodes), &Node{Name: Signature, Data: m.Encode(tb)})
	if names {
		out.Nodes = append(out.Nodes, &Node{Name: SignatureEx, Data: Outline(m.Hash, root)})
	}
	return &out
}
