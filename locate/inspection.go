package locate

import (
	"bytes"
	"io"
	"strings"

	"usmtpkg/locate/pe"
)

// An Inspection is the look at one file. The content may be handed to it while somebody reads it
// anyway; Wants reports whether it has to be.
type Inspection struct {
	v    *Validator
	name string
	kind kind
	r    io.ReaderAt
	size int64
	detail
	check  *pe.Check // of a program's signature; nil for none
	lookup *lookup   // in the catalogs; nil for none
	texts  *textSum  // of a file that is not a program; nil for none
	want   want

	sniffing bool // the first two bytes have to be looked at
	reading  bool // the text has to be
	head     []byte
}

// Inspect begins to look at a regular file: it reads the headers of a program or DLL from r. Of other
// files the content is written to the Inspection, or else read from r in the end; where nobody looks at
// it, r may be nil. A path that was not entered is entered, and so are its folders. The error is a
// failure to read; what is wrong with the file itself comes out of Finish.
func (v *Validator) Inspect(name string, r io.ReaderAt, size int64) (*Inspection, error) {
	i := &Inspection{v: v, name: name, r: r, size: size}
	arch, _, _ := strings.Cut(name, "/")
	arch, ok := archOf(arch)
	if !ok {
		return i, nil
	}
	i.want = v.want(name)
	if size == 0 {
		i.beginTexts(nil)
		return i, nil
	}
	i.kind = v.looksAt(name)
	if i.kind != image {
		i.lookup = v.lookUp(name, nil)
		i.sniffing = !v.brief && r != nil
		i.reading = i.kind == markup || i.kind == setup
		return i, nil
	}
	var err error
	i.image, i.fault, err = readImage(name, arch, r, size)
	if err == nil && i.image != nil && v.signed != nil && !v.brief {
		if i.check, err = v.signed.Begin(r, size); err == nil {
			i.lookup = v.lookUp(name, i.check)
		}
	}
	return i, failure(name, err)
}

// Wants reports whether the whole content has to be written, in order.
func (i *Inspection) Wants() bool {
	return i.check != nil && i.check.Needs() || i.lookup != nil || i.sniffing || i.reading
}

// Write takes the next part of the content.
func (i *Inspection) Write(p []byte) (n int, err error) {
	asPublished(func() { n, err = i.write(p) })
	return n, err
}

func (i *Inspection) write(p []byte) (int, error) {
	n := len(p)
	if i.sniffing {
		if len(i.head) > 0 {
			p = append(i.head, p...) // with what came in earlier, smaller parts
		}
		if int64(len(p)) < min(sniffs, i.size) {
			i.head = bytes.Clone(p)
			return n, nil
		}
		i.head = nil
		i.sniff(p)
	}
	if i.reading && int64(len(p)) == i.size {
		if err := i.readText(bytes.NewReader(p)); err != nil {
			return 0, err
		}
	}
	i.lookup.write(p)
	i.texts.write(p)
	if i.check != nil {
		if _, err := i.check.Write(p); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// sniffs is how many bytes show whether a file is a program.
const sniffs = 2

// onlySniffs reports whether the first bytes are all that has to be written.
func (i *Inspection) onlySniffs() bool {
	return i.sniffing && !i.reading && i.lookup == nil && !i.want.text && !i.want.md5
}

// sniff looks whether a file that has not the name of a program is one, and begins the hashes that
// are wanted of it.
func (i *Inspection) sniff(start []byte) {
	i.sniffing = false
	magic := start[:min(sniffs, i.size)]
	if string(magic) == "MZ" {
		i.reading, i.fault = false, peHidden.at(i.name, "a program, by its first two bytes", "a file that is not a program")
	}
	i.beginTexts(magic)
}

// beginTexts begins the hashes that are wanted of a file that begins with magic.
func (i *Inspection) beginTexts(magic []byte) {
	if i.want.text || i.want.md5 {
		i.texts = newTextSum(magic, i.want.md5)
	}
}

// readText reads a file that has to be a text.
func (i *Inspection) readText(r io.ReaderAt) (err error) {
	i.reading = false
	if i.kind == markup {
		i.urlid, i.fault, err = readMarkup(i.name, r, i.size)
	} else {
		i.fault, err = readSetup(i.name, r, i.size)
	}
	return err
}

// Facts ends the inspection and records what came out of it. sum is the SHA-256 of the content, in
// lower-case hexadecimal; empty if nobody computed it. The error is a failure to read.
func (i *Inspection) Facts(sum string) (f Facts, err error) {
	asPublished(func() { f, err = i.end(sum) })
	return f, err
}

func (i *Inspection) end(sum string) (Facts, error) {
	if i.sniffing { // nothing was written, or too little
		magic := make([]byte, min(sniffs, i.size))
		if n, err := i.r.ReadAt(magic, 0); n < len(magic) {
			return Facts{}, failure(i.name, err)
		}
		i.sniff(magic)
	}
	if i.reading {
		if err := i.readText(i.r); err != nil {
			return Facts{}, failure(i.name, err)
		}
	}
	if i.check != nil {
		sig, err := i.check.Signature()
		if err != nil {
			return Facts{}, failure(i.name, err)
		}
		i.signature = &sig
	}
	var err error
	if i.catalogued, err = i.lookup.result(); err != nil {
		return Facts{}, failure(i.name, err)
	}
	if i.texts != nil && i.texts.size != i.size {
		return Facts{}, failure(i.name, changed(i.texts.size, i.size))
	}
	i.textSums = i.texts.sums()
	found := content{i.size, sum, noDetail}
	if i.detail != *noDetail {
		d := i.detail // without the rest of i
		found.detail = &d
	}
	i.v.mu.Lock()
	i.v.add(i.name, 0).content = found
	i.v.mu.Unlock()
	return i.facts(), nil
}
