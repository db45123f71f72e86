package tree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPour(t *testing.T) {
	errBad := errors.New("bad")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errBad)
	tests := []struct {
		name string
		ctx  context.Context //nolint:containedctx // one of the inputs
		w    io.Writer
		r    io.Reader
		n    int64
		want string
	}{
		{"whole", t.Context(), nil, strings.NewReader("hello world"), 11, ""},
		{"data with its end", t.Context(), nil, iotest.DataErrReader(strings.NewReader("hello world")), 11, ""},
		{"unreadable", t.Context(), nil, io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(errBad)), 5, "at byte 5: bad"},
		{"not writable", t.Context(), badWriter{errBad}, strings.NewReader("hello"), 0, "bad"},
		{"cancelled", cancelled, nil, strings.NewReader("hello"), 0, "bad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if tt.w == nil {
				tt.w = &b
			}
			var told int64
			n, err := Pour(tt.ctx, tt.w, tt.r, make([]byte, 4), func(_ int, bytes int64) { told += bytes })
			if n != tt.n || told != tt.n || b.String() != "hello world"[:tt.n] {
				t.Errorf("Pour wrote %q, returned %d and reported %d bytes, want %d", &b, n, told, tt.n)
			}
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Pour = %v", err)
			case tt.want != "" && (!errors.Is(err, errBad) || err.Error() != tt.want):
				t.Errorf("Pour = %v, want %q", err, tt.want)
			}
		})
	}
}

type badWriter struct{ err error }

func (b badWriter) Write([]byte) (int, error) { return 0, b.err }

func TestSum(t *testing.T) {
	const want = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256sum of hello
	if sum, err := Sum(t.Context(), strings.NewReader("hello"), make([]byte, 3), nil); err != nil || sum != want {
		t.Errorf("Sum = %s, %v, want %s", sum, err, want)
	}
}
