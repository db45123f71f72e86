package pe_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// The verdict on a program of 600 KiB, the mean of USMT's, as a multiple of
// hashing it with SHA-256: 1 is the digest of the file, the rest are signatures.
func BenchmarkSignature(b *testing.B) {
	k := testKit()
	rsaTSA := k.root.Issue(b, petest.RSAKey(b, 4096), petest.Certificate("TSA of 4096 bits", 2015, 2035, petest.TimeStamping))
	m := petest.Message{Signer: k.old, Unsigned: []func([]byte) []byte{petest.Stamp{Authority: rsaTSA, Time: then}.Token(b)}}
	file := petest.Sign(b, samplekit.PE(pe.AMD64, sampleVersion, 600<<10), m)
	v := verifier(b)
	b.Run("sha256", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			sha256.Sum256(file)
		}
	})
	b.Run("verdict", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			c, err := v.Begin(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = c.Write(file)
			if s, err := c.Signature(); err != nil || s.Verdict != pe.Valid {
				b.Fatalf("Signature = %+v, %v", s, err)
			}
		}
	})
}
