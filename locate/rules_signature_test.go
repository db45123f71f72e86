package locate

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// A publisher signs kits.
type publisher struct {
	good, old, stranger *petest.Identity
	verifier            *pe.Verifier
}

func newPublisher(t *testing.T) publisher {
	t.Helper()
	root := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Root", 2000, 2100, petest.CA))
	rogue := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Rogue", 2000, 2100, petest.CA))
	leaf := func(ca *petest.Identity, name string, to int) *petest.Identity {
		return ca.Issue(t, petest.ECKey(t), petest.Certificate(name, 2000, to, petest.CodeSigning))
	}
	now := func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }
	v, err := pe.NewVerifier(now, []*x509.Certificate{root.Cert})
	if err != nil {
		t.Fatal(err)
	}
	return publisher{leaf(root, "Kits Publisher", 2100), leaf(root, "Old Publisher", 2020), leaf(rogue, "Microsoft Corporation", 2100), v}
}

// signed is the sample kit with signed programs.
func (p publisher) signed(t *testing.T) fstest.MapFS {
	t.Helper()
	fsys := kit(samplekit.Options{})
	for name, f := range fsys {
		if kindOf(name) == image {
			f.Data = petest.Sign(t, f.Data, petest.Message{Signer: p.good})
		}
	}
	return fsys
}

func TestSignatureRules(t *testing.T) {
	p := newPublisher(t)
	const core, plugin = "amd64/migcore.dll", "x86/ReplacementManifests7/" + pluginPath
	by := func(id *petest.Identity, m petest.Message) func(fstest.MapFS) {
		return func(k fstest.MapFS) {
			m.Signer = id
			k[core].Data = petest.Sign(t, samplekit.PE(pe.AMD64, pe.Version{10, 0, 65000, 1}, 900), m)
		}
	}
	unsigned := func(name string) func(fstest.MapFS) {
		return func(k fstest.MapFS) { k[name].Data = kit(samplekit.Options{})[name].Data }
	}
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		want   []string
		text   string
	}{
		{"all valid", func(fstest.MapFS) {}, nil, ""},
		{"altered", func(k fstest.MapFS) { k[plugin].Data[700] ^= 1 }, []string{"error signature-tampered " + plugin}, `wanted the file as "Kits Publisher" signed it`},
		{"in Microsoft's name", by(p.stranger, petest.Message{}), []string{"error signature-untrusted " + core}, `in the name of "Microsoft Corporation"`},
		{"expired", by(p.old, petest.Message{}), []string{"error signature-expired " + core}, "wanted a time stamp"},
		{"of a strange kind", by(p.good, petest.Message{ContentType: "1.2.3.4", Content: petest.TLV(0x30, petest.TLV(4, []byte("x")))}),
			[]string{"warning signature-unsupported " + core}, ""},
		{"core program unsigned", unsigned(core), []string{"warning signature-missing " + core}, ""},
		{"plug-in unsigned", unsigned(plugin), []string{"info signature-none " + plugin}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := p.signed(t)
			tt.change(fsys)
			r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier})
			if diff := cmp.Diff(tt.want, summary(r)); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			if tt.text != "" && !strings.Contains(r.Findings()[0].Error(), tt.text) {
				t.Errorf("finding = %q, want %q in it", r.Findings()[0], tt.text)
			}
			if n := r.Signed(); n[""] != 0 || n[pe.Valid] != len(r.Programs)-len(tt.want) {
				t.Errorf("signatures = %v of %d programs, want all but %d valid", n, len(r.Programs), len(tt.want))
			}
			// Nobody who does not look may speak of signatures, or count a file as one that has none.
			blind := validate(t, fsys, Options{Policy: allowAll})
			if len(blind.Findings()) > 0 || blind.Signed()[""] != len(blind.Programs) {
				t.Errorf("without a verifier: %v, signatures %v", summary(blind), blind.Signed())
			}
		})
	}
}

// A program that its release is known to have without a signature is as it should be.
func TestSignatureKnownUnsigned(t *testing.T) {
	p := newPublisher(t)
	o := Options{Policy: allowAll, Signatures: p.verifier}
	plain := kit(samplekit.Options{})
	release, r, err := TakeInventory(t.Context(), plain, o)
	if err != nil || release == nil {
		t.Fatal(err, summary(r))
	}
	if slices.ContainsFunc(release.Files, func(f inventory.File) bool { return f.Machine != "" && f.Signature != inventory.Unsigned }) {
		t.Error("the list calls an unsigned program something else")
	}
	o.Inventory = []*inventory.Table{{Name: "own", Releases: []*inventory.Release{release}}}
	if got := summary(validate(t, plain, o)); len(got) > 0 {
		t.Errorf("findings = %q, want none", got)
	}
	release, r, err = TakeInventory(t.Context(), p.signed(t), Options{Policy: allowAll, Signatures: p.verifier})
	if err != nil || release == nil {
		t.Fatal(err, summary(r))
	}
	if slices.ContainsFunc(release.Files, func(f inventory.File) bool { return f.Machine != "" && f.Signature != inventory.Signed }) {
		t.Error("the list calls a signed program something else")
	}
}
