package cabtest

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"testing"

	"usmtpkg/locate/pe/petest"
)

// SignedReserve is what is reserved in the header of a cabinet that is to be signed.
func SignedReserve() []byte {
	b := make([]byte, 20)
	b[2] = 0x10
	return b
}

// Sign signs a cabinet, whose Reserve becomes SignedReserve, as Microsoft's are signed.
func Sign(tb testing.TB, c Cabinet, m petest.Message) []byte {
	tb.Helper()
	if m.Hash == 0 {
		m.Hash = crypto.SHA256
	}
	c.Reserve = SignedReserve()
	b := c.Bytes()
	end := len(b)
	if m.Content == nil {
		sum := petest.Sum(m.Hash, bytes.Join([][]byte{b[0:4], b[8:34], b[56:]}, nil))
		m.Content = Indirect("1.3.6.1.4.1.311.2.1.28", m.Hash, sum)
	}
	message := m.Encode(tb)
	binary.LittleEndian.PutUint32(b[44:], uint32(end))
	binary.LittleEndian.PutUint32(b[48:], uint32(len(message)))
	return append(b, message...)
}

// Indirect returns the content of a signature for a digest, which is said to be of a file of this kind.
func Indirect(kind string, h crypto.Hash, digest []byte) []byte {
	link := petest.TLV(0xa1, petest.TLV(4, make([]byte, 16)), petest.TLV(4, []byte("link")))
	return petest.TLV(0x30,
		petest.TLV(0x30, petest.OID(kind), link),
		petest.TLV(0x30, petest.Algorithm(petest.HashOID(h)), petest.TLV(4, digest)))
}
