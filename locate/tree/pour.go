package tree

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Pour writes what is left of r to w, part by part through buf, and returns how many bytes that were.
// Each part is reported to add, unless that is nil. An error of w is returned as it is, and so is the
// cause of a cancelled ctx; an error of r says at which byte it came.
func Pour(ctx context.Context, w io.Writer, r io.Reader, buf []byte, add func(files int, bytes int64)) (int64, error) {
	return PourSized(ctx, w, r, -1, buf, add)
}

// PourSized is Pour for a reader that should have so many bytes: a read that had room for more and
// returned the last of them has met the end, so that it is not asked for again.
func PourSized(ctx context.Context, w io.Writer, r io.Reader, size int64, buf []byte, add func(files int, bytes int64)) (int64, error) {
	for done := int64(0); ; {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return done, err
			}
			if add != nil {
				add(0, int64(n))
			}
			done += int64(n)
		}
		if errors.Is(err, io.EOF) || err == nil && done == size && 0 < n && n < len(buf) {
			return done, nil
		}
		if err != nil {
			return done, fmt.Errorf("at byte %d: %w", done, err)
		}
	}
}

// Sum returns the SHA-256 of what is left of r, in lower-case hexadecimal. It reads as Pour does.
func Sum(ctx context.Context, r io.Reader, buf []byte, add func(files int, bytes int64)) (string, error) {
	h := sha256.New()
	_, err := Pour(ctx, h, r, buf, add)
	return hex.EncodeToString(h.Sum(nil)), err
}
