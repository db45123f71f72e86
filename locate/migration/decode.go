package migration

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode returns a text as UTF-8 without byte order mark, with LF line ends: UTF-16 is known by its
// byte order mark, or by a first character that XML begins with, and what is neither UTF-16 nor UTF-8
// is read as windows-1252 would be, as far as Latin-1 goes.
func Decode(b []byte) string {
	var s string
	switch order := utf16Order(b); {
	case order != nil:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		s = string(utf16.Decode(units))
	case utf8.Valid(b):
		s = string(b)
	default:
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		s = string(runes)
	}
	return strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n")
}

func utf16Order(b []byte) binary.ByteOrder {
	if len(b) < 2 {
		return nil
	}
	switch [2]byte(b) {
	case [2]byte{0xff, 0xfe}, [2]byte{'<', 0}:
		return binary.LittleEndian
	case [2]byte{0xfe, 0xff}, [2]byte{0, '<'}:
		return binary.BigEndian
	}
	return nil
}
