package tree

import (
	"io/fs"
	"time"
)

// WorkersFor returns how many files of fsys to work on at once: as many as asked for, or, if that is 0,
// what follows from how long it takes to open the files or folders named, of which the quickest counts.
// On a disk, or in its cache, that is Workers. A server that answers slowly gets more, since most of them
// wait for it. A name that cannot be opened is left out.
func WorkersFor(asked int, fsys fs.FS, names ...string) int {
	const step = 200 * time.Microsecond // about what the other work on a small file takes
	if asked > 0 {
		return asked
	}
	quickest := time.Duration(-1)
	for _, name := range names {
		began := time.Now() //nolint:forbidigo // for a duration, not a date
		f, err := fsys.Open(name)
		took := time.Since(began)
		if err != nil {
			continue
		}
		_ = f.Close() // nothing was done with it
		if quickest < 0 || took < quickest {
			quickest = took
		}
	}
	return Workers + min(int(max(quickest, 0)/step), mostWorkers-Workers)
}
