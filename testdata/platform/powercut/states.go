package powercut

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
)

// A State is what a power cut leaves on a disk.
type State struct {
	At      int  // how many events came before the cut
	Flushes int  // how many of them were flushes
	Parts   int  // blocks written after the last flush that are there all the same
	Done    bool // the program had ended
	blocks  map[int64][]byte
}

func (s State) String() string {
	return fmt.Sprintf("cut after %d events, %d of them flushes, with %d later blocks, program ended %t", s.At, s.Flushes, s.Parts, s.Done)
}

// States returns what power cuts can leave: one state for each flush, as it
// was then, and others at random moments, with a random part of what was
// written since the last flush; in all at least that many, no two alike.
func States(base []byte, log []event, least int, random *rand.Rand) []State {
	var states []State
	seen := map[string]bool{}
	add := func(s State) {
		if print := s.fingerprint(); !seen[print] {
			seen[print] = true
			states = append(states, s)
		}
	}
	on := []State{{blocks: map[int64][]byte{}}} // the disk after each flush
	for i, e := range log {
		if e.kind == flushed {
			last := on[len(on)-1]
			on = append(on, after(base, last, log[last.At:i+1], 1, random))
		}
	}
	for _, s := range on {
		add(s)
	}
	more := max(least-len(states), least/2)
	for want, tries := len(states)+more, 0; len(states) < want && tries < 100*least; tries++ {
		at := random.IntN(len(log) + 1)
		next := slices.IndexFunc(on, func(s State) bool { return s.At > at })
		if next < 0 {
			next = len(on)
		}
		last := on[next-1]
		// A chance of its own each time: there are cuts with nearly nothing and with nearly all.
		add(after(base, last, log[last.At:at], random.Float64(), random))
	}
	return states
}

// after returns the state after these events, of which each block that is
// written is there with that chance.
func after(base []byte, s State, events []event, chance float64, random *rand.Rand) State {
	s.blocks, s.Parts = maps.Clone(s.blocks), 0
	for _, e := range events {
		s.At++
		switch e.kind {
		case written:
			s.Parts += apply(base, s.blocks, e, func() bool { return random.Float64() < chance })
		case flushed:
			s.Flushes, s.Parts = s.Flushes+1, 0
		case over:
			s.Done = true
		}
	}
	return s
}

// apply writes the blocks of an event that take says, and returns how many.
func apply(base []byte, blocks map[int64][]byte, e event, take func() bool) (n int) {
	for data, at := e.data, e.offset; len(data) > 0; {
		block := at / blockSize
		part := data[:min(int64(len(data)), (block+1)*blockSize-at)]
		if take() {
			n++
			b := slices.Clone(blocks[block])
			if b == nil {
				b = slices.Clone(base[block*blockSize : (block+1)*blockSize])
			}
			copy(b[at%blockSize:], part)
			blocks[block] = b
		}
		data, at = data[len(part):], at+int64(len(part))
	}
	return n
}

var seed = maphash.MakeSeed()

// fingerprint is the same for states that are to be judged alike.
func (s State) fingerprint() string {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, block := range slices.Sorted(maps.Keys(s.blocks)) {
		maphash.WriteComparable(&h, block)
		_, _ = h.Write(s.blocks[block])
	}
	return fmt.Sprint(h.Sum64(), s.Done)
}

// Disk is a disk in this state.
func (s State) Disk(base []byte) *Disk {
	d := &Disk{image: slices.Clone(base)}
	for block, b := range s.blocks {
		copy(d.image[block*blockSize:], b)
	}
	return d
}
