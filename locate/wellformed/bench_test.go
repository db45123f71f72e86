package wellformed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// manifest is a text of the shape of Microsoft's manifests: 9 KB, which is their
// mean size, a third of it white space, most values short.
func manifest() []byte {
	var b strings.Builder
	b.WriteString("\uFEFF<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<assembly\r\n    xmlns=\"urn:example\"\r\n    manifestVersion=\"1.0\"\r\n    >\r\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  <!-- Gather and apply rules %d -->\r\n  <rules context=\"User\">\r\n    <include>\r\n      <objectSet>\r\n"+
			"        <pattern type=\"Registry\">HKCU\\Software\\Example\\Settings\\* [*]</pattern>\r\n"+
			"      </objectSet>\r\n    </include>\r\n  </rules>\r\n", i)
	}
	b.WriteString("</assembly>\r\n")
	return []byte(b.String())
}

func BenchmarkCheck(b *testing.B) {
	texts := []struct {
		name string
		text []byte
	}{
		{"manifest", manifest()},
		{"manifest in UTF-16", []byte(le(strings.Replace(string(manifest()), "utf-8", "utf-16", 1)))},
		{"attributes", []byte("<a>" + strings.Repeat(attributes(256, " b%d=''"), 100) + "</a>")},
		{"Cyrillic", []byte("<a>" + strings.Repeat("настройка", 10_000) + "</a>")},
	}
	for _, tt := range texts {
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(tt.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Check(bytes.NewReader(tt.text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodingXML is what Check is measured against.
func BenchmarkEncodingXML(b *testing.B) {
	text := manifest()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
