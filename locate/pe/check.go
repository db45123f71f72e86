package pe

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// A Check finds the verdict on one file while the caller reads it. It is not for
// several goroutines at once.
type Check struct {
	v          *Verifier
	size       int64 // of the file, in bytes
	signatures []*signature
	early      Signature // the verdict, if it needs no content

	pos     int64    // how much of the content was written
	skips   []run    // not in the digest: checksum, table's address, table
	kept    []kept   // what Begin read
	digests []digest // one for each hash function that is needed
	changed int64    // where the content differs from what Begin read; 0 if nowhere
}

// A run is a part of the file.
type run struct{ start, end int64 }

// kept is a part of the file as Begin read it.
type kept struct {
	off  int64
	data []byte
}

type digest struct {
	id  crypto.Hash
	sum hash.Hash
}

// Begin reads the headers and the certificate table of a file of size bytes.
// If the Check needs it, the content is then handed to it by Write, all of it
// and in order, so that who copies or hashes a file reads it once. The error is
// a *FormatError, or a failed read, which says nothing about the file.
func (v *Verifier) Begin(r io.ReaderAt, size int64) (*Check, error) {
	w := &window{r: r, size: size}
	img, err := readImage(w)
	if err != nil {
		return nil, err
	}
	c := &Check{v: v, size: size}
	dir := img.certificates
	if dir.size == 0 {
		if c.early, err = img.unsigned(r, size); err != nil || c.early.Verdict == Tampered {
			return c, err
		}
		c.leaveOut(img, size)
		return c, c.keepHeaders(w, img)
	}
	if fault := img.tableFault(size); fault != "" {
		c.early = Signature{Verdict: Tampered, Reason: fault}
		return c, nil
	}
	if dir.size > maxTable {
		c.early = Signature{Verdict: Unsupported, Reason: fmt.Sprintf("a certificate table of %d bytes, more than %d", dir.size, maxTable)}
		return c, nil
	}
	if err := c.keepHeaders(w, img); err != nil {
		return nil, err
	}
	table, err := readTable(r, size, dir)
	if err != nil {
		return nil, err
	}
	c.begin(img, table)
	return c, nil
}

// keepHeaders keeps the headers that say where everything is, so that the
// content is known to be what Begin looked at.
func (c *Check) keepHeaders(w *window, img *image) error {
	for _, part := range []run{
		{ntOffsetField, ntOffsetField + 4},
		{img.nt.offset, img.directoriesEnd},
		{img.sectionsEnd - int64(img.nt.sections)*sectionHeaderSize, img.sectionsEnd},
	} {
		b, err := w.at(part.start, int(part.end-part.start), "headers")
		if err != nil {
			return err
		}
		c.kept = append(c.kept, kept{part.start, bytes.Clone(b)})
	}
	return nil
}

// begin reads the signatures and gets ready for the content.
func (c *Check) begin(img *image, table []byte) {
	entries, err := splitTable(table)
	if err != nil {
		c.early = Signature{Verdict: Tampered, Reason: "certificate table: " + err.Error()}
		return
	}
	c.signatures = c.v.collect(entries, program(img))
	start := int64(img.certificates.addr)
	c.kept = append(c.kept, kept{start, table})
	c.leaveOut(img, start)
	for _, s := range c.signatures {
		if s.fault == nil && !slices.ContainsFunc(c.digests, func(d digest) bool { return d.id == s.hash }) {
			c.digests = append(c.digests, digest{s.hash, s.hash.New()})
		}
	}
}

// leaveOut says what is not part of the digest: what signing a file changes. The content that is part
// of it ends at end.
func (c *Check) leaveOut(img *image, end int64) {
	checksum := img.nt.offset + ntHeaderSize + checksumField
	// A file with few directories has no field for the table: its run then lies before the first, and is passed over.
	c.skips = []run{{checksum, checksum + 4}, {img.certificates.field, img.certificates.field + directorySize}, {end, c.size}}
}

// Needs reports whether the content is needed, for the verdict or for a digest that was asked for.
func (c *Check) Needs() bool { return len(c.digests) > 0 }

// Write takes the next bytes of the content. It always takes all of them.
func (c *Check) Write(p []byte) (int, error) {
	n := len(p)
	if !c.Needs() {
		return n, nil
	}
	c.compare(p)
	for off := c.pos; len(p) > 0; {
		take, skip := int64(len(p)), false
		for _, s := range c.skips {
			if off < s.start {
				take = min(take, s.start-off)
				break
			}
			if off < s.end {
				take, skip = min(take, s.end-off), true
				break
			}
		}
		if !skip {
			c.hash(off, p[:take])
		}
		off, p = off+take, p[take:]
	}
	c.pos += int64(n)
	if n > 0 && c.pos == c.size {
		c.pad()
	}
	return n, nil
}

// hash takes bytes that are part of the digest.
func (c *Check) hash(off int64, p []byte) {
	for _, d := range c.digests {
		d.sum.Write(p)
	}
	for _, s := range c.signatures {
		s.pages.write(off, p)
	}
}

// compare looks for a difference between the content and what Begin read.
func (c *Check) compare(p []byte) {
	for _, k := range c.kept {
		start, end := max(c.pos, k.off), min(c.pos+int64(len(p)), k.off+int64(len(k.data)))
		if start < end && c.changed == 0 && !bytes.Equal(p[start-c.pos:end-c.pos], k.data[start-k.off:end-k.off]) {
			c.changed = start
		}
	}
}

// Signature returns the verdict. The error says that the content was not the
// whole of what Begin read, so that nothing is known of the file.
func (c *Check) Signature() (Signature, error) {
	if len(c.signatures) == 0 {
		return c.early, nil
	}
	if err := c.whole(); err != nil {
		return Signature{}, fmt.Errorf("checking the signature: %w", err)
	}
	all := make([]Signature, 0, len(c.signatures))
	for _, s := range c.signatures {
		s.pages.close()
		var sum []byte
		for _, d := range c.digests {
			if d.id == s.hash {
				sum = d.sum.Sum(nil)
			}
		}
		all = append(all, c.v.judge(s, sum))
	}
	return best(all), nil
}

// whole returns an error unless the content, if it is needed, was that of the file that Begin read.
func (c *Check) whole() error {
	switch {
	case !c.Needs():
		return nil
	case c.changed != 0:
		return fmt.Errorf("at offset %#x: %w", c.changed, errChanged)
	case c.pos != c.size:
		return fmt.Errorf("found %d bytes of content, wanted %d", c.pos, c.size)
	}
	return nil
}

var errChanged = errors.New("the file changed while it was read")
