package cab

import (
	"context"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A signed cabinet has 20 reserved bytes in its header: a fixed number, where its signature is and how long
// it is, and 8 bytes of which the last 4 are signed. The signature is behind the cabinet, at the end of the
// file.
//
// Not described by Microsoft. The places are those that osslsigncode documents; what is signed was found by
// computing the digests of the 182 cabinets of ADK 10.1.26100.2454, which all agree.
const (
	signedHeader = 60      // bytes, with the reserved ones
	reserved     = 20      // bytes
	signedMark   = 1 << 20 // the fixed number
	maxMessage   = 1 << 20 // bytes; those of Microsoft have 10 KB
)

// CheckSignature checks the Authenticode signature of a cabinet, which is a file of this size. The error is that
// of a failed read, or the cause of a canceled ctx.
func CheckSignature(ctx context.Context, v *pe.Verifier, r io.ReaderAt, size int64) (pe.Signature, error) {
	head := make([]byte, signedHeader)
	if n, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) || n < signedHeader {
		if errors.Is(err, io.EOF) {
			err = nil // what is wrong with it, Open says
		}
		return pe.Signature{Verdict: pe.Unsigned}, err
	}
	le := binary.LittleEndian
	at, length := int64(le.Uint32(head[44:])), int64(le.Uint32(head[48:]))
	flags := le.Uint16(head[30:])
	switch {
	case flags&flagReserve == 0, le.Uint16(head[36:]) != reserved, le.Uint32(head[40:]) != signedMark, length == 0:
		return pe.Signature{Verdict: pe.Unsigned}, nil
	case flags != flagReserve:
		return pe.Signature{Verdict: pe.Unsupported, Reason: "it is one of a set of cabinets"}, nil
	case head[38] != 0 || head[39] != 0: // nobody signs these
		return pe.Signature{Verdict: pe.Tampered, Reason: "it reserves bytes in its folders or blocks, as no signed cabinet does"}, nil
	case at != int64(le.Uint32(head[8:])) || at < signedHeader || at+length != size:
		return pe.Signature{Verdict: pe.Tampered, Reason: fmt.Sprintf("the signature is at byte %d and has %d bytes, but the cabinet ends at byte %d and the file at byte %d",
			at, length, le.Uint32(head[8:]), size)}, nil
	case length > maxMessage:
		return pe.Signature{Verdict: pe.Unsupported, Reason: fmt.Sprintf("a signature of %d bytes, more than %d", length, maxMessage)}, nil
	}
	message := make([]byte, length)
	if _, err := r.ReadAt(message, at); err != nil && !errors.Is(err, io.EOF) {
		return pe.Signature{}, err
	}
	return v.Cabinet(message, func(h crypto.Hash) ([]byte, error) {
		return digest(ctx, h, head, io.NewSectionReader(r, signedHeader, at-signedHeader))
	})
}

// digest is what is signed of a cabinet: its header, except for fields that copying or signing it may change,
// and all that follows, up to the signature.
func digest(ctx context.Context, h crypto.Hash, head []byte, rest io.Reader) ([]byte, error) {
	sum := h.New()
	sum.Write(head[:4])    // without a reserved number
	sum.Write(head[8:34])  // without its place in a set, and the sizes of what is reserved
	sum.Write(head[56:60]) // without what is said about the signature
	if _, err := tree.Pour(ctx, sum, rest, tree.Buffer(), nil); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
