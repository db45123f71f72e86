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

// A sizedReader has an end at which it is not to be asked again.
type sizedReader struct {
	parts []string
	asked int // after the last part
}

func (r *sizedReader) Read(p []byte) (int, error) {
	if len(r.parts) == 0 {
		r.asked++
		return 0, io.EOF
	}
	n := copy(p, r.parts[0])
	if r.parts[0] = r.parts[0][n:]; r.parts[0] == "" {
		r.parts = r.parts[1:]
	}
	return n, nil
}

func TestPourSized(t *testing.T) {
	tests := []struct {
		name  string
		parts []string
		size  int64
		asked int
	}{
		{"in one part", []string{"hello"}, 5, 0},
		{"the last part fills the buffer", []string{"hello wo"}, 8, 1},
		{"shorter", []string{"hell"}, 5, 1},
		{"longer", []string{"hello!"}, 5, 1},
		{"longer, in parts", []string{"hello wo", "rld"}, 8, 1},
		{"unknown", []string{"hello"}, -1, 1},
		{"empty", nil, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			want := strings.Join(tt.parts, "")
			r := &sizedReader{parts: tt.parts}
			n, err := PourSized(t.Context(), &b, r, tt.size, make([]byte, 8), nil)
			if err != nil || n != int64(len(want)) || b.String() != want {
				t.Errorf("PourSized = %d, %v, and wrote %q, want %q", n, err, &b, want)
			}
			if r.asked != tt.asked {
				t.Errorf("asked %d times after the end, want %d", r.asked, tt.asked)
			}
		})
	}
}
