package attest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// sampleComment is the signed comment of testdata/sample.intoto.json.minisig,
// which minisign 0.11 made.
const sampleComment = "usmtpkg attestation of 10.0.1.2-0123456789ab"

func nobody() ([]byte, error) { return nil, errors.New("asked for a password") }

func secret(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

func key(tb testing.TB, name string, password func() ([]byte, error)) Key {
	tb.Helper()
	k, err := ParseKey(fixture(tb, name), password)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func publicKey(tb testing.TB) PublicKey {
	tb.Helper()
	k, err := ParsePublicKey(fixture(tb, "minisign.pub"))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// strangers is a key pair that nobody knows.
func strangers(tb testing.TB) (PublicKey, Key) {
	tb.Helper()
	public, private, err := minisign.GenerateKey(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return PublicKey{public}, Key{private}
}

// The signature is the one that minisign makes of the same file and comments.
func TestSignAsMinisignDoes(t *testing.T) {
	want := string(fixture(t, "sample.intoto.json.minisig"))
	keys := map[string]Key{
		"minisign.key":  key(t, "minisign.key", nobody),
		"encrypted.key": key(t, "encrypted.key", secret("correct horse")),
	}
	for name, k := range keys {
		got, err := k.Sign(fixture(t, "sample.intoto.json"), sampleComment)
		if err != nil || string(got) != want {
			t.Errorf("%s: Sign = %s, %v, want %s", name, got, err, want)
		}
		if k.ID().String() != "B5CF5B0A8F489DE5" || k.ID() != publicKey(t).ID() {
			t.Errorf("%s: ID = %s, want B5CF5B0A8F489DE5", name, k.ID())
		}
	}
	if _, err := keys["minisign.key"].Sign(nil, "two\nlines"); err == nil {
		t.Error("a comment of two lines was signed")
	}
}

func TestVerifyWhatMinisignSigned(t *testing.T) {
	for _, name := range []string{"sample.intoto.json.minisig", "legacy.minisig"} {
		if err := publicKey(t).Verify(fixture(t, "sample.intoto.json"), fixture(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	crlf := bytes.ReplaceAll(fixture(t, "sample.intoto.json.minisig"), []byte("\n"), []byte("\r\n"))
	if err := publicKey(t).Verify(fixture(t, "sample.intoto.json"), crlf); err != nil {
		t.Errorf("a signature with CRLF: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	content, sig := fixture(t, "sample.intoto.json"), string(fixture(t, "sample.intoto.json.minisig"))
	lines := strings.SplitAfter(sig, "\n")
	_, other := strangers(t)
	byOther, err := other.Sign(content, sampleComment)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		content []byte
		sig     string
		want    string
	}{
		{"another content", append([]byte(" "), content...), sig, "does not match this content"},
		{"no content", nil, sig, "does not match this content"},
		{"another comment", content, strings.Replace(sig, "of 10.0", "of 11.0", 1), "does not match this content"},
		{"another key", content, string(byOther), "signed with key " + other.ID().String() + ", wanted B5CF5B0A8F489DE5"},
		{"another key under the name of ours", content, renamed(t, string(byOther), lines[1]), "does not match this content"},
		{"one bit of the signature", content, strings.Replace(sig, "RUTlnUiPClvPtWT4", "RUTlnUiPClvPtWT5", 1), "does not match this content"},
		{"one bit of the comment's signature", content, strings.Replace(sig, "9RLD", "9RLE", 1), "does not match this content"},
		{"another algorithm", content, strings.Replace(sig, "RUTl", "RVTl", 1), "not a minisign signature: invalid signature: invalid algorithm"},
		{"the comment's signature left out", content, strings.Join(lines[:3], ""), "not a minisign signature"},
		{"cut", content, sig[:len(sig)-5], "not a minisign signature"},
		{"a line more", content, sig + "x", "not a minisign signature"},
		{"nothing", content, "", "not a minisign signature"},
		{"something else", content, "-----BEGIN PGP SIGNATURE-----\n\n\n\n", "not a minisign signature"},
		{"too long", content, sig + strings.Repeat("\n", MaxSignature), "more than 32768 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := publicKey(t).Verify(tt.content, []byte(tt.sig))
			if bad := (*SignatureError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Verify = %v, want %q", err, tt.want)
			}
		})
	}
}

// renamed gives a signature the key id of another.
func renamed(t *testing.T, sig, from string) string {
	t.Helper()
	lines := strings.SplitAfter(sig, "\n")
	a, err := base64.StdEncoding.DecodeString(strings.TrimSpace(lines[1]))
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(from))
	if err != nil {
		t.Fatal(err)
	}
	copy(a[2:10], b[2:10])
	lines[1] = base64.StdEncoding.EncodeToString(a) + "\n"
	return strings.Join(lines, "")
}

func TestParsePublicKey(t *testing.T) {
	file := string(fixture(t, "minisign.pub"))
	line := strings.SplitAfter(file, "\n")[1]
	tests := []struct {
		name string
		text string
		want string // in the error; empty: it is the key
	}{
		{"the file", file, ""},
		{"the line", strings.TrimSpace(line), ""},
		{"with CRLF", strings.ReplaceAll(file, "\n", "\r\n"), ""},
		{"cut", line[:40], "invalid public key"},
		{"two keys", line + line, "found more lines"},
		{"two keys below a comment", file + line, "found more lines"},
		{"a secret key", string(fixture(t, "minisign.key")), "invalid public key"},
		{"nothing", "", "invalid public key"},
		{"too long", file + strings.Repeat("\n", MaxKey), "more than 4096 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := ParsePublicKey([]byte(tt.text))
			if tt.want == "" {
				if err != nil || k.ID() != publicKey(t).ID() {
					t.Errorf("ParsePublicKey = %s, %v", k.ID(), err)
				}
				return
			}
			if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParsePublicKey = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	plain := fixture(t, "minisign.key")
	raw, err := base64.StdEncoding.DecodeString(strings.SplitAfter(string(plain), "\n")[1])
	if err != nil {
		t.Fatal(err)
	}
	raw[100] ^= 1 // of the public half
	damaged := "untrusted comment: x\n" + base64.StdEncoding.EncodeToString(raw)
	denied := errors.New("denied")
	tests := []struct {
		name     string
		text     string
		password func() ([]byte, error)
		want     string
		is       error
	}{
		{"a wrong password", string(fixture(t, "encrypted.key")), secret("wrong horse"), "wrong password", ErrPassword},
		{"an empty password", string(fixture(t, "encrypted.key")), secret(""), "wrong password", ErrPassword},
		{"nobody to ask", string(fixture(t, "encrypted.key")), func() ([]byte, error) { return nil, denied }, "denied", denied},
		{"a damaged key", damaged, nobody, "do not belong together", nil},
		{"a public key", string(fixture(t, "minisign.pub")), nobody, "invalid private key", nil},
		{"nothing", "", nobody, "invalid private key", nil},
		{"two keys", string(plain) + string(plain), nobody, "found more lines", nil},
		{"too long", string(plain) + strings.Repeat("\n", MaxKey), nobody, "more than 4096 bytes", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseKey([]byte(tt.text), tt.password)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("ParseKey = %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzSignature: whatever is changed in a signature or a public key, it proves
// nothing, but for what is not signed: the first line and the line ends.
func FuzzSignature(f *testing.F) {
	f.Add(fixture(f, "minisign.pub"), fixture(f, "sample.intoto.json.minisig"))
	f.Add(fixture(f, "minisign.pub"), fixture(f, "legacy.minisig"))
	f.Add([]byte("RWTlnUiPClvPtWU0drIcmEFJUsuDZy/i7jtMHnYfKQKntB9VVtjFwh/e"), []byte("untrusted comment: \n\ntrusted comment: \n\n"))
	content := fixture(f, "sample.intoto.json")
	signed := [][]byte{fixture(f, "sample.intoto.json.minisig"), fixture(f, "legacy.minisig")}
	ours := publicKey(f)
	f.Fuzz(func(t *testing.T, public, sig []byte) {
		if k, err := ParsePublicKey(public); err == nil {
			if err := k.Verify(append([]byte("x"), content...), sig); err == nil {
				t.Errorf("key %q and signature %q vouch for a content that nobody signed", public, sig)
			}
		}
		if ours.Verify(content, sig) != nil {
			return
		}
		var got minisign.Signature
		if err := got.UnmarshalText(sig); err != nil {
			t.Fatal(err)
		}
		for _, s := range signed {
			var want minisign.Signature
			if err := want.UnmarshalText(s); err != nil {
				t.Fatal(err)
			}
			if got.Equal(want) {
				return
			}
		}
		t.Errorf("signature %q was made by nobody", sig)
	})
}
