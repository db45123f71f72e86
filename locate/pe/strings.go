package pe

import (
	"iter"
	"unicode/utf16"
)

// Behind its fixed part a version resource has blocks in blocks: StringFileInfo,
// in it a StringTable for each language, in that the strings.
// Source: https://learn.microsoft.com/windows/win32/menurc/stringfileinfo
const (
	stringsKey = "StringFileInfo"
	nameKey    = "OriginalFilename"

	maxName = 255 // UTF-16 units; longer names of files do not exist
)

// originalName returns the OriginalFilename of a version resource: the name
// under which the file was built. It is a claim, as good as the signature over
// it. Strings that cannot be followed claim nothing.
func originalName(resource []byte) string {
	for key, tables := range blocks(resource[versionInfoSize:]) {
		if key != stringsKey {
			continue
		}
		for _, table := range blocks(tables) {
			for key, value := range blocks(table) {
				if key == nameKey {
					name, _ := text(value)
					return name
				}
			}
		}
	}
	return ""
}

// blocks yields the blocks that follow one another in b: the key of each, and
// what comes after it, which is a text or more blocks. Blocks and what is in
// them are aligned to 4 bytes. It stops at one that does not fit.
func blocks(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(b) >= versionKeyStart {
			length := int(u16(b))
			if length < versionKeyStart || length > len(b) {
				return
			}
			block := b[:length]
			key, n := text(block[versionKeyStart:])
			body := min(align4(versionKeyStart+n), length)
			if !yield(key, block[body:]) {
				return
			}
			b = b[min(align4(length), len(b)):]
		}
	}
}

// text reads UTF-16 up to a zero, and returns how many bytes that took. What is
// longer than a name is none.
func text(b []byte) (s string, n int) {
	var units []uint16
	for ; len(b) >= n+2; n += 2 {
		u := u16(b[n:])
		if u == 0 {
			return string(utf16.Decode(units)), n + 2
		}
		if len(units) == maxName {
			return "", len(b)
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units)), n
}

func align4(n int) int { return (n + 3) &^ 3 }
