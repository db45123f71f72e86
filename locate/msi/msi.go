// Package msi reads Windows Installer databases (.msi) as far as usmtpkg needs
// them: which files a package installs where, with Microsoft's sizes,
// versions and hashes, and whether the package is as its maker signed it.
//
// Rules of Open and of what a Database reads:
//   - The input is not trusted. Sizes, counts and depths are bounded: 1 GiB for
//     the file (see package cfb), 16 MiB for all tables that are read, 65,536
//     rows in one. Directories that contain themselves are refused.
//   - A fault of the file is a [*FormatError]. Any other error is a failed read
//     and says nothing about the file.
//   - Names of files and directories are plain names: no separators, colons,
//     control characters, "." or "..".
//   - Texts are decoded by the code page of the database: 0 and 1252, 874, the
//     others from 1250 to 1258, and 65001 (UTF-8). A text in another one is an
//     error, unless it is ASCII.
//
// Rules of Signature:
//   - It is checked by the rules for programs: see package pe.
//   - The bytes of a table are read once, for its rows and for the digest: what
//     is hashed is what Files and the other methods return.
//   - A signature may leave out the names and sizes of the streams. Then bytes
//     could have been moved from one table to the next: Signature.Names is false.
//
// Cabinets, in the package or beside it, are read by package cab. The package applies neither transforms nor
// patches. It does not evaluate conditions: Files returns every file that might be installed.
//
// Sources: https://learn.microsoft.com/windows/win32/msi/database-tables for
// what the tables contain. How they are stored is not documented; the tests
// compare it with msitools, and the digests with osslsigncode.
package msi

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"usmtpkg/locate/msi/cfb"
)

// Limits of what is read.
const (
	maxTables = 16 << 20 // bytes of all streams that are kept in memory
	maxRows   = 64 << 10 // of one table; those of USMT have up to 393 files
)

// FormatError says that the file is not a database in the form it must have.
type FormatError = cfb.FormatError

// A Database is an open Windows Installer database. It is not for several
// goroutines at once.
type Database struct {
	file    *cfb.File
	tables  map[string]*cfb.Entry // the streams of tables, by their names
	kept    map[*cfb.Entry][]byte // streams that were read: what is hashed is what was read
	room    int64                 // how many bytes more may be kept
	strings *stringPool
	columns map[string][]column // of each table
}

// Open reads the structure of a database of size bytes.
func Open(r io.ReaderAt, size int64) (*Database, error) {
	file, err := cfb.Open(r, size)
	if err != nil {
		return nil, err
	}
	d := &Database{file: file, kept: map[*cfb.Entry][]byte{}, room: maxTables}
	if err := d.findTables(); err != nil {
		return nil, err
	}
	if d.strings, err = d.readStrings(); err != nil {
		return nil, err
	}
	return d, d.readColumns()
}

// findTables notes the streams that are tables.
func (d *Database) findTables() error {
	d.tables = make(map[string]*cfb.Entry)
	for _, e := range d.file.Root.Children {
		name, ok := tableName(e.Name)
		if !ok || e.Kind != cfb.Stream {
			continue
		}
		if d.tables[name] != nil {
			return malformed("the table %s is there twice", name)
		}
		e.Label = "the table " + name
		d.tables[name] = e
	}
	for _, name := range []string{"_StringPool", "_StringData", "_Tables", "_Columns"} {
		if d.tables[name] == nil {
			return malformed("not a Windows Installer database: it has no table %s", name)
		}
	}
	return nil
}

// content returns the bytes of a stream and keeps them for the digest.
func (d *Database) content(e *cfb.Entry) ([]byte, error) {
	if b, ok := d.kept[e]; ok {
		return b, nil
	}
	if d.room -= e.Size; d.room < 0 {
		return nil, malformed("the tables have more than %d bytes together", maxTables)
	}
	var b bytes.Buffer
	if err := d.file.Copy(&b, e); err != nil {
		return nil, err
	}
	d.kept[e] = b.Bytes()
	return b.Bytes(), nil
}

// Stream returns random access to a stream that is not a table, and its size:
// a cabinet that is in the package. The error for one that is not there is fs.ErrNotExist.
func (d *Database) Stream(name string) (io.ReaderAt, int64, error) {
	e := d.file.Root.Child(streamName(name))
	if e == nil || e.Kind != cfb.Stream {
		return nil, 0, fmt.Errorf("the stream %q: %w", name, fs.ErrNotExist)
	}
	r, err := d.file.Open(e)
	return r, e.Size, err
}

// streamName encodes the name of a stream that is not a table: two letters of 64
// in one character, others as they are.
func streamName(name string) string {
	var out []rune
	rest := []rune(name)
	for len(rest) > 0 {
		a := strings.IndexRune(letters, rest[0])
		if a < 0 {
			out, rest = append(out, rest[0]), rest[1:]
			continue
		}
		if len(rest) > 1 {
			if b := strings.IndexRune(letters, rest[1]); b >= 0 {
				out, rest = append(out, rune(pairs+a+64*b)), rest[2:]
				continue
			}
		}
		out, rest = append(out, rune(singles+a)), rest[1:]
	}
	return string(out)
}

// How the names of streams are encoded.
const (
	letters   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
	pairs     = 0x3800
	singles   = pairs + 64*64
	tableMark = singles + 64 // first in the name of a table
)

// tableName decodes the name of a stream, two letters of 64 in one character.
// It reports whether the stream is a table: others, such as icons, are not.
func tableName(raw string) (name string, ok bool) {
	var b []byte
	for i := 0; i < len(raw); i += 2 {
		switch c := int(raw[i]) | int(raw[i+1])<<8; {
		case i == 0 && c == tableMark:
			ok = true
		case c >= pairs && c < singles:
			c -= pairs
			b = append(b, letters[c%64], letters[c/64])
		case c >= singles && c < tableMark:
			b = append(b, letters[c-singles])
		default:
			return "", false
		}
	}
	return string(b), ok
}
