package tree

import (
	"io"
	"strings"
	"testing"
)

func TestReaderAt(t *testing.T) {
	at, err := ReaderAt(io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if n, err := at.ReadAt(b, 2); err != nil || string(b[:n]) != "llo" {
		t.Errorf("ReadAt = %q, %v, want llo", b[:n], err)
	}
	direct := strings.NewReader("hello")
	if at, err := ReaderAt(direct); err != nil || at != io.ReaderAt(direct) {
		t.Errorf("ReaderAt of what has random access = %v, %v, want itself", at, err)
	}
	if _, err := ReaderAt(io.LimitReader(zeros{}, maxBuffered+1)); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("ReaderAt of a large file = %v, want a refusal", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
