package locate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/wellformed"
)

// readMarkup walks an XML file or manifest to its end and, where it is a migration XML file,
// returns its urlid. The error is a failure to read.
func readMarkup(name string, r io.ReaderAt, size int64) (urlid string, fault *finding.Error, err error) {
	root, err := wellformed.Check(io.NewSectionReader(r, 0, size))
	if bad, ok := errors.AsType[*wellformed.SyntaxError](err); ok {
		f := xmlMalformed.at(name, fmt.Sprintf("line %d, column %d: %s", bad.Line, bad.Column, bad.Msg), "well-formed XML")
		f.Err = bad
		return "", f, nil
	}
	if err != nil {
		return "", nil, err
	}
	switch ext := strings.ToLower(path.Ext(name)); {
	case ext == ".man":
		return "", manifestFault(name, root), nil
	case ext == ".xml" && strings.Count(name, "/") == 1:
		urlid, fault = migrationXML(name, root)
	}
	return urlid, fault, nil
}

// manifestFault checks the root element of a manifest, whatever its prefix.
func manifestFault(name string, root wellformed.Root) *finding.Error {
	local := root.Name[strings.LastIndexByte(root.Name, ':')+1:]
	if local == "assembly" {
		return nil
	}
	return manifestRoot.at(name, fmt.Sprintf("root element %q", root.Name), `"assembly"`)
}

// readSetup walks an .INF file to its end and looks for a zero character, which no text has. In
// UTF-16 with a byte order mark that is two zero bytes. The error is a failure to read.
func readSetup(name string, r io.ReaderAt, size int64) (*finding.Error, error) {
	in := io.NewSectionReader(r, 0, size)
	buf := make([]byte, 32<<10)
	zero := []byte{0}
	for at := int64(0); at < size; at += int64(len(buf)) {
		part := buf[:min(int64(len(buf)), size-at)]
		if _, err := io.ReadFull(in, part); err != nil {
			return nil, err
		}
		if at == 0 && (bytes.HasPrefix(part, []byte{0xff, 0xfe}) || bytes.HasPrefix(part, []byte{0xfe, 0xff})) {
			zero = []byte{0, 0}
		}
		if i := indexAligned(part, zero); i >= 0 {
			return infBinary.at(name, fmt.Sprintf("a zero character at offset %d", at+int64(i)), "a text"), nil
		}
	}
	return nil, nil
}

// indexAligned returns where in b the first unit is that equals unit; -1 if none does.
func indexAligned(b, unit []byte) int {
	if len(unit) == 1 {
		return bytes.IndexByte(b, unit[0])
	}
	for i := 0; i+len(unit) <= len(b); i += len(unit) {
		if bytes.Equal(b[i:i+len(unit)], unit) {
			return i
		}
	}
	return -1
}
