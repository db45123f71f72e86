package attest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"aead.dev/minisign"
)

// Bounds of the small files, in bytes. minisign's limit for a comment is
// 8 KiB, and a signature has two.
const (
	MaxSignature = 32 << 10
	MaxKey       = 4 << 10
)

// SignatureSuffix ends the name of a signature's file, as minisign names it.
const SignatureSuffix = ".minisig"

// A SignatureError says why a signature proves nothing.
type SignatureError struct{ Reason string }

func (e *SignatureError) Error() string { return e.Reason }

// ErrPassword says that a key is encrypted and the password is not the right one.
var ErrPassword = errors.New("wrong password, or a damaged key")

// A KeyID names a key pair. It is a hint for people: not the name, only the
// key proves something.
type KeyID uint64

// String writes the id as minisign does.
func (id KeyID) String() string { return fmt.Sprintf("%X", uint64(id)) }

// A PublicKey checks signatures.
type PublicKey struct{ key minisign.PublicKey }

// ParsePublicKey reads a public key: the file that minisign -G writes, or the
// one line of base64 in it.
func ParsePublicKey(text []byte) (PublicKey, error) {
	var k PublicKey
	if len(text) > MaxKey {
		return k, &SyntaxError{"public key", fmt.Sprintf("more than %d bytes", MaxKey), "a minisign public key"}
	}
	wanted := "a minisign public key: a file of two lines, or 56 characters that begin with RW"
	line, ok := keyLine(text)
	if !ok {
		return k, &SyntaxError{"public key", "more lines", wanted}
	}
	if err := k.key.UnmarshalText(line); err != nil {
		return k, &SyntaxError{"public key", cause(err), wanted}
	}
	return k, nil
}

// keyLine returns the line of a key file with the key. A file with more
// than a comment and a key is refused: package minisign would read one of two.
func keyLine(text []byte) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if comment, key, found := bytes.Cut(text, []byte("\n")); found && bytes.HasPrefix(comment, []byte("untrusted comment:")) {
		text = key
	}
	return text, !bytes.ContainsAny(text, "\r\n")
}

// ID returns the key's id.
func (k PublicKey) ID() KeyID { return KeyID(k.key.ID()) }

// Verify makes sure that the holder of the key signed exactly these bytes. Its
// error is a *SignatureError.
func (k PublicKey) Verify(content, signature []byte) error {
	id, err := SignedBy(signature)
	if err != nil {
		return err
	}
	if id != k.ID() {
		return &SignatureError{fmt.Sprintf("signed with key %s, wanted %s", id, k.ID())}
	}
	if !minisign.Verify(k.key, content, signature) {
		return &SignatureError{fmt.Sprintf("the signature by key %s does not match this content: one of the two was changed", id)}
	}
	return nil
}

// SignedBy returns which key a signature says it was made with. It proves nothing.
func SignedBy(signature []byte) (KeyID, error) {
	var s minisign.Signature
	if len(signature) > MaxSignature {
		return 0, &SignatureError{fmt.Sprintf("not a minisign signature: more than %d bytes", MaxSignature)}
	}
	if err := s.UnmarshalText(signature); err != nil {
		return 0, &SignatureError{"not a minisign signature: " + cause(err)}
	}
	return KeyID(s.KeyID), nil
}

// cause returns the text of an error of package minisign without its own name.
func cause(err error) string { return strings.TrimPrefix(err.Error(), "minisign: ") }

// A Key signs.
type Key struct{ key minisign.PrivateKey }

// ParseKey reads a minisign secret key. For an encrypted one it asks for the
// password; to turn that into a key takes a second or more and, with what
// minisign -G chooses, 1 GiB of memory. A wrong password is ErrPassword.
func ParseKey(text []byte, password func() ([]byte, error)) (Key, error) {
	var k Key
	wanted := "a minisign secret key"
	if len(text) > MaxKey {
		return k, &SyntaxError{"key", fmt.Sprintf("more than %d bytes", MaxKey), wanted}
	}
	text, ok := keyLine(text)
	if !ok {
		return k, &SyntaxError{"key", "more lines", wanted}
	}
	if !minisign.IsEncrypted(text) {
		if err := k.key.UnmarshalText(text); err != nil {
			return k, &SyntaxError{"key", cause(err), wanted}
		}
		return k, k.check()
	}
	secret, err := password()
	if err != nil {
		return k, err
	}
	if k.key, err = minisign.DecryptKey(string(secret), text); err != nil {
		return k, ErrPassword
	}
	return k, k.check()
}

// check makes sure that the two halves of the key belong together: signatures
// of a damaged key would be worthless, and could give the key away.
func (k Key) check() error {
	public, ok := k.key.Public().(minisign.PublicKey)
	if !ok {
		return errors.New("a key without a public half")
	}
	probe := minisign.SignWithComments(k.key, nil, "", "")
	if !minisign.Verify(public, nil, probe) {
		return &SyntaxError{"key", "a secret and a public half that do not belong together", "an undamaged key"}
	}
	return nil
}

// ID returns the key's id.
func (k Key) ID() KeyID { return KeyID(k.key.ID()) }

// Sign signs content, prehashed as minisign does by default. The comment is
// signed too, and is one line. The same input gives the same bytes.
func (k Key) Sign(content []byte, comment string) ([]byte, error) {
	if strings.ContainsFunc(comment, unicode.IsControl) {
		return nil, fmt.Errorf("found comment %q, wanted one line", comment)
	}
	r := minisign.NewReader(bytes.NewReader(content))
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return r.SignWithComments(k.key, comment, "signature from minisign secret key "+k.ID().String()), nil
}
