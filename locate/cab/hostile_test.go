package cab_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/cab/cabtest"
)

// TestMalformed: each fault is told with its place, what was found and what was wanted.
func TestMalformed(t *testing.T) {
	b := content(70_000, 3)
	one := func(f cabtest.Folder) cabtest.Cabinet {
		return cabtest.Cabinet{Folders: []cabtest.Folder{f}, Files: files(b, 100)}
	}
	mszip, lzx := one(cabtest.MSZIP(b)), one(cabtest.LZX(b, 17, 0, cabtest.Run{Kind: cabtest.Aligned, Size: 10_000}))
	raw := one(cabtest.LZX(b, 17, 0, cabtest.Run{Kind: cabtest.Uncompressed, Size: 10_000}))
	with := func(c cabtest.Cabinet, change func(c *cabtest.Cabinet)) []byte {
		c.Folders = append([]cabtest.Folder(nil), c.Folders...)
		c.Folders[0].Blocks = append([]cabtest.Block(nil), c.Folders[0].Blocks...)
		c.Files = append([]cabtest.File(nil), c.Files...)
		change(&c)
		return c.Bytes()
	}
	block := func(c cabtest.Cabinet, i int, change func(b *cabtest.Block)) []byte {
		return with(c, func(c *cabtest.Cabinet) {
			b := &c.Folders[0].Blocks[i]
			b.Packed = bytes.Clone(b.Packed)
			change(b)
		})
	}
	file := func(change func(f *cabtest.File)) []byte {
		return with(mszip, func(c *cabtest.Cabinet) { change(&c.Files[1]) })
	}
	kind := func(compression uint16) []byte {
		return with(mszip, func(c *cabtest.Cabinet) { c.Folders[0].Compression = compression })
	}
	bytesAt := func(at int, b ...byte) []byte {
		c := mszip.Bytes()
		copy(c[at:], b)
		return c
	}
	tests := []struct {
		name string
		cab  []byte
		want string
	}{
		{"empty", nil, `a.cab, byte 0: the cabinet ends here, at byte 0, within something that is larger`},
		{"not a cabinet", bytesAt(0, 'P', 'K'), `a.cab, byte 0: not a cabinet: it begins with "PKCF", not with "MSCF"`},
		{"cut off", mszip.Bytes()[:200], `a.cab, byte 8: the cabinet is cut off: it has 200 of `},
		{"version", bytesAt(24, 1, 2), `a.cab, byte 24: the version of the format is 2.1; wanted 1.3`},
		{"no folders", bytesAt(26, 0), `a.cab, byte 26: the cabinet has no folders`},
		{"list after the end", bytesAt(16, 0xff, 0xff, 0xff, 0xff), `byte 4294967295: the cabinet ends here`},
		{"folder after the end", bytesAt(36, 0xff, 0xff, 0xff, 0x7f), `byte 36: folder 0 begins at byte 2147483647, after the end of the cabinet at `},
		{"name without an end", file(func(f *cabtest.File) { f.Name = strings.Repeat("x", 256) }), `the text that begins with "xxxxxxxxxxxxxxxx" has no end within 256 bytes`},
		{"empty name", file(func(f *cabtest.File) { f.Name = "" }), `the name of a file is empty`},
		{"not UTF-8", file(func(f *cabtest.File) { f.Name, f.UTF8 = "\xff", true }), `the name "\xff" is not UTF-8, as its attributes say`},
		{"another folder", file(func(f *cabtest.File) { f.Folder = 1 }), `the file "f1" is in folder 1; the cabinet has 1`},
		{"first, but continued", file(func(f *cabtest.File) { f.Folder = cabtest.FromPrevious }), `the file "f1" begins in the previous cabinet, but this one is the first`},
		{"last, but continued", file(func(f *cabtest.File) { f.Folder = cabtest.ToNext }), `the file "f1" continues in the next cabinet, but this one is the last`},
		{"longer than its folder", file(func(f *cabtest.File) { f.Size = 98_305 }), `the file "f1" ends at byte 98405 of folder 0, which has up to 98304`},
		{"overlap", file(func(f *cabtest.File) { f.Start = 99 }), `the file "f1" is bytes 99 to 69999 of folder 0, and the file "f0" bytes 0 to 100`},
		{"more than the folder has", file(func(f *cabtest.File) { f.Size++ }), `folder 0 ends after 70000 bytes, before the end of the file`},
		{"Quantum", kind(0x1572), `folder 0: it is compressed with Quantum (level 7, window 2^21), which is not supported`},
		{"unknown compression", kind(4), `folder 0: its compression 0x0004 is not known; wanted stored, MSZIP or LZX`},
		{"LZX window", kind(22<<8 | 3), `folder 0: it is compressed with LZX with a window of 2^22; wanted 2^15 to 2^21`},
		{"checksum", flip(mszip.Bytes(), 300), `block 0 of folder 0: its checksum is 0x`},
		{"block too large", block(mszip, 0, func(b *cabtest.Block) { b.Packed = make([]byte, 38_913) }), `block 0 of folder 0: it has 38913 bytes, compressed; wanted up to 38912`},
		{"size of a block", block(mszip, 1, func(b *cabtest.Block) { b.Size = 32_769 }), `block 1 of folder 0: it is said to decompress to 32769 bytes; wanted 1 to 32768`},
		{"long list", with(mszip, func(c *cabtest.Cabinet) {
			for range 20_000 {
				c.Files = append(c.Files, cabtest.File{Name: strings.Repeat("x", 255)})
			}
		}), `the list of files has more than 4194304 bytes`},
		{"no size", block(mszip, 1, func(b *cabtest.Block) { b.Size = 0 }), `block 1 of folder 0: it is said to decompress to 0 bytes; wanted 1 to 32768`},
		{"short block", with(mszip, func(c *cabtest.Cabinet) {
			c.Folders[0].Blocks = append(cabtest.MSZIP(b[:70]).Blocks, c.Folders[0].Blocks...)
		}), `block 1 of folder 0: the block before it has less than 32768 bytes, which only the last one of a compressed folder may`},
		{"MSZIP without CK", block(mszip, 0, func(b *cabtest.Block) { b.Packed[1] = 'X' }), `it begins with "CX"; blocks of MSZIP begin with "CK"`},
		{"MSZIP, nothing", block(mszip, 0, func(b *cabtest.Block) { b.Packed = nil }), `it begins with ""; blocks of MSZIP begin with "CK"`},
		{"MSZIP, more", block(mszip, 2, func(b *cabtest.Block) { b.Size-- }), `it decompresses to more than 4463 bytes`},
		{"MSZIP, less", block(mszip, 2, func(b *cabtest.Block) { b.Size++ }), `it decompresses to 4464 bytes; wanted 4465`},
		{"MSZIP, cut off", block(mszip, 2, func(b *cabtest.Block) { b.Packed = b.Packed[:200] }), `block 2 of folder 0: it decompresses to `},
		{"MSZIP, rest", block(mszip, 2, func(b *cabtest.Block) { b.Packed = append(b.Packed, 1, 2) }), `2 bytes follow its compressed data`},
		{"MSZIP, nonsense", block(mszip, 0, func(b *cabtest.Block) { b.Packed = []byte("CK\xff\xff\xff") }), `MSZIP: flate: corrupt input`},
		{"stored, other size", with(one(cabtest.Stored(b)), func(c *cabtest.Cabinet) { c.Folders[0].Blocks[0].Size-- }), `it is stored in 32768 bytes; wanted 32767`},
		{"LZX, cut off", block(lzx, 1, func(b *cabtest.Block) { b.Packed = b.Packed[:len(b.Packed)-40] }), `block 1 of folder 0: LZX: its data ends before the 32768 bytes`},
		{"LZX, nothing", block(lzx, 1, func(b *cabtest.Block) { b.Packed = nil }), `LZX: its data ends before the 32768 bytes that it is said to come to`},
		{"LZX, rest", block(lzx, 1, func(b *cabtest.Block) { b.Packed = append(b.Packed, 1, 2) }), `LZX: 2 bytes follow its compressed data`},
		{"LZX, less", block(lzx, 2, func(b *cabtest.Block) { b.Size++ }), `LZX: `},
		{"LZX, uncompressed cut off", block(raw, 1, func(b *cabtest.Block) { b.Packed = b.Packed[:1000] }), `LZX: its data ends before the 32768 bytes that it is said to come to`},
		{"LZX, offsets cut off", block(raw, 0, func(b *cabtest.Block) { b.Packed = b.Packed[:10] }), `LZX: its data ends before the 32768 bytes that it is said to come to`},
		{"LZX, offset", block(raw, 0, func(b *cabtest.Block) { b.Packed[4] = 0 }), `LZX: the offset R0 is 0; wanted 1 to 131072`},
		{"LZX, far offset", block(raw, 0, func(b *cabtest.Block) { b.Packed[10] = 3 }), `LZX: the offset R1 is 196609; wanted 1 to 131072`},
		{"LZX, kind", block(lzx, 0, func(b *cabtest.Block) { b.Packed[1] = 0x70 }), `LZX: a block is of kind 7; wanted 1, 2 or 3`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(map[string][]byte{"a.cab": tt.cab}, "a.cab")
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "a.cab, byte ") {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
			if !errors.As(err, new(*cab.FormatError)) {
				t.Errorf("%T is not a FormatError", err)
			}
		})
	}
}

func flip(b []byte, at int) []byte {
	b[at] ^= 4
	return b
}

// lzxOf returns an LZX folder of one block of 100 bytes, which is these bits, written as text.
func lzxOf(bits ...string) cabtest.Folder {
	all := strings.ReplaceAll(strings.Join(bits, ""), " ", "")
	all += strings.Repeat("0", 16-len(all)%16) + strings.Repeat("0", 64)
	var packed []byte
	for ; len(all) > 0; all = all[16:] {
		var w uint16
		for _, c := range all[:16] {
			w = w<<1 | uint16(c-'0')
		}
		packed = binary.LittleEndian.AppendUint16(packed, w)
	}
	return cabtest.Folder{Compression: 15<<8 | cabtest.LZXType, Blocks: []cabtest.Block{{Packed: packed, Size: 100}}}
}

// TestMalformedLZX: codes that are none, and matches that go where nothing is.
func TestMalformedLZX(t *testing.T) {
	const (
		head = "0 001 000000000000000001100100" // no calls, a verbatim block of 100 bytes
		four = "0100"
	)
	zeros := func(n int) string { return strings.Repeat("0", n) }
	// A code for lengths of the symbols 16 ("10": a code of one bit where there was none), 17 ("11": 4 zeros
	// and as many as four bits say) and 18 ("0": 20 zeros and as many as five bits say).
	pre := zeros(16*4) + "0010 0010 0001 0000"
	empty := []string{head, pre, strings.Repeat("0 11111", 4), "0 01100 0 00000", pre, strings.Repeat("0 11111", 4), "0 10000",
		pre, strings.Repeat("0 11111", 4), "0 11001"}
	// A main code of the literal 0 ("0") and the match that is made with the given part ("1").
	with := func(match string, data ...string) cabtest.Folder {
		return lzxOf(append([]string{head, pre, "10", strings.Repeat("0 11111", 5), pre, match, strings.Repeat("0 11111", 4),
			pre, strings.Repeat("0 11111", 4), "0 11001"}, data...)...)
	}
	const (
		two  = "10 0 01111"         // two bytes at the last offset
		long = "11 0011 10 0 01000" // a long match there
	)
	tests := []struct {
		name, want string
		folder     cabtest.Folder
	}{
		{"no code for lengths", "LZX: the lengths [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] are not those of a complete code", lzxOf(head, zeros(80))},
		{"incomplete code for lengths", "LZX: the lengths [4 4 0 0 0", lzxOf(head, four, four, zeros(72))},
		{"too many codes for lengths", "LZX: the lengths [1 1 1 0 0", lzxOf(head, "0001 0001 0001", zeros(68))},
		{"run too long", "LZX: a run of 51 equal lengths begins at symbol 255 of 256", lzxOf(head, pre, strings.Repeat("0 11111", 6))},
		{"run of what is no length", "LZX: a run of equal lengths has the symbol 17; wanted up to 16", lzxOf(head, zeros(17*4), "0001 0000 0001", "1 0 0")},
		{"no main code", "LZX: the lengths of the main code are not those of a complete code", lzxOf(empty...)},
		{"aligned code", "LZX: the lengths [1 1 1 1 1 1 1 1] are not those of a complete code, for aligned offsets",
			lzxOf("0 010 000000000000000001100100", strings.Repeat("001", 8))},
		{"before the beginning", "LZX: a match begins 1 bytes back; there are 0", with(two, "1")},
		{"after the end", "LZX: a match has 2 bytes; its block or its frame ends after 1", with(two, zeros(99), "1")},
		{"no code for long matches", "LZX: a long match, and the code for the lengths of those has no symbols", with(long, "0 1")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := cabtest.Cabinet{Folders: []cabtest.Folder{tt.folder}, Files: []cabtest.File{{Name: "f", Size: 100}}}
			_, err := read(map[string][]byte{"a.cab": c.Bytes()}, "a.cab")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
		})
	}
}

// TestMalformedSets: cabinets that are not the next ones.
func TestMalformedSets(t *testing.T) {
	b := content(200_000, 9)
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(b)}, Files: files(b, 1000, 170_000)}
	tests := []struct {
		name, want string
		change     func(set map[string][]byte)
	}{
		{"missing", `1.cab continues in the cabinet "2.cab": file does not exist`, func(set map[string][]byte) { delete(set, "2.cab") }},
		{"the same again", `2.cab, byte 32: it is cabinet 0 of the set 77; the one after 1.cab is cabinet 1 of the set 77`, func(set map[string][]byte) { set["2.cab"] = set["1.cab"] }},
		{"another set", `2.cab, byte 32: it is cabinet 1 of the set 78`, func(set map[string][]byte) { set["2.cab"][32]++ }},
		{"another compression", `2.cab, byte 0: folder 0 has the compression 0x0003; it continues one of 1.cab that has 0x0001`, func(set map[string][]byte) {
			set["2.cab"][36+len("1.cab\x00disk\x003.cab\x00\x00")+6] = 3
		}},
		{"another file", `the file "fX" of 170000 bytes is said to begin in 1.cab, which lists no such file as continued`, func(set map[string][]byte) {
			copy(set["2.cab"][bytes.Index(set["2.cab"], []byte("f1\x00")):], "fX")
		}},
		{"a file is not listed", `2.cab, byte 0: the file "f1" of 1.cab continues here, but is not listed`, func(set map[string][]byte) {
			b := set["2.cab"]
			binary.LittleEndian.PutUint16(b[28:], 0)
		}},
		{"the rest of a block is missing", `3.cab, byte 93: block 0 of folder 0: MSZIP: `, func(set map[string][]byte) {
			binary.LittleEndian.PutUint16(set["2.cab"][36+len("1.cab\x00disk\x003.cab\x00\x00")+4:], 0)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := split(c, 1, 3)
			tt.change(set)
			_, err := read(set, "1.cab")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
		})
	}
}

// TestOpenFails: whatever the error is, a file that continues elsewhere is not read to its end.
func TestOpenFails(t *testing.T) {
	b := content(200_000, 9)
	first := split(cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(b)}, Files: files(b)}, 2)["1.cab"]
	for _, open := range []func(string) (*cab.Cabinet, error){nil, func(string) (*cab.Cabinet, error) { return nil, io.EOF }} {
		c, err := cab.Open("1.cab", bytes.NewReader(first), int64(len(first)))
		if err != nil {
			t.Fatal(err)
		}
		r := cab.NewReader(c, open)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if n != 2*32768 || err == nil || !strings.Contains(err.Error(), `1.cab continues in the cabinet "2.cab": `) {
			t.Errorf("%d bytes, %v", n, err)
		}
		if _, err := r.Next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Next after that: %v", err)
		}
	}
}

// TestBomb: what the cabinet declares is what comes out at most.
func TestBomb(t *testing.T) {
	b := make([]byte, 1<<20)
	f := cabtest.MSZIP(b)
	for i := range f.Blocks {
		f.Blocks[i].Size = 1
	}
	c := cabtest.Cabinet{Folders: []cabtest.Folder{f}, Files: []cabtest.File{{Name: "f", Size: len(f.Blocks)}}}
	if _, err := read(map[string][]byte{"a.cab": c.Bytes()}, "a.cab"); err == nil || !strings.Contains(err.Error(), "it decompresses to more than 1 bytes") {
		t.Error(err)
	}
}
