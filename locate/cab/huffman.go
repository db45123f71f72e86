package cab

// Codes of up to fastBits bits are looked up in one step.
const (
	fastBits = 11
	maxBits  = 16

	lengthBits = 5 // of an entry: enough for maxBits
	lengthMask = 1<<lengthBits - 1
)

// A huffman is a prefix code, in the canonical form that LZX uses.
type huffman struct {
	fast    [1 << fastBits]uint16 // by the next bits: symbol<<lengthBits | length; 0 for a longer code
	symbols [maxMain]uint16       // in the order of their codes
	limit   [maxBits + 1]uint32   // after the last code of each length, as 16 bits
	first   [maxBits + 1]uint32   // the first code of each length, as 16 bits
	index   [maxBits + 1]int      // of that code in symbols
}

// build makes the code in which the symbol i has lengths[i] bits, 0 for none.
// It reports whether that is a code: every sequence of bits must begin with a
// symbol, unless there are no symbols at all. Then next returns the length 0.
func (h *huffman) build(lengths []uint8) (empty, ok bool) {
	var count [maxBits + 1]int
	for _, l := range lengths {
		count[l]++
	}
	count[0] = 0
	code, n := uint32(0), 0
	var at [maxBits + 1]int
	for l := 1; l <= maxBits; l++ {
		h.first[l], h.index[l], at[l] = code, n, n
		code += uint32(count[l]) << (maxBits - l)
		n += count[l]
		h.limit[l] = code
	}
	if code != 1<<maxBits && n > 0 {
		return false, false
	}
	for i, l := range lengths {
		if l > 0 {
			h.symbols[at[l]] = uint16(i)
			at[l]++
		}
	}
	fill := h.fast[:]
	for l := 1; l <= fastBits; l++ {
		for _, s := range h.symbols[h.index[l]:][:count[l]] {
			run := fill[:1<<(fastBits-l)]
			for i := range run {
				run[i] = s<<lengthBits | uint16(l)
			}
			fill = fill[len(run):]
		}
	}
	clear(fill)
	return n == 0, true
}

// next returns the symbol that the bits begin with, and how many bits it has,
// as entries of fast have them.
func (h *huffman) next(bits uint64) uint16 {
	if e := h.fast[bits>>(64-fastBits)]; e != 0 {
		return e
	}
	return h.long(bits)
}

// long is next for a code of more than fastBits bits.
//
//go:noinline
func (h *huffman) long(bits uint64) uint16 {
	b := uint32(bits >> (64 - maxBits))
	for l := fastBits + 1; l <= maxBits; l++ {
		if b < h.limit[l] {
			return h.symbols[h.index[l]+int((b-h.first[l])>>(maxBits-l))]<<lengthBits | uint16(l)
		}
	}
	return 0
}
