package cmlog

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadLine(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []string // those that were cut end with +
	}{
		{"nothing", "", nil},
		{"ends of lines", "a\r\nb\nc", []string{"a", "b", "c"}},
		{"empty lines", "\n\r\n", []string{"", ""}},
		{"at the limit", "12345678\r\n12345678\n", []string{"12345678", "12345678"}},
		{"over the limit", "123456789\n1234567890abc\r\nx", []string{"12345678+", "12345678+", "x"}},
		{"far over the limit", strings.Repeat("x", 3*bufferSize) + "\ny", []string{"xxxxxxxx+", "y"}},
		{"UTF-8 with a mark", "\xef\xbb\xbfü", []string{"ü"}},
		{"UTF-16", "\xff\xfea\x00\xfc\x00\r\x00\n\x00", []string{"aü"}},
		{"UTF-16 without a mark", "a\x00\xfc\x00", []string{"aü"}},
		{"UTF-16, big endian", "\xfe\xff\x00a\x00\xfc", []string{"aü"}},
		{"UTF-16, big endian, without a mark", "\x00a\x00\xfc", []string{"aü"}},
		{"ANSI", "a\xfc", []string{"a\xfc"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			br, buf := NewText(strings.NewReader(tt.text)), make([]byte, 0, 10)
			for _, want := range tt.want {
				line, cut, err := ReadLine(br, buf, 8)
				got := string(line)
				if cut {
					got += "+"
				}
				if err != nil || got != want {
					t.Fatalf("ReadLine = %q, %v, want %q", got, err, want)
				}
			}
			if line, _, err := ReadLine(br, buf, 8); !errors.Is(err, io.EOF) {
				t.Errorf("ReadLine = %q, %v, want the end", line, err)
			}
		})
	}
}
