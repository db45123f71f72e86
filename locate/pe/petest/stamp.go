package petest

import (
	"crypto"
	"testing"
	"time"
)

// A Stamp is a time stamp to be made, of a signature value or of another.
type Stamp struct {
	Authority *Identity
	Time      time.Time
	Hash      crypto.Hash // 0 means SHA-256
	Of        []byte      // what is stamped; nil means the signature value
	Extra     [][]byte    // further elements among the certificates of a token
	Info      [][]byte    // further elements at the end of a token's information
	Signed    [][]byte    // further signed attributes
}

// Token makes a time stamp of RFC 3161, as an unsigned attribute.
func (s Stamp) Token(tb testing.TB) func([]byte) []byte {
	tb.Helper()
	return func(signature []byte) []byte {
		s := s.of(signature)
		info := tlv(0x30, append([][]byte{
			{2, 1, 1},
			oid("1.3.6.1.4.1.601.10.3.1"),
			tlv(0x30, Algorithm(HashOID(s.Hash)), tlv(4, Sum(s.Hash, s.Of))),
			{2, 1, 42},
			tlv(0x18, []byte(s.Time.UTC().Format("20060102150405Z"))),
		}, s.Info...)...)
		token := Message{
			Signer: s.Authority, ContentType: OIDStampInfo, Content: tlv(4, info), Hash: s.Hash, Extra: s.Extra, Signed: s.Signed,
		}
		return Attribute(OIDToken, token.Encode(tb))
	}
}

// Countersignature makes a time stamp of PKCS#9, as an unsigned attribute. Its
// certificates belong among those of the message.
func (s Stamp) Countersignature(tb testing.TB) func([]byte) []byte {
	tb.Helper()
	return func(signature []byte) []byte {
		s := s.of(signature)
		m := Message{
			Signer: s.Authority, ContentType: OIDData, Hash: s.Hash,
			Signed: append([][]byte{Attribute(OIDSigningTime, tlv(0x17, []byte(s.Time.UTC().Format("060102150405Z"))))}, s.Signed...),
		}
		return Attribute(OIDCountersignature, m.signerInfo(tb, s.Of))
	}
}

func (s Stamp) of(signature []byte) Stamp {
	if s.Hash == 0 {
		s.Hash = crypto.SHA256
	}
	if s.Of == nil {
		s.Of = signature
	}
	return s
}

// SigningCertificate returns the attribute by which a token names the certificate of
// its signer, in version 2 with SHA-256 or in version 1.
func SigningCertificate(id *Identity, h crypto.Hash) []byte {
	dotted := "1.2.840.113549.1.9.16.2.47"
	if h == crypto.SHA1 {
		dotted = "1.2.840.113549.1.9.16.2.12"
	}
	return Attribute(dotted, tlv(0x30, tlv(0x30, tlv(0x30, tlv(4, Sum(h, id.Cert.Raw))))))
}
