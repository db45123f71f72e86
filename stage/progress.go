package stage

// Progress receives the events of a run. Its methods are called from several
// goroutines.
type Progress interface {
	// Start begins a phase: "copying", "re-reading", "hashing the source", "verifying".
	Start(phase string, files int, bytes int64)
	// Add reports work done since the last call.
	Add(files int, bytes int64)
}

type noProgress struct{}

func (noProgress) Start(string, int, int64) {}
func (noProgress) Add(int, int64)           {}

func progressOr(p Progress) Progress {
	if p == nil {
		return noProgress{}
	}
	return p
}
