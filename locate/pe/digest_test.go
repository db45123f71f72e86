package pe_test

import (
	"bytes"
	"crypto"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// digestsOf hands a file to a Check in small parts and returns its digests.
func digestsOf(t *testing.T, v *pe.Verifier, file []byte, hashes ...crypto.Hash) (pe.Signature, [][]byte) {
	t.Helper()
	c, err := v.Begin(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	c.AlsoDigest(hashes...)
	for part := range slices.Chunk(file, 333) {
		_, _ = c.Write(part)
	}
	_, _ = c.Write(nil)
	var all [][]byte
	for _, h := range hashes {
		sum, err := c.Digest(h)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sum)
	}
	sig, err := c.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return sig, all
}

// A program has the same digest before and after it is signed, whatever it is signed with.
func TestAlsoDigest(t *testing.T) {
	v, k := verifier(t), testKit()
	hashes := []crypto.Hash{crypto.SHA1, crypto.SHA256}
	for _, m := range []pe.Machine{pe.AMD64, pe.I386} {
		for _, more := range []int{0, 1, 7} {
			image := append(program(m), make([]byte, more)...)
			for i := range more {
				image[len(image)-1-i] = byte(i + 1)
			}
			var want [][]byte
			for _, h := range hashes {
				want = append(want, petest.Digest(h, petest.Padded(image)))
			}
			for verdict, file := range map[pe.Verdict][]byte{
				pe.Unsigned: image, pe.Valid: petest.Sign(t, image, petest.Message{Signer: k.leaf}),
			} {
				sig, got := digestsOf(t, v, file, hashes...)
				if sig.Verdict != verdict || !slices.EqualFunc(got, want, bytes.Equal) {
					t.Errorf("%v, %d bytes more, %s: digests %x, want %x; verdict %s", m, more, verdict, got, want, sig.Verdict)
				}
			}
		}
	}
}

func TestAlsoDigestOfOddFiles(t *testing.T) {
	v, k := verifier(t), testKit()
	image := program(pe.AMD64)
	signed := petest.Sign(t, image, petest.Message{Signer: k.leaf})
	if _, got := digestsOf(t, v, signed, crypto.SHA384); !bytes.Equal(got[0], petest.Digest(crypto.SHA384, image)) {
		t.Errorf("digest with SHA-384 = %x", got[0])
	}
	// The file is altered, and so is its digest.
	altered := flipped(signed, 0x300)
	if sig, got := digestsOf(t, v, altered, crypto.SHA256); sig.Verdict != pe.Tampered || bytes.Equal(got[0], petest.Digest(crypto.SHA256, image)) {
		t.Errorf("verdict %s, digest %x, want tampered and another digest", sig.Verdict, got[0])
	}
	// Nobody knows what the digest of this one leaves out.
	hidden := append(bytes.Clone(signed), "12345678"...)
	if sig, got := digestsOf(t, v, hidden, crypto.SHA256); sig.Verdict != pe.Tampered || got[0] != nil {
		t.Errorf("verdict %s, digest %x, want tampered and none", sig.Verdict, got[0])
	}
	// Only what was asked for is taken, or what the signature needs.
	c, err := v.Begin(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := c.Digest(crypto.SHA1); sum != nil || err != nil || c.Needs() {
		t.Errorf("Digest nobody asked for = %x, %v; needs the content: %v", sum, err, c.Needs())
	}
	c.AlsoDigest()
	if c.Needs() {
		t.Error("a Check that no digest was asked of needs the content")
	}
}

// A digest is that of the file that Begin read, and of all of it, or an error.
func TestDigestOfOtherContent(t *testing.T) {
	v := verifier(t)
	image := program(pe.AMD64)
	other := bytes.Clone(image)
	other[petest.Directory(image)-60]++ // in the optional header
	for want, content := range map[string][]byte{
		"wanted 1": image[:len(image)-1], "the file changed while it was read": other,
	} {
		c, err := v.Begin(bytes.NewReader(image), int64(len(image)))
		if err != nil {
			t.Fatal(err)
		}
		c.AlsoDigest(crypto.SHA1)
		_, _ = c.Write(content)
		if sum, err := c.Digest(crypto.SHA1); sum != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Digest = %x, %v, want an error with %q", sum, err, want)
		}
	}
}

// A file with so few data directories that none is for a certificate table has nothing left out but the checksum.
func TestDigestWithoutDirectory(t *testing.T) {
	image := program(pe.AMD64)
	count := petest.Directory(image) - 4*8 - 4 // before the first directory
	if image[count] != 16 {
		t.Fatalf("found %d data directories, want 16", image[count])
	}
	image[count] = 4
	checksum := petest.Directory(image) - 4*8 - 48
	sum := petest.Sum(crypto.SHA1, slices.Concat(image[:checksum], image[checksum+4:]))
	if sig, got := digestsOf(t, verifier(t), image, crypto.SHA1); sig.Verdict != pe.Unsigned || !bytes.Equal(got[0], sum) {
		t.Errorf("verdict %s, digest %x, want %x", sig.Verdict, got[0], sum)
	}
}
