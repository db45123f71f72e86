package cab

import "encoding/binary"

// matches decompresses the literals and matches of a block up to end. It works
// on local variables, which the compiler keeps in registers.
func (d *lzx) matches(b *bitReader, end int) (err error) {
	buf, pos, r0, r1, r2 := d.buf, d.pos, d.repeat[0], d.repeat[1], d.repeat[2]
	in, at, bits, n := b.in, b.at, b.buf, b.n
	for pos < end {
		if at+8 <= len(in) { // refill, written out
			words := (64 - n) / 16
			at, bits, n = at+int(2*words), bits|fourWords(in[at:])>>n, n+16*words
		} else {
			at, bits, n = refillEnd(in, at, bits, n)
		}
		e := d.main.next(bits)
		bits, n = bits<<(e&lengthMask), n-uint(e&lengthMask)
		symbol := int(e >> lengthBits)
		if symbol < literals {
			buf[pos] = byte(symbol)
			pos++
			continue
		}
		length := symbol&7 + minMatch
		if symbol&7 == 7 {
			e := d.length.next(bits)
			if e == 0 {
				err = badBlock("LZX: a long match, and the code for the lengths of those has no symbols")
				break
			}
			bits, n = bits<<(e&lengthMask), n-uint(e&lengthMask)
			length += int(e >> lengthBits)
		}
		offset := r0
		switch slot := (symbol - literals) >> 3; slot {
		case 0:
		case 1:
			offset, r1 = r1, r0
		case 2:
			offset, r2 = r2, r0
		default:
			extra := uint(extraBits[slot&63])
			offset = slotBase[slot&63] - 2
			if d.kind == aligned && extra >= 3 {
				offset, at, bits, n = d.aligned8(offset, extra, in, at, bits, n)
			} else {
				offset += uint32(bits >> (64 - extra))
				bits, n = bits<<extra, n-extra
			}
			r1, r2 = r0, r1
		}
		r0 = offset
		from := pos - int(offset)
		if from < 0 || length > end-pos {
			err = d.badMatch(length, int(offset), pos, end)
			break
		}
		if length <= 16 && offset >= 8 { // may copy more: what follows is overwritten later
			binary.LittleEndian.PutUint64(buf[pos:], binary.LittleEndian.Uint64(buf[from:]))
			binary.LittleEndian.PutUint64(buf[pos+8:], binary.LittleEndian.Uint64(buf[from+8:]))
		} else {
			repeat(buf[from:pos+length], int(offset))
		}
		pos += length
	}
	d.pos, d.repeat = pos, [3]uint32{r0, r1, r2}
	b.at, b.buf, b.n = at, bits, n
	return err
}

// aligned8 adds the extra bits of an offset, of which the last three are a symbol
// of the code for aligned offsets.
func (d *lzx) aligned8(offset uint32, extra uint, in []byte, at int, bits uint64, n uint) (uint32, int, uint64, uint) {
	at, bits, n = refill(in, at, bits, n)
	extra -= 3
	offset += uint32(bits>>(64-extra)) << 3
	bits, n = bits<<extra, n-extra
	e := d.aligned.next(bits)
	return offset + uint32(e>>lengthBits), at, bits << (e & lengthMask), n - uint(e&lengthMask)
}

// repeat fills b from the byte n on with what is n bytes before.
func repeat(b []byte, n int) {
	for n < len(b) {
		n += copy(b[n:], b[:n])
	}
}

func (d *lzx) badMatch(length, offset, pos, end int) error {
	if pos < offset {
		return badBlock("LZX: a match begins %d bytes back; there are %d", offset, pos)
	}
	return badBlock("LZX: a match has %d bytes; its block or its frame ends after %d", length, end-pos)
}
