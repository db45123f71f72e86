package tree

import (
	"bytes"
	"fmt"
	"io"
)

// maxBuffered is the largest file, in bytes, that ReaderAt reads into memory. The largest program or
// manifest of a genuine kit has 8 MB.
const maxBuffered = 64 << 20

// ReaderAt gives random access to an open file. One that has none, as in an archive, is read into
// memory, unless it is too large for that.
func ReaderAt(file io.Reader) (io.ReaderAt, error) {
	if at, ok := file.(io.ReaderAt); ok {
		return at, nil
	}
	b, err := io.ReadAll(io.LimitReader(file, maxBuffered+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxBuffered {
		return nil, fmt.Errorf("more than %d bytes: too large to be read into memory, and its file system has no random access", maxBuffered)
	}
	return bytes.NewReader(b), nil
}
