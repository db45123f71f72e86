package pe

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"

	"usmtpkg/locate/pe/cms"
	"usmtpkg/locate/pe/cms/der"
)

// oidSipInfo is the kind of files whose format a GUID names. That it is this
// one for Windows Installer packages is as signtool and osslsigncode write it.
const oidSipInfo = "1.3.6.1.4.1.311.2.1.30"

// installerGUID is {000C10F1-0000-0000-C000-000000000046}.
var installerGUID = []byte{0xf1, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}

// installer returns the format of a Windows Installer package.
func installer() format {
	return format{"a Windows Installer package", oidSipInfo, 0, func(_ *signature, r *der.Reader) error {
		r.Read(der.Integer, "version of the format")
		guid := r.Read(der.OctetString, "GUID of the format").Content
		for range 5 {
			r.Read(der.Integer, "reserved number")
		}
		r.End("data about the signed file")
		if r.Err() == nil && !bytes.Equal(guid, installerGUID) {
			return unsupported("a signature of a file of the format %x, not of a Windows Installer package", guid)
		}
		return nil
	}}
}

// Installer checks a signature of a Windows Installer package (.msi) like those
// of programs. digest returns the digest of the package; if it finds
// the package altered, its error is a [*cms.SignatureError]. Any other error of
// digest is returned, and says nothing about the package.
func (v *Verifier) Installer(message []byte, digest func(crypto.Hash) ([]byte, error)) (Signature, error) {
	return v.message(message, installer(), digest)
}

// message checks a signature that is not in a program, but a message by itself.
func (v *Verifier) message(message []byte, f format, digest func(crypto.Hash) ([]byte, error)) (Signature, error) {
	if len(message) > maxTable {
		return Signature{Verdict: Unsupported, Reason: fmt.Sprintf("a signature of %d bytes, more than %d", len(message), maxTable)}, nil
	}
	var all []Signature
	for _, s := range v.collect([][]byte{message}, f) {
		var sum []byte
		if s.fault == nil {
			var err error
			if sum, err = digest(s.hash); errors.As(err, new(*cms.SignatureError)) {
				s.fault = err
			} else if err != nil {
				return Signature{}, err
			}
		}
		all = append(all, v.judge(s, sum))
	}
	return best(all), nil
}
