package pe

import (
	"crypto"

	"usmtpkg/locate/pe/cms/der"
)

// oidLink is the kind of files that a link stands for, such as cabinets. That it is this one, and that the
// link is a moniker, was seen in the cabinets of ADK 10.1.26100.2454.
const (
	oidLink    = "1.3.6.1.4.1.311.2.1.28"
	tagMoniker = 0xa1
)

// cabinet returns the format of a cabinet. What the link says is not read: the digest is that of the cabinet.
func cabinet() format {
	return format{"a cabinet", oidLink, tagMoniker, func(_ *signature, r *der.Reader) error {
		r.Read(der.OctetString, "class of the link")
		r.Read(der.OctetString, "content of the link")
		r.End("data about the signed file")
		return nil
	}}
}

// Cabinet checks a signature of a cabinet (.cab) as Installer does that of a package.
func (v *Verifier) Cabinet(message []byte, digest func(crypto.Hash) ([]byte, error)) (Signature, error) {
	return v.message(message, cabinet(), digest)
}
