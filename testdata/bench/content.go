//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	dpe "debug/pe"
	"fmt"
	"io"
	"math/rand/v2"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// A kind is a sort of content.
type kind int

const (
	fixed     kind = iota // as given
	program               // a valid PE file for the machine, with a version
	manifest              // well-formed XML, root "assembly"
	migration             // well-formed XML, root "migration" with a urlid that no other file has
	opaque                // bytes that nobody looks into
)

// A file is one file of a workload.
type file struct {
	path string
	kind kind
	size int64 // in bytes; a program's is the next multiple of 512
	data []byte
	mach pe.Machine
}

// write writes the file's content. Variants differ in all but the size.
func (f file) write(w io.Writer, variant string) error {
	source := rand.NewChaCha8(sha256.Sum256([]byte(f.path + "\x00" + variant)))
	var b []byte
	switch f.kind {
	case fixed:
		b = f.data
	case program:
		var err error
		if b, err = portable(f.mach, int(f.size), source); err != nil {
			return err
		}
	case manifest:
		b = markup(`<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">`, "</assembly>\r\n", int(f.size), source)
	case migration:
		root := fmt.Sprintf(`<migration urlid="http://www.microsoft.com/migration/1.0/migxmlext/%x">`, sha256.Sum256([]byte(f.path)))
		b = markup(root, "</migration>\r\n", int(f.size), source)
	case opaque:
		return noise(w, f.size, source)
	}
	_, err := w.Write(b)
	return err
}

// blockSize is how much of a file without structure is made at once, in bytes.
const blockSize = 64 << 10

// noise writes n bytes.
func noise(w io.Writer, n int64, source *rand.ChaCha8) error {
	b := make([]byte, min(n, blockSize))
	for ; n > 0; n -= int64(len(b)) {
		b = b[:min(n, int64(len(b)))]
		scatter(b, source)
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// scatter fills b as the sections of a program are: 70 % cannot be
// compressed, the rest is a table whose rows repeat.
func scatter(b []byte, source *rand.ChaCha8) {
	code := len(b) * 7 / 10
	_, _ = source.Read(b[:code]) // never fails
	row := make([]byte, 64)
	_, _ = source.Read(row[:24])
	for rest := b[code:]; len(rest) > 0; {
		rest = rest[copy(rest, row):]
	}
}

// portable makes a PE file of about size bytes, at least some 1,500.
func portable(m pe.Machine, size int, source *rand.ChaCha8) ([]byte, error) {
	version, err := pe.ParseVersion(samplekit.Version)
	if err != nil {
		return nil, err
	}
	smallest := len(samplekit.PE(m, version, 0))
	b := samplekit.PE(m, version, size-smallest)
	image, err := dpe.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("reading a program of the sample kit: %w", err)
	}
	text := image.Section(".text")
	if text == nil {
		return nil, fmt.Errorf("a program of the sample kit has no section .text")
	}
	for body := b[text.Offset : text.Offset+text.VirtualSize]; len(body) > 0; {
		n := min(len(body), blockSize)
		scatter(body[:n], source)
		body = body[n:]
	}
	return b, nil
}

// markup makes an XML file of exactly size bytes with the tag root and many
// lines below it.
func markup(root, end string, size int, source *rand.ChaCha8) []byte {
	var b bytes.Buffer
	b.Grow(size)
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n%s\r\n", root)
	for {
		n := source.Uint64()
		line := fmt.Sprintf(`  <component type="Application"><detect><condition>MigXmlHelper.DoesObjectExist("Registry",`+
			`"HKLM\Software\Sample\%08x [%04x]")</condition></detect><pattern type="File">%%CSIDL_APPDATA%%\%08x\* [*]`+
			"</pattern></component>\r\n", uint32(n), uint16(n), n>>32)
		if b.Len()+len(line)+len(end) > size {
			break
		}
		b.WriteString(line)
	}
	b.Write(bytes.Repeat([]byte(" "), max(0, size-b.Len()-len(end))))
	b.WriteString(end)
	return b.Bytes()
}
