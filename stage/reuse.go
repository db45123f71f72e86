package stage

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/archive"
	"usmtpkg/stage/bag"
)

// A ReuseError says that a release of the library could not be reused, because a file of it is not what its
// manifest says.
type ReuseError struct{ Release, File string }

func (e *ReuseError) Error() string {
	return fmt.Sprintf("release %s is damaged: %s is not what its manifest says", e.Release, e.File)
}

// Reuse puts the files that a folder of the payload has by this manifest from a release of the library that has
// the same ones, and reports whether there is one.
func (l *Library) Reuse(ctx context.Context, manifest []byte, folder string, put archive.Each) (bool, error) {
	rows, err := rowsBelow(bytes.NewReader(manifest), folder)
	if err != nil || len(rows) == 0 {
		return false, nil // what is wrong with the manifest is found when the release is verified
	}
	names, err := l.Releases()
	if err != nil {
		return false, err
	}
	for _, name := range slices.Backward(names) {
		root, err := tree.OpenRoot(l.ReleaseDir(name))
		if err != nil {
			continue // it is no help
		}
		found, err := reuse(ctx, root, rows, folder, put)
		_ = root.Close() // it was only read
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// reuse does so with one release.
func reuse(ctx context.Context, root *os.Root, rows []bag.Entry, folder string, put archive.Each) (bool, error) {
	in, err := openRetry(root, manifestName.Name(), math.MaxInt64) // the parser has limits
	if err != nil {
		return false, nil //nolint:nilerr // it is no help
	}
	have, err := rowsBelow(in, folder)
	_ = in.Close() // it was only read
	if err != nil || !slices.Equal(have, rows) {
		return false, nil //nolint:nilerr // likewise
	}
	for _, row := range rows {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if err := putFile(root, row, put); err != nil {
			return false, err
		}
	}
	return true, nil
}

// putFile puts one file, and compares it with its row.
func putFile(root *os.Root, row bag.Entry, put archive.Each) error {
	damaged := &ReuseError{filepath.Base(root.Name()), row.Path}
	in, err := openRetry(root, row.Path, math.MaxInt64) // it is read piece by piece
	if errors.Is(err, fs.ErrNotExist) {
		return damaged
	}
	if err != nil {
		return &SourceError{Err: err}
	}
	defer in.Close() //nolint:errcheck // only read
	info, err := in.Stat()
	if err != nil {
		return &SourceError{Err: err}
	}
	sum := bag.SHA256.New()
	if err := put(row.Path, info.Size(), io.TeeReader(in, sum)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != row.Sum {
		return damaged
	}
	return nil
}

// rowsBelow returns the rows of a manifest for a folder of the payload.
func rowsBelow(manifest io.Reader, folder string) ([]bag.Entry, error) {
	rows, err := bag.ParseManifest(manifest, manifestName, bag.Rules{Strict: true})
	return slices.DeleteFunc(rows, func(e bag.Entry) bool {
		top, _, below := strings.Cut(strings.TrimPrefix(e.Path, dataDir+"/"), "/")
		return !below || !strings.EqualFold(top, folder)
	}), err
}
