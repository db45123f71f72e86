package pe

import (
	"crypto"
	"fmt"
	"slices"
)

// AlsoDigest asks for Authenticode digests of the file, whether or not it carries a signature:
// catalogs list programs by them. Call it before the first Write, and only for files whose digest is
// wanted, as each costs another hash of the content. Afterwards Needs is true, except for a file whose
// certificate table is faulty: what its digest would leave out is not known.
func (c *Check) AlsoDigest(hashes ...crypto.Hash) {
	if len(c.skips) == 0 {
		return
	}
	for _, h := range hashes {
		if !slices.ContainsFunc(c.digests, func(d digest) bool { return d.id == h }) {
			c.digests = append(c.digests, digest{h, h.New()})
		}
	}
}

// Digest returns an Authenticode digest of the file, or nil if nobody asked for it or the file has
// none. The error says that the content was not the whole of what Begin read.
func (c *Check) Digest(h crypto.Hash) ([]byte, error) {
	for _, d := range c.digests {
		if d.id != h {
			continue
		}
		if err := c.whole(); err != nil {
			return nil, fmt.Errorf("taking the digest of the program: %w", err)
		}
		return d.sum.Sum(nil), nil
	}
	return nil, nil
}

// pad fills a file without a certificate table up to the multiple of 8 bytes at which its table would
// start. Signing tools add these zeros before they take the digest.
// Source: PE format, "The Attribute Certificate Table (Image Only)": entries are quadword-aligned.
func (c *Check) pad() {
	if c.early.Verdict != Unsigned || c.size%entryAlign == 0 {
		return
	}
	zeros := make([]byte, entryAlign-c.size%entryAlign)
	for _, d := range c.digests {
		d.sum.Write(zeros)
	}
}

// Unsigned reports whether the file carries no signature, which is known from its headers.
func (c *Check) Unsigned() bool { return c.early.Verdict == Unsigned }
