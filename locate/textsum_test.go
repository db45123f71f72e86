package locate

import (
	"bytes"
	"crypto/md5" //nolint:gosec // as in textsum.go
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// foldSums hashes a content that is written in pieces of n bytes.
func foldSums(data []byte, n int) textSums {
	s := newTextSum(data[:min(2, len(data))], true)
	for b := data; len(b) > 0; b = b[min(n, len(b)):] {
		s.write(b[:min(n, len(b))])
		s.write(nil)
	}
	return s.sums()
}

func TestTextSum(t *testing.T) {
	tests := []struct {
		name, data, lf string
		text           bool
	}{
		{"empty", "", "", true},
		{"LF", "a\nb\n", "a\nb\n", true},
		{"CR LF", "a\r\nb\r\n", "a\nb\n", true},
		{"mixed", "\r\na\n\r\n\nb\r\n", "\na\n\n\nb\n", true},
		{"CR alone", "a\rb\r", "a\rb\r", true},
		{"CR CR LF", "a\r\r\nb\n\r", "a\r\nb\n\r", true},
		{"only CR LF", "\r\n", "\n", true},
		{"only CR", "\r", "\r", true},
		{"only CRs", "\r\r\r", "\r\r\r", true},
		{"zero byte", "a\x00\r\nb", "a\x00\nb", false},
		{"zero byte behind the first", strings.Repeat("x", sniffed) + "\x00", strings.Repeat("x", sniffed) + "\x00", true},
		{"last of the first is zero", strings.Repeat("x", sniffed-1) + "\x00", strings.Repeat("x", sniffed-1) + "\x00", false},
		{"UTF-16LE", "\xff\xfe\r\n", "\xff\xfe\r\n", false},
		{"UTF-16BE", "\xfe\xff\r\n", "\xfe\xff\r\n", false},
		{"UTF-8 with a mark", "\ufeff\r\n", "\ufeff\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := textSums{sumOf([]byte(tt.lf)), fmt.Sprintf("%x", md5.Sum([]byte(tt.data))), tt.text} //nolint:gosec // as in textsum.go
			for n := 1; n <= len(tt.data)+1; n += 1 + n/100*100 {
				if got := foldSums([]byte(tt.data), n); got != want {
					t.Errorf("in pieces of %d: sums = %+v, want %+v", n, got, want)
				}
			}
		})
	}
	var none *textSum
	if none.write([]byte("x")); none.sums() != (textSums{}) {
		t.Error("without a textSum there are sums")
	}
}

// However a content is cut into pieces, the hash is that of the content with each CR LF replaced.
func FuzzTextSum(f *testing.F) {
	f.Add([]byte("a\r\n\r\r\nb\n\r"), uint8(1))
	f.Add([]byte("\xff\xfe\r\n"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		want := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
			want = data
		}
		if got := foldSums(data, int(n)+1).lf; got != fmt.Sprintf("%x", sha256.Sum256(want)) {
			t.Errorf("hash of %q in pieces of %d is not that of %q", data, n, want)
		}
	})
}
