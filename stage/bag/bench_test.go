package bag

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"
)

// kitRows makes n rows that look like a kit's: four levels, mixed case.
func kitRows(n int) []Entry {
	rows := make([]Entry, n)
	for i := range rows {
		arch := [3]string{"amd64", "arm64", "x86"}[i%3]
		rows[i] = Entry{
			Path: fmt.Sprintf("data/%s/DLManifests/Folder-%03d/Microsoft-Windows-Component-%d-DL.man", arch, i%97, i),
			Sum:  fmt.Sprintf("%064x", i),
		}
	}
	slices.SortFunc(rows, byPath)
	return rows
}

// manifestOf returns the rows as WriteManifest writes them.
func manifestOf(tb testing.TB, rows []Entry) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := WriteManifest(&b, Manifest{Algorithm: SHA256}, rows); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func BenchmarkParseManifest(b *testing.B) {
	text := manifestOf(b, kitRows(20_000))
	for _, bb := range []struct {
		name   string
		strict bool
	}{{"strict", true}, {"general", false}} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseManifest(bytes.NewReader(text), Manifest{Algorithm: SHA256}, Rules{Strict: bb.strict}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriteManifest(b *testing.B) {
	rows := kitRows(20_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteManifest(io.Discard, Manifest{Algorithm: SHA256}, rows); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSHA256 is the measure for the others: one pass over the same bytes.
func BenchmarkSHA256(b *testing.B) {
	text := manifestOf(b, kitRows(20_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		h := SHA256.New()
		h.Write(text)
		h.Sum(nil)
	}
}
