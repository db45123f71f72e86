package catalog_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/cms/der"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

var (
	now  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	then = time.Date(2020, 5, 4, 3, 2, 1, 0, time.UTC)
	made = time.Date(2020, 5, 4, 1, 0, 0, 0, time.UTC)

	text  = []byte("<assembly/>\r\n")
	image = samplekit.PE(pe.AMD64, pe.Version{10, 0, 26100, 1}, 1001)
)

// A world is a root with a signer whose certificate is over, and a time-stamping authority.
type world struct {
	key             crypto.Signer
	root, leaf, tsa *petest.Identity
}

func newWorld(tb testing.TB) world {
	tb.Helper()
	w := world{key: petest.ECKey(tb)}
	w.root = petest.SelfSigned(tb, w.key, petest.Certificate("Test Root", 2010, 2040, petest.CA))
	w.leaf = w.signer(tb, petest.CodeSigning)
	w.tsa = w.root.Issue(tb, w.key, petest.Certificate("Test TSA", 2015, 2035, petest.TimeStamping))
	return w
}

func (w world) signer(tb testing.TB, edits ...func(*x509.Certificate)) *petest.Identity {
	tb.Helper()
	return w.root.Issue(tb, w.key, petest.Certificate("Contoso Ltd", 2019, 2022, edits...))
}

func (w world) verifier(tb testing.TB) *pe.Verifier {
	tb.Helper()
	v, err := pe.NewVerifier(func() time.Time { return now }, []*x509.Certificate{w.root.Cert})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// sign makes a catalog that was stamped while the certificate was good.
func (w world) sign(tb testing.TB, l petest.CatalogList) []byte {
	tb.Helper()
	return w.signAs(tb, w.leaf, l)
}

func (w world) signAs(tb testing.TB, signer *petest.Identity, l petest.CatalogList) []byte {
	tb.Helper()
	l.Made = made
	return petest.Catalog(tb, petest.Message{
		Signer: signer, Unsigned: []func([]byte) []byte{petest.Stamp{Authority: w.tsa, Time: then}.Token(tb)},
	}, l)
}

// both are a text and a program, listed by their digests.
func both(h crypto.Hash) [][]byte {
	return [][]byte{petest.FlatMember(h, "MigApp.xml", text), petest.ImageMember(h, "unbcl.dll", image)}
}

func TestRead(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name string
		list petest.CatalogList
		hash crypto.Hash
	}{
		{"SHA-1", petest.CatalogList{Members: both(crypto.SHA1)}, crypto.SHA1},
		{"SHA-256", petest.CatalogList{Members: both(crypto.SHA256), Kind: petest.OIDMembers2}, crypto.SHA256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := w.sign(t, tt.list)
			c := catalog.Read(w.verifier(t), "cat1.cat", data)
			sum := sha256.Sum256(data)
			want := &catalog.Catalog{
				File: "cat1.cat", SHA256: hex.EncodeToString(sum[:]), Raw: data, Listed: made,
				Signature: pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Time: then, Algorithm: "sha256"},
			}
			want.Members = []catalog.Member{
				{Name: "MigApp.xml", Kind: catalog.Flat, Hash: tt.hash, Sum: petest.Sum(tt.hash, text), Catalog: want},
				{Name: "unbcl.dll", Kind: catalog.Image, Hash: tt.hash, Sum: petest.Digest(tt.hash, petest.Padded(image)), Catalog: want},
			}
			if diff := cmp.Diff(want, c); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
}

// Names are base names, and may be missing; members of kinds that are not read are counted.
func TestMembers(t *testing.T) {
	w := newWorld(t)
	sum := petest.Sum(crypto.SHA1, text)
	sha1 := petest.Algorithm(petest.HashOID(crypto.SHA1))
	c := catalog.Read(w.verifier(t), "c.cat", w.sign(t, petest.CatalogList{Members: [][]byte{
		petest.FlatMember(crypto.SHA1, "", text),
		petest.CatalogMember(sum, petest.Attribute(petest.OIDNameValue, petest.NamedValue("OSAttr", []byte("2\x00"))),
			petest.CatalogDigest(petest.OIDFlat, sha1, sum)),
		petest.FlatMember(crypto.SHA1, `amd64\dir/Größe.man`, []byte("2")),
		petest.CatalogMember(sum, petest.FileName("tag-only.xml")),
		petest.CatalogMember(sum, petest.CatalogDigest("1.3.6.1.4.1.311.2.1.30", sha1, sum)), // an MSI
		petest.CatalogMember(sum, petest.CatalogDigest(petest.OIDFlat, petest.Algorithm("1.2.840.113549.2.5"), make([]byte, 16))),
	}}))
	var names []string
	for _, m := range c.Members {
		names = append(names, m.Name)
	}
	if c.Signature.Verdict != pe.Valid || !slices.Equal(names, []string{"", "", "Größe.man"}) || c.Unread != 3 {
		t.Errorf("Read = %+v, names %q, %d unread, want three members and 3 unread", c.Signature, names, c.Unread)
	}
}

// A catalog that does not count says why and has no members, whatever it lists.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	good := petest.CatalogList{Members: both(crypto.SHA1), Made: made}
	signed := w.sign(t, good)
	rogue := petest.SelfSigned(t, w.key, petest.Certificate("Rogue", 2010, 2040, petest.CodeSigning))
	usage := func(oids ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, oid := range oids {
				var id asn1.ObjectIdentifier
				if _, err := asn1.Unmarshal(petest.OID(oid), &id); err != nil {
					t.Fatal(err)
				}
				c.UnknownExtKeyUsage = append(c.UnknownExtKeyUsage, id)
			}
		}
	}
	const component, driver = "1.3.6.1.4.1.311.10.3.6", "1.3.6.1.4.1.311.10.3.5"
	sum, sha1 := petest.Sum(crypto.SHA1, text), petest.Algorithm(petest.HashOID(crypto.SHA1))
	digest := petest.CatalogDigest(petest.OIDFlat, sha1, sum)
	member := func(attributes ...[]byte) []byte {
		return w.sign(t, petest.CatalogList{Members: [][]byte{petest.FlatMember(crypto.SHA1, "ok.xml", []byte("ok")), petest.CatalogMember(sum, attributes...)}})
	}
	edit := func(edits func(*petest.CatalogList)) []byte {
		l := good
		edits(&l)
		return w.sign(t, l)
	}
	const unsupported, tampered, untrusted = pe.Unsupported, pe.Tampered, pe.Untrusted
	tests := []struct {
		name    string
		data    []byte
		verdict pe.Verdict
		reason  string
	}{
		{"empty", nil, tampered, "signature: found the end, wanted an element"},
		{"not DER", []byte("[CatalogHeader]\r\nName=usmt.cat\r\n"), tampered, "signature: "},
		{"a member altered", bytes.Replace(signed, sum, petest.Sum(crypto.SHA1, []byte("other")), 1), tampered, "the signed data has another digest than was signed"},
		{"bytes after it", append(bytes.Clone(signed), 0), tampered, "found 1 bytes after the signed message, wanted its end"},
		{"too large", make([]byte, catalog.MaxSize+1), unsupported, "it has more than 4 MiB"},
		{"no trusted root", petest.Catalog(t, petest.Message{Signer: rogue}, good), untrusted, "not a trusted root"},
		{"over and not stamped", petest.Catalog(t, petest.Message{Signer: w.leaf}, good), pe.Expired, "no time stamp counts"},
		{"for any use", w.signAs(t, w.signer(t), good), pe.Valid, ""},
		{"for a server", w.signAs(t, w.signer(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), good), untrusted, "is not for signing code"},
		{"for Windows components only", w.signAs(t, w.signer(t, usage(component)), good), untrusted, "is not for signing code"},
		{"for code and Windows components", w.signAs(t, w.signer(t, petest.CodeSigning, usage(component)), good), pe.Valid, ""},
		{"for drivers of others", w.signAs(t, w.signer(t, petest.CodeSigning, usage(driver)), good), untrusted, "drivers of others"},
		{"signature of a program", petest.Message{Signer: w.leaf, Content: petest.Indirect(crypto.SHA256, 0, petest.Padded(image)), Unsigned: []func([]byte) []byte{petest.Stamp{Authority: w.tsa, Time: then}.Token(t)}}.Encode(t), unsupported, "a signed message of type 1.3.6.1.4.1.311.2.1.4, not a catalog"},
		{"other use of the list", edit(func(l *petest.CatalogList) { l.Usage = "1.3.6.1.4.1.311.10.3.9" }), unsupported, "a list for another use than as a catalog"},
		{"unknown kind of members", edit(func(l *petest.CatalogList) { l.Kind = "1.3.6.1.4.1.311.12.1.4" }), unsupported, "members of the kind 1.3.6.1.4.1.311.12.1.4, which is not known"},
		{"time of the next list", edit(func(l *petest.CatalogList) { l.Next = [][]byte{petest.TLV(0x17, []byte("300101000000Z"))} }), unsupported, "when the next one is due"},
		{"too many members", edit(func(l *petest.CatalogList) {
			l.Members = slices.Repeat([][]byte{petest.CatalogMember(sum, digest)}, catalog.MaxMembers+1)
		}), unsupported, "a list of more than 20000 members"},
		{"more than a list", edit(func(l *petest.CatalogList) { l.Rest = [][]byte{{5, 0}} }), unsupported, "list: found 2 bytes more, wanted its end"},
		{"member that is no sequence", edit(func(l *petest.CatalogList) { l.Members = [][]byte{{5, 0}} }), unsupported, "member 1 of the list: member: found tag 0x05"},
		{"two digests", member(digest, digest), unsupported, "member 2 of the list: digest: found none or several, wanted one"},
		{"no digest in its attribute", member(petest.Attribute(petest.OIDIndirect)), unsupported, "member 2 of the list: digest: found none or several, wanted one"},
		{"digest cut off", member(petest.CatalogDigest(petest.OIDFlat, sha1, sum[1:])), unsupported, "digest of the file: found 19 bytes, wanted 20 of SHA-1"},
		{"two names", member(digest, petest.FileName("a"), petest.FileName("b")), unsupported, "file name: found several, wanted one"},
		{"name of an odd length", member(digest, petest.Attribute(petest.OIDNameValue, petest.NamedValue("File", []byte("abc")))), unsupported, "file name: found 3 bytes, wanted an even number"},
	}
	v := w.verifier(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := catalog.Read(v, "x.cat", tt.data)
			if c.Signature.Verdict != tt.verdict || !strings.Contains(c.Signature.Reason, tt.reason) {
				t.Errorf("Read = %s, %q, want %s, %q", c.Signature.Verdict, c.Signature.Reason, tt.verdict, tt.reason)
			}
			if n := len(c.Members); (n > 0) != (tt.verdict == pe.Valid) || (c.Raw != nil) != (tt.verdict == pe.Valid) {
				t.Errorf("found %d members of a catalog that is %s", n, c.Signature.Verdict)
			}
			s := catalog.NewSet(c)
			if _, ok := s.Flat(crypto.SHA1, sum); ok != (tt.verdict == pe.Valid) {
				t.Errorf("Flat = %v of a catalog that is %s", ok, c.Signature.Verdict)
			}
			if got, want := len(s.Refused()), 1; tt.verdict != pe.Valid && got != want {
				t.Errorf("Refused = %d catalogs, want %d", got, want)
			}
		})
	}
}

func FuzzParseList(f *testing.F) {
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		list := der.NewReader(petest.CatalogList{Members: both(h), Made: made}.Encode()).Any("list").Content
		if _, members, _, err := catalog.ParseList(list); err != nil || len(members) != 2 {
			f.Fatalf("a seed has %d members, %v, want 2", len(members), err)
		}
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, members, unread, err := catalog.ParseList(content)
		if err != nil && len(members)+unread > 0 {
			t.Errorf("found %d members beside the error %v", len(members)+unread, err)
		}
		for _, m := range members {
			if m.Kind != catalog.Flat && m.Kind != catalog.Image || len(m.Sum) != m.Hash.Size() || strings.ContainsAny(m.Name, `/\`) {
				t.Errorf("found the member %+v", m)
			}
			if !bytes.Contains(content, m.Sum) {
				t.Errorf("the sum %x is not in the list", m.Sum)
			}
		}
	})
}

// No change to a signed catalog brings in a member that was not signed.
func FuzzRead(f *testing.F) {
	w := newWorld(f)
	v := w.verifier(f)
	signed := w.sign(f, petest.CatalogList{Members: both(crypto.SHA1)})
	want := catalog.Read(v, "c.cat", signed).Members
	f.Add(0, signed[:0])
	f.Add(100, []byte{1})
	f.Add(len(signed), []byte{0x30, 0})
	f.Fuzz(func(t *testing.T, at int, change []byte) {
		data := bytes.Clone(signed)
		at = max(0, min(at, len(data)))
		data = append(data[:at], append(change, data[min(len(data), at+len(change)):]...)...)
		c := catalog.Read(v, "c.cat", data)
		for _, m := range c.Members {
			if !slices.ContainsFunc(want, func(w catalog.Member) bool { return w.Kind == m.Kind && bytes.Equal(w.Sum, m.Sum) }) {
				t.Errorf("found the member %+v", m)
			}
		}
	})
}
