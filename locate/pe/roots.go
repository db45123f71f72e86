package pe

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	_ "embed" // the roots
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
)

// microsoftRoots are the certificates of the authorities that Microsoft signs
// its programs and time stamps under: public certificates, each published at
// https://www.microsoft.com/pkiops/docs/repository.htm and part of every
// Windows. The first expired in 2021 and vouches for older kits, by way of their
// time stamps: USMT 10.0.15063 is signed under it.
//
//go:embed microsoft-roots.pem
var microsoftRoots string

// pinned returns the SHA-256 sums of the certificates in microsoftRoots, in order.
func pinned() []string {
	return []string{
		"885de64c340e3ea70658f01e1145f957fcda27aabeea1ab9faa9fdb0102d4077", // Microsoft Root Certificate Authority (2001)
		"358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02", // Microsoft ECC Root Certificate Authority 2017
		"847df6a78497943f27fc72eb93f9a637320a02b561d0a91b09e87a7807ed7c61", // Microsoft Root Certificate Authority 2011
		"c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0", // Microsoft RSA Root Certificate Authority 2017
		"df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e", // Microsoft Root Certificate Authority 2010
	}
}

// MicrosoftRoots returns the roots that are built in, by the order of their SHA-256 sums.
func MicrosoftRoots() ([]*x509.Certificate, error) { return vendorRoots(microsoftRoots, pinned()) }

// vendorRoots returns Microsoft's roots, having compared them with their sums.
func vendorRoots(file string, sums []string) ([]*x509.Certificate, error) {
	roots, err := ParseRoots([]byte(file))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, c := range roots {
		sum := sha256.Sum256(c.Raw)
		found = append(found, hex.EncodeToString(sum[:]))
	}
	if !slices.Equal(found, sums) {
		return nil, fmt.Errorf("reading the built-in roots: found certificates with the SHA-256 sums %v, wanted %v", found, sums)
	}
	return roots, nil
}

// Limits of a file of roots. Windows itself trusts some 400 certificates.
const (
	maxRootsFile = 4 << 20 // bytes
	maxRoots     = 1000
)

// ParseRoots reads the certificates of a file: one or several in PEM, between
// any text, or in DER. It takes authorities as well as single certificates of
// signers, which are then trusted themselves.
func ParseRoots(data []byte) ([]*x509.Certificate, error) {
	if len(data) > maxRootsFile {
		return nil, fmt.Errorf("reading certificates: found %d bytes, wanted at most %d", len(data), maxRootsFile)
	}
	text := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	blocks := bytes.Count(text, []byte("-----BEGIN "))
	if blocks == 0 {
		roots, err := x509.ParseCertificates(data)
		if err == nil && len(roots) == 0 {
			err = fmt.Errorf("found %d bytes", len(data))
		}
		if err != nil {
			return nil, fmt.Errorf("reading certificates: found neither PEM (-----BEGIN CERTIFICATE-----) nor DER: %w", err)
		}
		return limited(roots)
	}
	var roots []*x509.Certificate
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("reading certificates: block %d of %d: found %q, wanted \"CERTIFICATE\"", len(roots)+1, blocks, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: block %d of %d: %w", len(roots)+1, blocks, err)
		}
		roots, text = append(roots, c), rest
	}
	if len(roots) != blocks { // pem.Decode passes over what it cannot read
		return nil, fmt.Errorf("reading certificates: found %d that are whole PEM, wanted all %d", len(roots), blocks)
	}
	return limited(roots)
}

func limited(roots []*x509.Certificate) ([]*x509.Certificate, error) {
	if len(roots) > maxRoots {
		return nil, fmt.Errorf("reading certificates: found %d, wanted at most %d", len(roots), maxRoots)
	}
	return roots, nil
}
