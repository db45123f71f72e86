package cab

import (
	"encoding/binary"
	"math/bits"
)

// A bitReader reads the bits of an LZX block: 16-bit words, the low byte first,
// each from its highest bit on. After the end it gives zeros; see overrun.
type bitReader struct {
	in  []byte
	at  int    // of the next word, in in
	buf uint64 // the next bits, from the highest on
	n   uint   // how many bits of buf count; those after them are 0 or what will come
}

// refill makes at least 49 bits ready.
func refill(in []byte, at int, buf uint64, n uint) (int, uint64, uint) {
	if at+8 > len(in) {
		return refillEnd(in, at, buf, n)
	}
	words := (64 - n) / 16
	return at + int(2*words), buf | fourWords(in[at:])>>n, n + 16*words
}

// fourWords returns the next 64 bits.
func fourWords(in []byte) uint64 {
	x := bits.RotateLeft64(binary.LittleEndian.Uint64(in), 32)
	return x>>16&0x0000ffff0000ffff | x&0x0000ffff0000ffff<<16
}

// refillEnd is refill near the end, word by word.
//
//go:noinline
func refillEnd(in []byte, at int, buf uint64, n uint) (int, uint64, uint) {
	for ; n <= 48; n += 16 {
		var word uint64
		if at < len(in) {
			word = uint64(in[at])
		}
		if at+1 < len(in) {
			word |= uint64(in[at+1]) << 8
		}
		buf |= word << (48 - n)
		at += 2
	}
	return at, buf, n
}

// take returns the next k bits, up to 32.
func (b *bitReader) take(k uint) uint32 {
	if b.n < k {
		b.at, b.buf, b.n = refill(b.in, b.at, b.buf, b.n)
	}
	v := uint32(b.buf >> (64 - k))
	b.buf <<= k
	b.n -= k
	return v
}

// symbol returns the next symbol of a code that is not empty.
func (b *bitReader) symbol(h *huffman) int {
	if b.n < maxBits {
		b.at, b.buf, b.n = refill(b.in, b.at, b.buf, b.n)
	}
	e := h.next(b.buf)
	b.buf <<= e & lengthMask
	b.n -= uint(e & lengthMask)
	return int(e >> lengthBits)
}

// used returns how many bits were read.
func (b *bitReader) used() int { return 8*b.at - int(b.n) }

// word returns where the next word is of which nothing was read. Words need not
// begin at even bytes: they do so where an uncompressed block ended.
func (b *bitReader) word() int { return b.at - int(b.n/16)*2 }

// overrun reports whether more was read than there is.
func (b *bitReader) overrun() bool { return b.used() > 8*len(b.in) }

// seek goes to a byte.
func (b *bitReader) seek(at int) { b.at, b.buf, b.n = at, 0, 0 }
