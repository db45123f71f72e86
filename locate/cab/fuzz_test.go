package cab_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/cab/cabtest"
)

// readAnything reads a cabinet that may be malformed: no file may have more
// bytes than declared, and an error is a fault of a cabinet or a missing one.
func readAnything(t *testing.T, file []byte) (content []byte, err error) {
	t.Helper()
	c, err := cab.Open("a.cab", bytes.NewReader(file), int64(len(file)))
	if err != nil {
		checkFault(t, err)
		return nil, err
	}
	for r := cab.NewReader(c, nil); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			checkFault(t, err)
			return content, err
		}
		if f.Size > 1<<22 {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(r, f.Size+1))
		if int64(len(b)) > f.Size || err == nil && int64(len(b)) < f.Size {
			t.Fatalf("%q: %d bytes of %d, %v", f.Name, len(b), f.Size, err)
		}
		content = append(content, b...)
		if err != nil {
			checkFault(t, err)
			return content, err
		}
	}
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	if !errors.As(err, new(*cab.FormatError)) && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("%T: %v", err, err)
	}
}

func FuzzOpen(f *testing.F) {
	b := content(3000, 1)
	for _, folder := range []cabtest.Folder{cabtest.Stored(b), cabtest.MSZIP(b), cabtest.LZX(b, 15, 100, cabtest.Run{Kind: cabtest.Aligned, Size: 2000})} {
		c := cabtest.Cabinet{Folders: []cabtest.Folder{folder, folder}, Files: files(b, 100, 200), NoSums: true, DataReserve: []byte{1}}
		f.Add(c.Bytes())
		c.Next, c.Previous, c.Files[2].Folder = "b", "c", cabtest.FromAndTo
		f.Add(c.Bytes())
	}
	f.Fuzz(func(t *testing.T, file []byte) { _, _ = readAnything(t, file) })
}

// FuzzBlocks decompresses two blocks that are anything, in a cabinet that is right around them.
func FuzzBlocks(f *testing.F) {
	for _, b := range [][]byte{content(40_000, 1), make([]byte, 33_000)} {
		for _, folder := range []cabtest.Folder{cabtest.Stored(b), cabtest.MSZIP(b), cabtest.LZX(b, 15, 0, cabtest.Run{Kind: cabtest.Verbatim, Size: 20_001}),
			cabtest.LZX(b, 16, 9999, cabtest.Run{Kind: cabtest.Aligned, Size: 20_001}, cabtest.Run{Kind: cabtest.Uncompressed, Size: 99})} {
			f.Add(folder.Compression, folder.Blocks[0].Packed, folder.Blocks[1].Packed, uint16(folder.Blocks[1].Size))
		}
	}
	f.Fuzz(func(t *testing.T, compression uint16, one, two []byte, size uint16) {
		if len(one) > 0xffff || len(two) > 0xffff {
			t.Skip()
		}
		folder := cabtest.Folder{Compression: compression, Blocks: []cabtest.Block{{Packed: one, Size: 32768}, {Packed: two, Size: int(size)}}}
		c := cabtest.Cabinet{Folders: []cabtest.Folder{folder}, Files: []cabtest.File{{Name: "f", Size: 32768 + min(int(size), 32768)}}}
		_, _ = readAnything(t, c.Bytes())
	})
}

// FuzzLZX decompresses what was compressed, in blocks of any kind and size.
func FuzzLZX(f *testing.F) {
	f.Add(content(70_000, 1), byte(0), int32(50_000), []byte{1, 20, 2, 3, 3, 90})
	f.Add(content(300, 2), byte(6), int32(0), []byte{3, 1, 1, 1, 2, 1})
	f.Fuzz(func(t *testing.T, b []byte, window byte, calls int32, kinds []byte) {
		if len(b) == 0 || len(b) > 1<<18 || calls < 0 || len(kinds) < 2 {
			t.Skip()
		}
		var runs []cabtest.Run
		for i := 0; i+1 < len(kinds); i += 2 {
			runs = append(runs, cabtest.Run{Kind: int(kinds[i]%3) + 1, Size: 1 + int(kinds[i+1])*int(kinds[i+1])})
		}
		folder := cabtest.LZX(b, 15+int(window%7), calls, runs...)
		for _, block := range folder.Blocks {
			if len(block.Packed) > 38912 {
				t.Skip("more than a block may have")
			}
		}
		got, err := readAnything(t, cabtest.Cabinet{Folders: []cabtest.Folder{folder}, Files: []cabtest.File{{Name: "f", Size: len(b)}}}.Bytes())
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes of %d, %v, or other bytes", len(got), len(b), err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := content(4<<20, 1)
	for name, folder := range map[string]cabtest.Folder{
		"MSZIP": cabtest.MSZIP(data),
		"LZX":   cabtest.LZX(data, 18, 0, cabtest.Run{Kind: cabtest.Verbatim, Size: 100_000}, cabtest.Run{Kind: cabtest.Aligned, Size: 100_000}),
	} {
		file := cabtest.Cabinet{Folders: []cabtest.Folder{folder}, Files: files(data)}.Bytes()
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				c, err := cab.Open("a.cab", bytes.NewReader(file), int64(len(file)))
				if err != nil {
					b.Fatal(err)
				}
				r := cab.NewReader(c, nil)
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
