package stage

import (
	"context"
	"fmt"
	"path/filepath"

	"usmtpkg/locate/tree"
)

// A Scratch is a folder for files that only one run needs.
type Scratch struct {
	Dir   string   // in it is nothing yet
	Notes []string // what became of what killed runs left

	parent, name string
}

// NewScratch makes a folder in dir, which is usually that for temporary files, for files that only this
// run needs. Those that killed runs of that name left there are removed. Nobody else may write in it.
func NewScratch(ctx context.Context, dir, name string) (*Scratch, error) {
	x := &extraction{o: ExtractOptions{step: func(string) {}, disk: osFlusher{}}, base: name, private: true}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	parent, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, destination("making a temporary folder", err)
	}
	defer parent.Close() //nolint:errcheck // nothing in it has to be durable
	if err := x.reclaim(ctx, parent); err != nil {
		x.notes = append(x.notes, fmt.Sprintf("%s: %v", dir, err)) // such as another user's
	}
	made, err := x.makePartial(parent)
	if err != nil {
		return nil, destination("making a temporary folder", err)
	}
	return &Scratch{Dir: filepath.Join(dir, made, extractedDir), Notes: x.notes, parent: dir, name: made}, nil
}

// Remove removes the folder and what is in it.
func (s *Scratch) Remove(ctx context.Context) error {
	parent, err := tree.OpenRoot(s.parent)
	if err != nil {
		return destination("removing a temporary folder", err)
	}
	defer parent.Close() //nolint:errcheck // nothing in it has to be durable
	return destination("removing a temporary folder", removePartial(context.WithoutCancel(ctx), parent, s.name, wholePartial))
}
