package cms

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"
)

// verifyRSA says what crypto/rsa says, of right signatures and of wrong ones.
func TestVerifyRSA(t *testing.T) {
	for _, bits := range []int{1024, 1031, 2048, 3072} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			digest := sum(h, []byte("content"))
			right, err := rsa.SignPKCS1v15(nil, key, h, digest)
			if err != nil {
				t.Fatal(err)
			}
			tests := map[string][]byte{"right": right, "empty": nil, "zeros": make([]byte, len(right))}
			for i := 0; i < len(right); i += 7 {
				flip := append([]byte(nil), right...)
				flip[i] ^= 1 << (i % 8)
				tests["flipped "+string(rune('A'+i%26))] = flip
			}
			tests["one byte less"] = right[:len(right)-1]
			tests["zero before"] = append([]byte{0}, right...)
			tests["plus modulus"] = new(big.Int).Add(new(big.Int).SetBytes(right), key.N).Bytes()
			tests["modulus"] = key.N.Bytes()
			for name, signature := range tests {
				want := rsa.VerifyPKCS1v15(&key.PublicKey, h, digest, signature) == nil
				if got := verifyRSA(&key.PublicKey, h, digest, signature); got != want || want != (name == "right") {
					t.Errorf("%d bits, %v, %s: verifyRSA = %v, crypto/rsa %v", bits, h, name, got, want)
				}
			}
			other := sum(h, []byte("other content"))
			if verifyRSA(&key.PublicKey, h, other, right) || verifyRSA(&key.PublicKey, h, digest[:8], right) {
				t.Errorf("%d bits, %v: verifyRSA accepts another digest", bits, h)
			}
		}
		if verifyRSA(&key.PublicKey, crypto.MD5, make([]byte, 16), make([]byte, key.Size())) {
			t.Errorf("%d bits: verifyRSA accepts MD5", bits)
		}
	}
}

// Forged padding, which an exponent of 3 and a lenient reader would let through.
func TestVerifyRSAPadding(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256
	digest := sum(h, []byte("content"))
	size := key.Size()
	encode := func(edit func(em []byte)) []byte {
		em := make([]byte, size)
		info := append(digestInfo(h), digest...)
		for i := range em {
			em[i] = 0xff
		}
		em[0], em[1] = 0, 1
		copy(em[size-len(info):], info)
		em[size-len(info)-1] = 0
		edit(em)
		return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, size))
	}
	tests := []struct {
		name string
		edit func([]byte)
		want bool
	}{
		{"right", func([]byte) {}, true},
		{"block type 2", func(em []byte) { em[1] = 2 }, false},
		{"block type 0", func(em []byte) { em[1] = 0 }, false},
		{"padding with another byte", func(em []byte) { em[20] = 0xfe }, false},
		{"padding that ends early", func(em []byte) { em[20] = 0 }, false},
		{"digest earlier, garbage behind", func(em []byte) {
			info := append([]byte{0}, append(digestInfo(h), digest...)...)
			copy(em[12:], info)
		}, false},
		{"other hash function named", func(em []byte) { em[size-len(digest)-5] = 2 }, false},
	}
	for _, tt := range tests {
		if got := verifyRSA(&key.PublicKey, h, digest, encode(tt.edit)); got != tt.want {
			t.Errorf("%s: verifyRSA = %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, e := range []int{-1, 0, 1, 2, 4, 65536} {
		if k := (rsa.PublicKey{N: key.N, E: e}); verifyRSA(&k, h, digest, encode(func([]byte) {})) {
			t.Errorf("verifyRSA accepts the exponent %d", e)
		}
	}
}
