package cabtest

// lengths returns the lengths of a prefix code for symbols that occur this
// often, of up to limit bits. A code has at least two symbols, unless none
// occurs and it may be empty.
func lengths(often []int, limit int, some bool) []uint8 {
	weights := append([]int(nil), often...)
	used := 0
	for _, w := range weights {
		if w > 0 {
			used++
		}
	}
	for i := 0; used < 2 && (some || used > 0); i++ {
		if weights[i] == 0 {
			weights[i] = 1
			used++
		}
	}
	for {
		list, longest := huffman(weights)
		if longest <= limit {
			return list
		}
		for i, w := range weights {
			weights[i] = (w + 1) / 2
		}
	}
}

// huffman returns the lengths of the best code, and the largest of them.
func huffman(weights []int) (list []uint8, longest int) {
	type group struct {
		weight  int
		symbols []int
	}
	var groups []group
	for i, w := range weights {
		if w > 0 {
			groups = append(groups, group{w, []int{i}})
		}
	}
	list = make([]uint8, len(weights))
	lightest := func() (g group) {
		at := 0
		for i := range groups {
			if groups[i].weight < groups[at].weight {
				at = i
			}
		}
		g, groups[at] = groups[at], groups[len(groups)-1]
		groups = groups[:len(groups)-1]
		return g
	}
	for len(groups) > 1 {
		a, b := lightest(), lightest()
		both := group{a.weight + b.weight, append(append([]int(nil), a.symbols...), b.symbols...)}
		for _, s := range both.symbols {
			list[s]++
			longest = max(longest, int(list[s]))
		}
		groups = append(groups, both)
	}
	return list, longest
}

// codes returns the canonical code of these lengths.
func codes(lengths []uint8) []uint32 {
	list := make([]uint32, len(lengths))
	code := uint32(0)
	for l := uint8(1); l <= 16; l++ {
		for i := range lengths {
			if lengths[i] == l {
				list[i] = code
				code++
			}
		}
		code <<= 1
	}
	return list
}
