package pe_test

import (
	"bytes"
	"crypto"
	"fmt"
	"runtime"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// What hostile certificate tables, of the largest size that is looked at, cost
// at most: 64 MiB are allocated in all. The time is in the log.
func TestSignatureCost(t *testing.T) {
	k := testKit()
	image := petest.Padded(program(pe.AMD64))
	leaf := k.leaf.Cert.Raw
	// A certificate of many extensions, of which x509 makes the most memory.
	var extensions []byte
	for i := range 1200 {
		extensions = append(extensions, petest.TLV(0x30, petest.OID(fmt.Sprint("1.2.", i)), petest.TLV(4, nil))...)
	}
	fat := bytes.Clone(k.root.Cert.RawTBSCertificate[4:])
	fat = fat[:bytes.LastIndex(fat, []byte{0xa3})]
	fat = petest.TLV(0x30, petest.TLV(0x30, fat, petest.TLV(0xa3, petest.TLV(0x30, extensions))), petest.Algorithm("1.2.840.113549.1.1.11"), petest.TLV(3, make([]byte, 257)))
	fatMessage := func(n, unsigned int) []byte {
		return message(t, k.leaf, func(m *petest.Message) {
			m.Extra = many(fat, n)
			m.Unsigned = append(m.Unsigned, func([]byte) []byte {
				return bytes.Repeat(petest.TLV(0x30, petest.OID("1.2.3"), petest.TLV(0x31)), unsigned)
			})
		})
	}
	digest := petest.Digest(crypto.SHA256, image)
	pages := petest.IndirectOf(crypto.SHA256, digest, petest.PageLink("1.3.6.1.4.1.311.2.3.1", make([]byte, 24*40_000)))
	stamps := message(t, k.old, func(m *petest.Message) {
		for range 4 {
			stamped(t, k.tsa, then, func(s *petest.Stamp) { s.Extra = many(fat, 22) })(m)
		}
	})
	tests := map[string][]byte{
		"zeros":                petest.Entry(make([]byte, 1<<20-8)),
		"tiny elements":        petest.Entry(petest.TLV(0x30, petest.OID(petest.OIDSignedData), petest.TLV(0xa0, petest.TLV(0x30, bytes.Repeat([]byte{5, 0}, 1<<19-100))))),
		"tiny entries":         bytes.Repeat([]byte{8, 0, 0, 0, 0, 2, 2, 0}, 1<<17),
		"one entry of entries": petest.Entry(bytes.Repeat(petest.Entry(leaf[:8]), 1<<16-2)),
		"fat certificates":     petest.Entry(fatMessage(60, 20)),
		"fat, several":         petest.Entry(message(t, k.leaf, nested(fatMessage(40, 0), fatMessage(40, 0)))),
		"fat stamps":           petest.Entry(stamps),
		"many attributes":      petest.Entry(fatMessage(0, 130_000)),
		"many values": petest.Entry(message(t, k.leaf, func(m *petest.Message) {
			m.Unsigned = append(m.Unsigned, func([]byte) []byte { return petest.Attribute(petest.OIDNested, bytes.Repeat([]byte{5, 0}, 1<<19-2000)) })
		})),
		"page hashes": petest.Entry(message(t, k.leaf, content(pages))),
	}
	for name, table := range tests {
		t.Run(name, func(t *testing.T) {
			if len(table) > 1<<20 {
				t.Fatalf("the table has %d bytes, which is more than is looked at", len(table))
			}
			table = append(table, make([]byte, -len(table)&7)...)
			file := petest.AttachTable(image, table)
			v := verifier(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			got := check(t, v, file, 1<<16)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			used := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d KiB of table: %v, %d KiB allocated; %s: %.80s", len(table)>>10, took, used>>10, got.Verdict, got.Reason)
			if used > 64<<20 {
				t.Errorf("%d bytes were allocated, wanted at most 64 MiB", used)
			}
		})
	}
	large := petest.AttachTable(image, make([]byte, 1<<20+8))
	wantSignature(t, check(t, verifier(t), large, 1<<20), pe.Signature{Verdict: pe.Unsupported, Reason: "a certificate table of 1048584 bytes, more than 1048576"})
}
