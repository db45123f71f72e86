package cab

import (
	"bytes"
	"encoding/binary"
)

// What LZX is made of.
const (
	minWindow = 15 // bits
	maxWindow = 21

	literals  = 256
	maxSlots  = 50 // of offsets, for the largest window
	maxMain   = literals + 8*maxSlots
	maxLength = 249 // symbols of the code of lengths
	minMatch  = 2
)

// Kinds of blocks within the compressed data.
const (
	verbatim     = 1
	aligned      = 2
	uncompressed = 3
)

// extraBits and slotBase say which offsets the slots stand for: those from
// slotBase-2 on, as many as the extra bits can tell.
var extraBits, slotBase = slots()

func slots() (extra [64]uint8, base [64]uint32) {
	next := uint32(0)
	for i := range maxSlots {
		if i >= 4 {
			extra[i] = uint8(min(i/2-1, 17))
		}
		base[i] = next
		next += 1 << extra[i]
	}
	return extra, base
}

// slotsOf returns how many slots there are for a window of 2^bits bytes.
func slotsOf(bits int) int {
	n := 0
	for n < maxSlots && slotBase[n] < 1<<bits {
		n++
	}
	return n
}

// An lzx decompresses LZX as it is in cabinets: each block of a cabinet comes to
// one frame of 32 KiB, the last one to less.
type lzx struct {
	window int    // bytes
	buf    []byte // at least the last window bytes, then the frame
	pos    int    // in buf, where the next byte goes
	frame  int
	calls  int32           // the file size for calls of Intel programs, 0 if they were left alone
	repeat [3]uint32       // the last offsets
	called [blockSize]byte // a frame with its calls set right

	kind int  // of the block that is read
	left int  // bytes that it has still to come
	odd  bool // a byte of padding follows it

	slots                      int
	mainLengths                [maxMain]uint8
	lengthLengths              [maxLength]uint8
	pre, main, length, aligned huffman
	noLengths                  bool // the code length is empty
}

const slack = 16 // bytes after a match that copying it may overwrite

func newLZX(bits int) *lzx {
	size := 1 << bits
	return &lzx{
		window: size, buf: make([]byte, 2*size+blockSize+slack),
		repeat: [3]uint32{1, 1, 1}, slots: slotsOf(bits),
	}
}

func (d *lzx) decompress(block []byte, n int) ([]byte, error) {
	if d.pos+blockSize+slack > len(d.buf) {
		d.pos = copy(d.buf, d.buf[d.pos-d.window:d.pos])
	}
	b := bitReader{in: block}
	if d.frame == 0 && b.take(1) == 1 {
		d.calls = int32(b.take(32))
	}
	start := d.pos
	for end := start + n; d.pos < end; {
		err := d.run(&b, end)
		if b.overrun() {
			return nil, badBlock("LZX: its data ends before the %d bytes that it is said to come to", n)
		}
		if err != nil {
			return nil, err
		}
	}
	if at := d.endOf(&b); at != len(block) {
		return nil, badBlock("LZX: %d bytes follow its compressed data", len(block)-at)
	}
	out := d.buf[start:d.pos]
	if d.calls != 0 && d.frame < 1<<15 {
		out = d.restoreCalls(out)
	}
	d.frame++
	return out, nil
}

// endOf returns where the compressed data of a frame ends: at a whole word, or
// anywhere in the bytes of an uncompressed block.
func (d *lzx) endOf(b *bitReader) int {
	if d.kind != uncompressed {
		return b.word()
	}
	at := b.used() / 8
	if d.odd && d.left == 0 && at < len(b.in) {
		d.odd = false
		at++
	}
	return at
}

// run decompresses what is left of a block, or the next one, up to end.
func (d *lzx) run(b *bitReader, end int) error {
	if d.left == 0 {
		if err := d.header(b); err != nil {
			return err
		}
	}
	start := d.pos
	end = min(end, start+d.left)
	var err error
	if d.kind == uncompressed {
		d.copy(b, end)
	} else {
		err = d.matches(b, end)
	}
	d.left -= d.pos - start
	return err
}

// header reads what is before the bytes of a block.
func (d *lzx) header(b *bitReader) error {
	if d.odd {
		b.seek(b.used()/8 + 1)
		d.odd = false
	}
	d.kind, d.left = int(b.take(3)), int(b.take(24))
	switch d.kind {
	case uncompressed:
		if b.n%16 == 0 {
			b.take(1) // one to sixteen bits are left out
		}
		b.seek(b.word())
		d.odd = d.left&1 == 1
		if b.at+12 > len(b.in) {
			b.seek(len(b.in) + 2)
			return nil
		}
		for i := range d.repeat {
			r := binary.LittleEndian.Uint32(b.in[b.at:])
			if r == 0 || r > uint32(d.window) {
				return badBlock("LZX: the offset R%d is %d; wanted 1 to %d", i, r, d.window)
			}
			d.repeat[i] = r
			b.seek(b.at + 4)
		}
		return nil
	case aligned:
		var lengths [8]uint8
		for i := range lengths {
			lengths[i] = uint8(b.take(3))
		}
		if empty, ok := d.aligned.build(lengths[:]); empty || !ok {
			return badBlock("LZX: the lengths %v are not those of a complete code, for aligned offsets", lengths)
		}
	case verbatim:
	default:
		return badBlock("LZX: a block is of kind %d; wanted 1, 2 or 3", d.kind)
	}
	return d.codes(b)
}

// codes reads the codes of a block. Their lengths are stored as differences to
// those of the block before.
func (d *lzx) codes(b *bitReader) error {
	all := d.mainLengths[:literals+8*d.slots]
	for _, part := range [][]uint8{all[:literals], all[literals:], d.lengthLengths[:]} {
		if err := d.lengths(b, part); err != nil {
			return err
		}
	}
	if empty, ok := d.main.build(all); empty || !ok {
		return badBlock("LZX: the lengths of the main code are not those of a complete code")
	}
	var ok bool
	if d.noLengths, ok = d.length.build(d.lengthLengths[:]); !ok {
		return badBlock("LZX: the lengths of the code for long matches are not those of a complete code")
	}
	return nil
}

// lengths reads the lengths of the codes of some symbols.
func (d *lzx) lengths(b *bitReader, lengths []uint8) error {
	var pre [20]uint8
	for i := range pre {
		pre[i] = uint8(b.take(4))
	}
	if empty, ok := d.pre.build(pre[:]); empty || !ok {
		return badBlock("LZX: the lengths %v are not those of a complete code, for the lengths of other codes", pre)
	}
	for i := 0; i < len(lengths); {
		run, delta := 1, b.symbol(&d.pre)
		switch delta {
		case 17:
			run = 4 + int(b.take(4))
		case 18:
			run = 20 + int(b.take(5))
		case 19:
			run = 4 + int(b.take(1))
			if delta = b.symbol(&d.pre); delta > maxBits {
				return badBlock("LZX: a run of equal lengths has the symbol %d; wanted up to %d", delta, maxBits)
			}
		}
		if run > len(lengths)-i {
			return badBlock("LZX: a run of %d equal lengths begins at symbol %d of %d", run, i, len(lengths))
		}
		value := uint8(0)
		if delta <= maxBits {
			value = uint8((int(lengths[i]) - delta + maxBits + 1) % (maxBits + 1))
		}
		for range run {
			lengths[i] = value
			i++
		}
	}
	return nil
}

// copy reads the bytes of an uncompressed block up to end.
func (d *lzx) copy(b *bitReader, end int) {
	at := min(b.used()/8, len(b.in))
	n := copy(d.buf[d.pos:end], b.in[at:])
	d.pos += n
	b.seek(at + n)
	if d.pos < end {
		b.seek(len(b.in) + 1) // as overrun reports
	}
}

// restoreCalls sets the targets of calls in Intel programs back: the compressor
// made them absolute. It does so in a copy, as matches refer to what was there before.
func (d *lzx) restoreCalls(frame []byte) []byte {
	const opcode, tail = 0xe8, 10 // the last bytes of a frame are left alone
	if len(frame) <= tail || bytes.IndexByte(frame[:len(frame)-tail], opcode) < 0 {
		return frame
	}
	out := d.called[:copy(d.called[:], frame)]
	begin := int32(d.frame) * blockSize
	for i := 0; i < len(out)-tail; {
		skip := bytes.IndexByte(out[i:len(out)-tail], opcode)
		if skip < 0 {
			break
		}
		i += skip
		target := out[i+1 : i+5]
		at, to := begin+int32(i), int32(binary.LittleEndian.Uint32(target))
		switch {
		case to >= 0 && to < d.calls:
			binary.LittleEndian.PutUint32(target, uint32(to-at))
		case to < 0 && to >= -at:
			binary.LittleEndian.PutUint32(target, uint32(to+d.calls))
		}
		i += 5
	}
	return out
}
