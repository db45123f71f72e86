package bag

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// endless gives the same bytes for ever, up to a gigabyte, and counts them.
type endless struct {
	unit string
	next func(n int) string // instead of unit: the nth line
	n    int
	rest string
	read int64
}

const gigabyte = 1 << 30

func (e *endless) Read(p []byte) (int, error) {
	if e.read >= gigabyte {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		if e.rest == "" {
			e.rest = e.unit
			if e.next != nil {
				e.rest = e.next(e.n)
			}
			e.n++
		}
		c := copy(p[n:], e.rest)
		e.rest = e.rest[c:]
		n += c
	}
	e.read += int64(n)
	return n, nil
}

// allocated runs f and returns how many bytes it allocated in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestGigabytesAreRefused(t *testing.T) {
	const kib, mib = 1 << 10, 1 << 20
	row := func(n int, rest string) string { // quicker than Sprintf, a million times
		const digits = 10
		s := strconv.Itoa(n)
		return md5A + "  data/" + strings.Repeat("0", digits-len(s)) + s + rest + "\n"
	}
	distinct := func(n int) string { return row(n, "") }
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name   string
		src    *endless
		rules  Rules
		want   string
		read   int64  // at most, bytes
		memory uint64 // at most, bytes; what the reader above takes for its lines included
	}{
		{"one line", &endless{unit: "a"}, Rules{}, "manifest-md5.txt:1: found a longer line, wanted at most 32 KiB a line", 128 * kib, 256 * kib},
		{"one line of blanks", &endless{unit: " "}, Rules{}, "a longer line", 128 * kib, 256 * kib},
		{"one path", &endless{unit: md5A + "  data/" + strings.Repeat("a/", 1<<20)}, Rules{}, "a longer line", 128 * kib, 4 * mib},
		{"NULs", &endless{unit: "\x00"}, Rules{}, "a longer line", 128 * kib, 256 * kib},
		{"line feeds", &endless{unit: "\n"}, Rules{}, "manifest-md5.txt:1: found an empty line", 128 * kib, 256 * kib},
		{"carriage returns", &endless{unit: "\r"}, Rules{}, "manifest-md5.txt:1: found an empty line", 128 * kib, 256 * kib},
		{"the same row", &endless{unit: md5A + "  data/a\n"}, Rules{Strict: true}, "manifest-md5.txt:2: found path", 128 * kib, 256 * kib},
		{"rows", &endless{next: distinct}, Rules{Strict: true}, "manifest-md5.txt:1000001: found more lines, wanted at most 1000000 lines", 64 * mib, 512 * mib},
		{"long rows", &endless{next: func(n int) string { return row(n, long) }}, Rules{},
			"manifest-md5.txt: found more bytes, wanted a file of at most 64 MiB", 64*mib + 1, 512 * mib},
		{"UTF-16", &endless{unit: "\x00a"}, Rules{encoding: encodingUTF16}, "a longer line", 256 * kib, 256 * kib},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			memory := allocated(func() { _, err = ParseManifest(tt.src, payloadMD5, tt.rules) })
			wantSyntax(t, err, tt.want)
			if tt.src.read > tt.read {
				t.Errorf("read %d bytes, want at most %d", tt.src.read, tt.read)
			}
			if memory > tt.memory {
				t.Errorf("allocated %d bytes, want at most %d", memory, tt.memory)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("message of %d bytes, want at most 1000", len(err.Error()))
			}
		})
	}
}

func TestBoundsAreExact(t *testing.T) {
	line := func(n int) string { return md5A + "  data/" + strings.Repeat("a", n-len(md5A)-len("  data/")) }
	tests := []struct {
		name, text string
		good       bool
	}{
		{"longest line", line(maxLine) + "\n", true},
		{"longest line with CRLF", line(maxLine) + "\r\n", true},
		{"longest line without end", line(maxLine), true},
		{"longer line", line(maxLine+1) + "\n", false},
		{"longer line without end", line(maxLine + 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := ParseManifest(strings.NewReader(tt.text), payloadMD5, Rules{})
			if good := err == nil; good != tt.good || len(entries) != 1 && good {
				t.Errorf("ParseManifest = %d rows, %v, want good %v", len(entries), err, tt.good)
			}
		})
	}
}

func TestBoundedReader(t *testing.T) {
	for _, tt := range []struct {
		size, left int
		want       error
	}{{10, 10, nil}, {11, 10, errFileTooLong}, {0, 0, nil}, {1, 0, errFileTooLong}} {
		_, err := io.ReadAll(&boundedReader{r: strings.NewReader(strings.Repeat("x", tt.size)), left: int64(tt.left)})
		if !errors.Is(err, tt.want) {
			t.Errorf("%d bytes of %d: ReadAll = %v, want %v", tt.size, tt.left, err, tt.want)
		}
	}
}
