package locate

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// A publisher signs kits.
type publisher struct {
	good, old, stranger *petest.Identity
	verifier            *pe.Verifier
	now                 time.Time
}

func newPublisher(t *testing.T) publisher {
	t.Helper()
	root := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Root", 2000, 2100, petest.CA))
	rogue := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Rogue", 2000, 2100, petest.CA))
	leaf := func(ca *petest.Identity, name string, to int) *petest.Identity {
		return ca.Issue(t, petest.ECKey(t), petest.Certificate(name, 2000, to, petest.CodeSigning))
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	v, err := pe.NewVerifier(func() time.Time { return now }, []*x509.Certificate{root.Cert})
	if err != nil {
		t.Fatal(err)
	}
	return publisher{leaf(root, "Kits Publisher", 2100), leaf(root, "Old Publisher", 2020), leaf(rogue, "Microsoft Corporation", 2100), v, now}
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
	strange := petest.Message{ContentType: "1.2.3.4", Content: petest.TLV(0x30, petest.TLV(4, []byte("x")))}
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
		{"of a strange kind", by(p.good, strange), []string{"warning signature-unproven " + core}, "cannot be checked here"},
		{"plug-in of a strange kind", func(k fstest.MapFS) {
			m := strange
			m.Signer = p.good
			k[plugin].Data = petest.Sign(t, samplekit.PE(pe.I386, pe.Version{6, 1, 7601, 1}, 900), m)
		}, []string{"warning signature-unsupported " + plugin}, ""},
		{"core program unsigned", unsigned(core), []string{"warning signature-unproven " + core}, "every program there has since Windows 10"},
		{"planted in the root", func(k fstest.MapFS) {
			k["x86/version.dll"] = &fstest.MapFile{Data: samplekit.PE(pe.I386, pe.Version{10, 0, 65000, 1}, 0)}
		},
			[]string{"warning signature-unproven x86/version.dll"}, ""},
		{"plug-in unsigned", unsigned(plugin), []string{"info signature-none " + plugin}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := p.signed(t)
			tt.change(fsys)
			r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier})
			if diff := cmp.Diff(tt.want, ofOneArch(r), cmpopts.EquateEmpty()); diff != "" {
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
			if len(ofOneArch(blind)) > 0 || blind.Signed()[""] != len(blind.Programs) {
				t.Errorf("without a verifier: %v, signatures %v", summary(blind), blind.Signed())
			}
		})
	}
}

// Before Windows 10 kits had unsigned programs in their roots.
func TestSignatureOldKit(t *testing.T) {
	p := newPublisher(t)
	old := kit(samplekit.Options{Version: "6.3.9600.16384"})
	r := validate(t, old, Options{Policy: allowAll, Signatures: p.verifier})
	if r.Count(finding.SeverityError) > 0 || !slices.Contains(summary(r), "warning signature-unproven amd64/scanstate.exe") {
		t.Errorf("findings = %q, want warnings", summary(r))
	}
}

// The list of a release vouches for a program by its hash, or by saying that it has no signature.
func TestSignatureKnownRelease(t *testing.T) {
	p := newPublisher(t)
	const core = "amd64/migcore.dll"
	plain := kit(samplekit.Options{})
	taken, r, err := TakeInventory(t.Context(), plain, Options{Policy: allowAll})
	if err != nil || taken == nil {
		t.Fatal(err, summary(r))
	}
	tests := []struct {
		name string
		edit func(*inventory.File) // of the listed migcore.dll
		add  string                // a program that is not listed
		want []string
	}{
		{"the hash is listed", func(*inventory.File) {}, "", nil},
		{"listed as unsigned, without a hash", func(f *inventory.File) { f.SHA256, f.Size, f.Signature = "", -1, inventory.Unsigned }, "", nil},
		{"listed as signed, without a hash", func(f *inventory.File) { f.SHA256, f.Size, f.Signature = "", -1, inventory.Signed }, "",
			[]string{"error signature-missing " + core}},
		{"listed by name only", func(f *inventory.File) { f.SHA256, f.Size = "", -1 }, "", []string{"warning signature-unproven " + core}},
		{"not listed", func(*inventory.File) {}, "amd64/ReplacementManifests7/cryptbase.dll", []string{
			"info inventory-extra amd64/ReplacementManifests7/cryptbase.dll", "error signature-missing amd64/ReplacementManifests7/cryptbase.dll"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			release := *taken
			release.Files = slices.Clone(taken.Files)
			tt.edit(&release.Files[slices.IndexFunc(release.Files, func(f inventory.File) bool { return f.Path == core })])
			fsys := kit(samplekit.Options{})
			if tt.add != "" {
				fsys[tt.add] = &fstest.MapFile{Data: samplekit.PE(pe.AMD64, pe.Version{10, 0, 65000, 1}, 0)}
			}
			o := Options{Policy: allowAll, Signatures: p.verifier, Inventory: []*inventory.Table{{Name: "own", Releases: []*inventory.Release{&release}}}}
			if diff := cmp.Diff(tt.want, summary(validate(t, fsys, o))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if tt.add == "" {
				return
			}
			o.Overlay = []Declared{{Path: tt.add, From: "tools/x.dll"}} // for what is laid over it on purpose, the site vouches
			if diff := cmp.Diff([]string{"info signature-none " + tt.add}, summary(validate(t, fsys, o))); diff != "" {
				t.Errorf("findings with an overlay (-want +got):\n%s", diff)
			}
		})
	}
}

// What is listed of a signature is what was found; a kit with a fault gives no list.
func TestSignatureIsListed(t *testing.T) {
	p := newPublisher(t)
	o := Options{Policy: allowAll, Signatures: p.verifier}
	release, r, err := TakeInventory(t.Context(), p.signed(t), o)
	if err != nil || release == nil {
		t.Fatal(err, summary(r))
	}
	if slices.ContainsFunc(release.Files, func(f inventory.File) bool { return f.Machine != "" && f.Signature != inventory.Signed }) {
		t.Error("the list calls a signed program something else")
	}
	release, _, err = TakeInventory(t.Context(), kit(samplekit.Options{}), o)
	if err != nil || slices.ContainsFunc(release.Files, func(f inventory.File) bool { return f.Machine != "" && f.Signature != inventory.Unsigned }) {
		t.Errorf("TakeInventory = %v: the list calls an unsigned program something else", err)
	}
	bad := p.signed(t)
	bad["amd64/migcore.dll"].Data[700] ^= 1
	if release, _, err = TakeInventory(t.Context(), bad, o); release != nil || err != nil {
		t.Errorf("TakeInventory of an altered kit = %v, %v, want findings", release, err)
	}
}
