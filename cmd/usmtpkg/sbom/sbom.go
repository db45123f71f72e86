// Package sbom writes bills of materials: which modules a Go program was built from, as the program
// itself records it.
//
// The same program gives the same bill, byte for byte: its time is that of the commit, its number a hash of
// what it lists. The sums are those of go.sum; they are hashes of a module's list of files, not of an
// archive, so they are told as what they are and not as SHA-256.
//
// Sources: https://cyclonedx.org/docs/1.6/json/, https://spdx.github.io/spdx-spec/v2.3/,
// https://github.com/package-url/purl-spec.
package sbom

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"runtime/debug"
	"strings"
)

// A Form is a form of a bill.
type Form string

// The forms.
const (
	CycloneDX Form = "cyclonedx" // 1.6, as JSON
	SPDX      Form = "spdx"      // 2.3, as JSON
)

// Forms lists the forms.
var Forms = []Form{CycloneDX, SPDX}

// Of returns the bill of a program of this version, to be written as JSON.
func Of(form Form, info *debug.BuildInfo, version string) any {
	b := read(info, version)
	if form == SPDX {
		return b.spdx()
	}
	return b.cycloneDX()
}

// A bill is what both forms are made from.
type bill struct {
	program part
	parts   []part
	time    string // of the commit, in RFC 3339
	digest  [sha256.Size]byte
}

// A part is a module, or Go's standard library.
type part struct {
	name, version, sum string
}

// purl names the part as a package URL.
func (p part) purl() string {
	return "pkg:golang/" + strings.ToLower(p.name) + "@" + strings.ReplaceAll(p.version, "+", "%2B")
}

func read(info *debug.BuildInfo, version string) bill {
	b := bill{program: part{name: "usmtpkg", version: version}, time: "1970-01-01T00:00:00Z"}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			b.time = s.Value
		}
	}
	b.parts = append(b.parts, part{name: "std", version: strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		m = cmp.Or(m.Replace, m)
		b.parts = append(b.parts, part{name: m.Path, version: m.Version, sum: m.Sum})
	}
	h := sha256.New()
	for _, p := range append(b.parts, b.program) {
		h.Write([]byte(p.purl() + " " + p.sum + "\n"))
	}
	h.Sum(b.digest[:0])
	return b
}

// uuid is the number of the bill: a UUID of version 8, whose bits are the maker's own (RFC 9562).
func (b bill) uuid() string {
	u := b.digest
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
