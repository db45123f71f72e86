package cabtest

import (
	"encoding/binary"
	"slices"
)

// Kinds of LZX blocks.
const (
	Verbatim     = 1
	Aligned      = 2
	Uncompressed = 3
)

// A Run is how the next bytes are compressed.
type Run struct{ Kind, Size int }

// LZX returns a folder that is compressed with a window of 2^bits bytes: in the
// given runs, again and again. Calls, if it is not 0, is the file size that the
// targets of calls in Intel programs are made absolute with.
//
// The codes are good ones, the matches are those that are easily found.
func LZX(content []byte, bits int, calls int32, runs ...Run) Folder {
	e := &encoder{content: slices.Clone(content), window: 1 << bits, repeat: [3]int{1, 1, 1}, heads: map[[3]byte]int{}}
	e.slots = []int{30, 32, 34, 36, 38, 42, 50}[bits-15]
	e.main = make([]uint8, 256+8*e.slots)
	if calls == 0 {
		e.put(0, 1)
	} else {
		e.put(1, 1)
		e.put(uint32(calls)>>16, 16)
		e.put(uint32(calls)&0xffff, 16)
		absolute(e.content, calls)
	}
	for i := 0; e.at < len(content); i++ {
		run := runs[i%len(runs)]
		run.Size = min(run.Size, len(content)-e.at)
		e.block(run)
	}
	e.cut()
	return Folder{uint16(LZXType | bits<<8), e.blocks}
}

// absolute does to calls what the decompressor undoes.
func absolute(content []byte, calls int32) {
	for start := 0; start < len(content); start += frame {
		f := content[start:min(start+frame, len(content))]
		for i := 0; i < len(f)-10; i++ {
			if f[i] != 0xe8 {
				continue
			}
			at, to := int32(start+i), int32(binary.LittleEndian.Uint32(f[i+1:]))
			if to >= -at && to < calls-at {
				binary.LittleEndian.PutUint32(f[i+1:], uint32(to+at))
			} else if to >= calls-at && to < calls {
				binary.LittleEndian.PutUint32(f[i+1:], uint32(to-calls))
			}
			i += 4
		}
	}
}

type encoder struct {
	content []byte
	at      int
	window  int
	slots   int
	repeat  [3]int
	main    []uint8 // the lengths of the codes of the block before
	length  [249]uint8
	heads   map[[3]byte]int // where three bytes were seen last

	out    []byte // of the frame
	acc    uint32
	n      uint
	begin  int // of the frame
	blocks []Block
}

// put writes up to 16 bits.
func (e *encoder) put(v uint32, n uint) {
	e.acc = e.acc<<n | v
	if e.n += n; e.n >= 16 {
		e.n -= 16
		w := uint16(e.acc >> e.n)
		e.out = append(e.out, byte(w), byte(w>>8))
		e.acc &= 1<<e.n - 1
	}
}

func (e *encoder) align() {
	if e.n > 0 {
		e.put(0, 16-e.n)
	}
}

// cut ends the frame, if there is something in it.
func (e *encoder) cut() {
	e.align()
	if e.at > e.begin {
		e.blocks = append(e.blocks, Block{e.out, e.at - e.begin})
		e.out, e.begin = nil, e.at
	}
}

func (e *encoder) block(run Run) {
	e.put(uint32(run.Kind), 3)
	e.put(uint32(run.Size>>16), 8)
	e.put(uint32(run.Size&0xffff), 16)
	if run.Kind == Uncompressed {
		e.raw(run.Size)
		return
	}
	tokens := e.tokens(run.Size)
	main, length, low := make([]int, len(e.main)), make([]int, 249), make([]int, 8)
	for _, t := range tokens {
		main[t.symbol]++
		if t.long >= 0 {
			length[t.long]++
		}
		if run.Kind == Aligned && t.extra >= 3 {
			low[t.footer&7]++
		}
	}
	aligned := lengths(low, 7, true)
	if run.Kind == Aligned {
		for _, l := range aligned {
			e.put(uint32(l), 3)
		}
	}
	mainLengths, lengthLengths := lengths(main, 16, true), lengths(length, 16, false)
	e.lengths(e.main[:256], mainLengths[:256])
	e.lengths(e.main[256:], mainLengths[256:])
	e.lengths(e.length[:], lengthLengths)
	mainCodes, lengthCodes, alignedCodes := codes(e.main), codes(e.length[:]), codes(aligned)
	for _, t := range tokens {
		e.put(mainCodes[t.symbol], uint(e.main[t.symbol]))
		if t.long >= 0 {
			e.put(lengthCodes[t.long], uint(e.length[t.long]))
		}
		if run.Kind == Aligned && t.extra >= 3 {
			e.put(uint32(t.footer>>3), t.extra-3)
			e.put(alignedCodes[t.footer&7], uint(aligned[t.footer&7]))
		} else {
			high := t.extra / 2
			e.put(uint32(t.footer)>>(t.extra-high), high)
			e.put(uint32(t.footer)&(1<<(t.extra-high)-1), t.extra-high)
		}
		if e.at += t.size; e.at%frame == 0 {
			e.cut()
		}
	}
}

// raw writes an uncompressed block.
func (e *encoder) raw(size int) {
	if e.n == 0 {
		e.put(0, 16)
	}
	e.align()
	for _, r := range e.repeat {
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(r))
	}
	for end := e.at + size; e.at < end; {
		n := min(end, e.at/frame*frame+frame) - e.at
		e.out = append(e.out, e.content[e.at:e.at+n]...)
		e.at += n
		if e.at == end && size&1 == 1 {
			e.out = append(e.out, 0)
		}
		if e.at%frame == 0 {
			e.cut()
		}
	}
}

// A token is a literal or a match.
type token struct {
	symbol, size int
	long         int // symbol of the code of lengths, -1 for none
	footer       int
	extra        uint // bits of footer
}

// tokens returns what the next size bytes are made of. No match goes past the end of a frame.
func (e *encoder) tokens(size int) (list []token) {
	for at, end := e.at, e.at+size; at < end; {
		limit := min(end, at/frame*frame+frame, at+257)
		t := token{symbol: int(e.content[at]), size: 1, long: -1}
		n, offset := e.match(at, limit)
		if n > 0 {
			t = e.token(n, offset)
		}
		for i := at; i < at+t.size && i+3 <= len(e.content); i++ {
			e.heads[[3]byte(e.content[i:])] = i
		}
		list = append(list, t)
		at += t.size
	}
	return list
}

// match finds a match of 2 bytes at one of the last offsets, or 3 at any.
func (e *encoder) match(at, limit int) (best, offset int) {
	for _, r := range e.repeat {
		if n := e.common(at, r, limit); n >= 2 && n > best {
			best, offset = n, r
		}
	}
	if at+3 > len(e.content) {
		return best, offset
	}
	if from, ok := e.heads[[3]byte(e.content[at:])]; ok && at-from <= e.window-3 {
		if n := e.common(at, at-from, limit); n >= 3 && n > best {
			best, offset = n, at-from
		}
	}
	return best, offset
}

func (e *encoder) common(at, offset, limit int) (n int) {
	for at+n < limit && offset <= at && e.content[at+n] == e.content[at+n-offset] {
		n++
	}
	return n
}

func (e *encoder) token(n, offset int) token {
	t := token{size: n, long: -1}
	slot := slices.Index(e.repeat[:], offset)
	if slot >= 0 {
		e.repeat[0], e.repeat[slot] = e.repeat[slot], e.repeat[0]
	} else {
		e.repeat = [3]int{offset, e.repeat[0], e.repeat[1]}
		rest := offset + 2
		for slot = 0; ; slot++ {
			t.extra = uint(max(0, min(slot/2-1, 17)))
			if rest < 1<<t.extra {
				break
			}
			rest -= 1 << t.extra
		}
		t.footer = rest
	}
	header := min(n-2, 7)
	if header == 7 {
		t.long = n - 9
	}
	t.symbol = 256 + 8*slot + header
	return t
}

// lengths writes the lengths of codes as differences to those before, which it replaces.
func (e *encoder) lengths(before, now []uint8) {
	pre := make([]uint8, 20) // twelve of four bits, eight of five
	for i := range pre {
		pre[i] = uint8(4 + i/12)
		e.put(uint32(pre[i]), 4)
	}
	c := codes(pre)
	symbol := func(s int) { e.put(c[s], uint(pre[s])) }
	for i := 0; i < len(now); {
		run := 1
		for i+run < len(now) && now[i+run] == now[i] {
			run++
		}
		delta := (int(before[i]) - int(now[i]) + 17) % 17
		switch {
		case now[i] == 0 && run >= 20:
			run = min(run, 51)
			symbol(18)
			e.put(uint32(run-20), 5)
		case now[i] == 0 && run >= 4:
			run = min(run, 19)
			symbol(17)
			e.put(uint32(run-4), 4)
		case run >= 4:
			run = min(run, 5)
			symbol(19)
			e.put(uint32(run-4), 1)
			symbol(delta)
		default:
			run = 1
			symbol(delta)
		}
		copy(before[i:i+run], now[i:i+run])
		i += run
	}
}
