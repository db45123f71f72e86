package tree

import "time"

// WorkersFor returns how many files to work on at once where opening one takes as long as open does, for
// which the quickest of three tries counts. On a disk, or in its cache, they are as many as Workers; where
// a server answers slowly, those of a few more only wait. Tries that fail tell nothing.
func WorkersFor(open func(try int) error) int {
	const (
		tries = 3
		step  = 200 * time.Microsecond // about what the other work on a small file takes
		most  = 32
	)
	quickest := time.Duration(-1)
	for i := range tries {
		began := time.Now() //nolint:forbidigo // for a duration, not a date
		if open(i) != nil {
			continue
		}
		if took := time.Since(began); quickest < 0 || took < quickest {
			quickest = took
		}
	}
	return Workers + min(int(max(quickest, 0)/step), most-Workers)
}
