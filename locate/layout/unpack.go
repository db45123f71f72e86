package layout

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
)

// Unpack unpacks the files into a folder, each below a folder that has the name
// of its root, such as "ProgramFilesFolder". Nothing that is there is replaced.
func (l *Layout) Unpack(ctx context.Context, to *os.Root) error {
	made := map[string]bool{}
	return l.Extract(ctx, func(f File) (io.WriteCloser, error) {
		if dir := path.Dir(f.Place()); !made[dir] {
			if err := to.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
				return nil, err
			}
			made[dir] = true
		}
		return to.OpenFile(filepath.FromSlash(f.Place()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	})
}
