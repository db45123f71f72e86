package msi

import (
	"bytes"
	"crypto"
	"fmt"
	"io"

	"usmtpkg/locate/msi/cfb"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/cms"
)

// The streams of a signature, which it does not cover itself.
const (
	signatureStream = "\x05DigitalSignature"
	namesStream     = "\x05MsiDigitalSignatureEx"
)

// A Signature is the verdict on the signature of a package.
type Signature struct {
	pe.Signature
	// Names reports whether the names, sizes and times of the streams are
	// signed too. If they are not, anyone could have moved bytes from the end of
	// one table to the start of the next, and the signature would still be valid:
	// the tables of such a package prove nothing.
	Names bool
}

// Signature checks the package's signature: of its streams, and of their names
// and sizes where it covers them. The error is that of a failed read, or a
// *FormatError.
func (d *Database) Signature(v *pe.Verifier) (Signature, error) {
	root := d.file.Root
	names := root.Child(namesStream)
	message := root.Child(signatureStream)
	if message == nil {
		s := pe.Signature{Verdict: pe.Unsigned}
		if names != nil {
			s.Reason = fmt.Sprintf("it has the stream %q but not %q", namesStream, signatureStream)
		}
		return Signature{Signature: s}, nil
	}
	if message.Kind != cfb.Stream || names != nil && names.Kind != cfb.Stream {
		return Signature{}, malformed("the signature is not in a stream")
	}
	b, err := d.content(message)
	if err != nil {
		return Signature{}, err
	}
	sums := map[crypto.Hash][]byte{}
	s, err := v.Installer(b, func(h crypto.Hash) ([]byte, error) {
		if sums[h] == nil {
			sum, err := d.digest(h, names)
			if err != nil {
				return nil, err
			}
			sums[h] = sum
		}
		return sums[h], nil
	})
	if err == nil && names == nil && s.Verdict == pe.Valid {
		s.Reason = join(s.Reason, "the names and sizes of its tables are not signed")
	}
	return Signature{s, names != nil}, err
}

func join(reason, more string) string {
	if reason == "" {
		return more
	}
	return reason + "; " + more
}

// digest is what is signed of the package: the content of its streams, after a
// digest of their names and sizes if that is in the package, too.
func (d *Database) digest(h crypto.Hash, names *cfb.Entry) ([]byte, error) {
	sum := h.New()
	if names != nil {
		want, err := d.content(names)
		if err != nil {
			return nil, err
		}
		outline := h.New()
		writeOutline(outline, d.file.Root)
		got := outline.Sum(nil)
		if !bytes.Equal(got, want) {
			return nil, &cms.SignatureError{
				Fault: cms.Altered,
				Text:  fmt.Sprintf("the names and sizes of its streams have the digest %x, but the package records %x", got, want),
			}
		}
		sum.Write(got)
	}
	if err := d.writeContent(sum, d.file.Root); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// signed returns the entries of a storage that a signature covers, in its order.
func signed(storage *cfb.Entry) []*cfb.Entry {
	var list []*cfb.Entry
	for _, e := range storage.Children {
		if text := e.Text(); storage.Kind == cfb.Root && (text == signatureStream || text == namesStream) {
			continue
		}
		list = append(list, e)
	}
	return list
}

// writeContent writes what is in a storage, and then what class it is of.
func (d *Database) writeContent(w io.Writer, storage *cfb.Entry) error {
	for _, e := range signed(storage) {
		var err error
		if b, ok := d.kept[e]; ok {
			_, err = w.Write(b)
		} else if e.Kind == cfb.Stream {
			err = d.file.Copy(w, e)
		} else {
			err = d.writeContent(w, e)
		}
		if err != nil {
			return err
		}
	}
	_, err := w.Write(storage.Class[:])
	return err
}

// writeOutline writes what a storage and its entries are called, how large they
// are and when they were made. A hash takes it, which does not fail.
func writeOutline(w io.Writer, e *cfb.Entry) {
	if e.Kind != cfb.Root {
		_, _ = io.WriteString(w, e.Name)
	}
	if e.Kind == cfb.Stream {
		_, _ = w.Write([]byte{byte(e.Size), byte(e.Size >> 8), byte(e.Size >> 16), byte(e.Size >> 24)})
	} else {
		_, _ = w.Write(e.Class[:])
	}
	_, _ = w.Write(e.State[:])
	if e.Kind != cfb.Root {
		_, _ = w.Write(e.Created[:])
		_, _ = w.Write(e.Modified[:])
	}
	for _, child := range signed(e) {
		writeOutline(w, child)
	}
}
