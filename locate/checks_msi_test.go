package locate

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// productOf is the version that the MSIs of the sample kit have.
const productOf = "10.1.65000.1"

// database is an MSI of the files of fsys for which want returns true.
func database(t *testing.T, product string, fsys fstest.MapFS, want func(string) bool) msitest.Database {
	t.Helper()
	var files []msitest.File
	for _, name := range slices.Sorted(maps.Keys(fsys)) {
		if !want(name) {
			continue
		}
		f := msitest.File{Path: name, Data: fsys[name].Data}
		if kindOf(name) == image {
			info, err := pe.Read(bytes.NewReader(f.Data), int64(len(f.Data)))
			if err != nil {
				t.Fatal(err)
			}
			f.Version = info.FileVersion.String()
		}
		files = append(files, f)
	}
	return msitest.Kit(product, files...)
}

// signMSI signs a database, its names too if names is set.
func signMSI(t *testing.T, id *petest.Identity, db msitest.Database, names bool) []byte {
	t.Helper()
	return msitest.Compound(msitest.Sign(t, db.Root(), petest.Message{Signer: id}, names), 4)
}

// msiOf is a signed MSI of the files of fsys for which want returns true.
func (p publisher) msiOf(t *testing.T, name, product string, fsys fstest.MapFS, want func(string) bool) *MSI {
	t.Helper()
	m := ReadMSI(p.verifier, "dir/"+name, signMSI(t, p.good, database(t, product, fsys, want), true))
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

func not(want func(string) bool) func(string) bool {
	return func(name string) bool { return !want(name) }
}

func inManifests(name string) bool { return strings.Contains(name, "Manifests") }

func TestMSIProves(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	desktop := p.msiOf(t, "desktop.msi", productOf, fsys, not(inManifests))
	core := p.msiOf(t, "core.msi", productOf, fsys, inManifests)
	for _, msis := range [][]*MSI{{desktop, core}, {core, desktop}} {
		r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier, MSIs: msis})
		if got := summary(r); len(got) > 0 {
			t.Errorf("findings = %q, want none", got)
		}
		texts := r.Files - len(r.Programs)
		if diff := cmp.Diff(map[Proof]int{ProofSignature: len(r.Programs), ProofMSI: texts}, r.CountProofs()); diff != "" {
			t.Errorf("proofs (-want +got):\n%s", diff)
		}
		if v := r.ProofOf("amd64/MigApp.xml"); v != (Voucher{ProofMSI, "desktop.msi"}) {
			t.Errorf("proof of MigApp.xml = %+v", v)
		}
		if len(r.MSIs) != 2 || r.MSIs[0].MSI != msis[0] || r.MSIs[0].Files+r.MSIs[1].Files != texts || r.MSIs[0].Files == 0 || r.MSIs[1].Files == 0 {
			t.Errorf("MSIs used = %+v", r.MSIs)
		}
	}
	// A catalog is the better proof, and both count.
	set := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, fsys, in("")))
	r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set, MSIs: []*MSI{desktop, core}})
	if n := r.CountProofs(); len(summary(r)) > 0 || n[ProofMSI] != 0 || n[ProofCatalog] == 0 || r.MSIs[0].Files == 0 {
		t.Errorf("with a catalog: findings %q, proofs %v, MSIs %+v", summary(r), n, r.MSIs)
	}
}

// What the version and the size of a program say is not a proof of its content.
func TestMSIDoesNotProveProgramsByVersion(t *testing.T) {
	p := newPublisher(t)
	plain := kit(samplekit.Options{})
	r := validate(t, plain, Options{Policy: allowAll, Signatures: p.verifier, MSIs: []*MSI{p.msiOf(t, "kit.msi", productOf, plain, in(""))}})
	if n := r.CountProofs(); n[ProofNone] != len(r.Programs) || n[ProofMSI] != r.Files-len(r.Programs) {
		t.Errorf("proofs = %v, want none of %d programs", n, len(r.Programs))
	}
	if r.Count(finding.SeverityError) > 0 {
		t.Errorf("findings = %q", summary(r))
	}
}

func TestMSIFindsAlteredFiles(t *testing.T) {
	p := newPublisher(t)
	const (
		text   = "amd64/MigApp.xml"
		plugin = "x86/ReplacementManifests7/" + pluginPath
		other  = "x86/other.dat"
	)
	replace := func(name string, data []byte) func(fstest.MapFS) {
		return func(k fstest.MapFS) { k[name] = &fstest.MapFile{Data: data} }
	}
	program := func(v pe.Version, more int) []byte {
		return petest.Sign(t, samplekit.PE(pe.I386, v, more), petest.Message{Signer: p.good})
	}
	genuine := p.signed(t)
	for _, arch := range archNames {
		put(arch+"/other.dat", "no rule knows this")(genuine)
	}
	version := pe.Version{6, 1, 7601, 17514}
	flipped := bytes.Clone(genuine[other].Data)
	flipped[0] ^= 1
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		want   []string
		text   string // in the finding
	}{
		{"text of another size", func(k fstest.MapFS) { k[text].Data = append(k[text].Data, "<!-- x -->"...) }, []string{"error msi-differs " + text}, " bytes, wanted "},
		{"text of the same size", replace(other, flipped), []string{"error msi-differs " + other}, "found MD5 "},
		{"empty text", replace(other, nil), []string{"warning file-empty " + other, "error msi-differs " + other}, "found 0 bytes"},
		{"program of another version", replace(plugin, program(pe.Version{6, 1, 7601, 1}, 1001)), []string{"error msi-differs " + plugin}, "found file version 6.1.7601.1, wanted 6.1.7601.17514"},
		{"program signed again", replace(plugin, program(version, 5000)), nil, ""},
		{"program of another size, without a signature", replace(plugin, samplekit.PE(pe.I386, version, 5000)), []string{"error msi-differs " + plugin, "info signature-none " + plugin}, " bytes, wanted "},
		{"text lost", remove(text), []string{"error core-missing " + text}, ""},
		{"text lost that no rule knows", remove(other), []string{"error msi-missing " + other}, "found no such file, wanted the file that the MSI kit.msi lists"},
		{"lost in every arch folder", remove("amd64/other.dat", "arm64/other.dat", "x86/other.dat"),
			[]string{"error msi-missing amd64/other.dat", "error msi-missing arm64/other.dat", "error msi-missing x86/other.dat"}, ""},
		{"folder lost", remove("x86/ReplacementManifests7"), []string{"error msi-missing x86/ReplacementManifests7"}, "found no such folder, wanted the folder, with 3 files that the MSI kit.msi lists"},
		{"file for a folder", both(remove("x86/ReplacementManifests7"), put("x86/ReplacementManifests7", "x")), []string{"error msi-missing x86/ReplacementManifests7"}, "found a file, wanted the folder"},
		{"an arch folder lost", remove("x86", "arm64"), nil, ""},
		{"in another case", rename("amd64/MigApp.xml", "amd64/MIGAPP.XML"), nil, ""},
		{"a file more", put("amd64/mine.dat", "mine"), nil, ""},
		{"malformed as well", replace("amd64/MigUser.xml", []byte("<a")), []string{"error xml-malformed amd64/MigUser.xml"}, ""},
	}
	m := p.msiOf(t, "kit.msi", productOf, genuine, in(""))
	withCatalog := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, genuine, func(name string) bool { return path.Base(name) == "other.dat" || path.Base(name) == "SFCN.DAT" }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := maps.Clone(genuine)
			for name, f := range fsys {
				fsys[name] = &fstest.MapFile{Data: bytes.Clone(f.Data)}
			}
			tt.change(fsys)
			o := Options{Policy: allowAll, Signatures: p.verifier, MSIs: []*MSI{m}}
			if tt.name == "lost in every arch folder" { // which a catalog says as well
				o.Catalogs = withCatalog
			}
			r := validate(t, fsys, o)
			got := slices.DeleteFunc(summary(r), func(s string) bool { return strings.Contains(s, " sibling-missing ") })
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			i := slices.IndexFunc(r.Findings(), func(f *finding.Error) bool { return strings.HasPrefix(f.Rule, "msi-") })
			if tt.text != "" {
				f := r.Findings()[i]
				if !strings.Contains(f.Error(), tt.text) || f.Source != "User State Migration Tool 10.1.65000.1 (kit.msi), signed by Kits Publisher" || f.Hint == "" {
					t.Errorf("finding %q, source %q, hint %q, want %q", f, f.Source, f.Hint, tt.text)
				}
			}
			// What is missing is known before anything is copied; content is not compared then.
			first, err := Precheck(t.Context(), fsys, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range first.Findings() {
				if f.Rule == msiDiffers.id {
					t.Errorf("Precheck finds %q", f)
				}
			}
			if has := func(s string) bool { return strings.Contains(s, " msi-missing ") }; slices.ContainsFunc(tt.want, has) != slices.ContainsFunc(summary(first), has) {
				t.Errorf("Precheck = %q", summary(first))
			}
		})
	}
}

// What is laid over the kit on purpose, the site vouches for.
func TestMSIAndOverlay(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	m := p.msiOf(t, "kit.msi", productOf, fsys, in(""))
	const text, dat = "amd64/MigApp.xml", "amd64/Config_AppsOnly.xml"
	fsys[text].Data = append(fsys[text].Data, "<!-- x -->"...)
	fsys[dat].Data = []byte("<mine/>")
	o := Options{Policy: allowAll, Signatures: p.verifier, MSIs: []*MSI{m}, Overlay: []Declared{
		{Path: text, From: "mine.xml", Replace: true, Stock: &Stock{Path: text}},
		{Path: dat, From: "mine.dat"},
	}}
	r := validate(t, fsys, o)
	want := []string{"error msi-missing " + dat, "warning overlay-replaces " + text}
	got := slices.DeleteFunc(summary(r), func(s string) bool { return strings.Contains(s, " sibling-missing ") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if r.ProofOf(text).Proof != ProofOverlay {
		t.Errorf("proof = %v", r.ProofOf(text))
	}
}

// Only the packages of the kit itself count, and one that was given for nothing is reported.
func TestMSIOfTheKit(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	newer := kit(samplekit.Options{Version: "10.0.65000.2"})
	for name, f := range newer {
		if kindOf(name) != image {
			f.Data = append(f.Data, ' ')
		}
	}
	desktop := p.msiOf(t, "desktop.msi", productOf, fsys, not(inManifests))
	core := p.msiOf(t, "core.msi", productOf, fsys, inManifests)
	serviced := p.msiOf(t, "desktop.msi", "11.0.0.0", fsys, not(inManifests))
	cached := *p.msiOf(t, "1a2b.msi", "10.1.65000.2", newer, in(""))
	cached.Cached = true
	tests := []struct {
		name string
		msis []*MSI
		want []string
		by   map[string]int // files by MSI
	}{
		{"of a newer kit", []*MSI{p.msiOf(t, "new.msi", "10.1.65000.2", newer, in(""))}, []string{"warning msi-unrelated new.msi"}, nil},
		{"of a newer kit, in the cache", []*MSI{&cached}, nil, nil},
		{"of a newer kit, without scanstate.exe", []*MSI{p.msiOf(t, "new.msi", "10.1.65000.2", newer, inManifests)}, []string{"warning msi-unrelated new.msi"}, nil},
		{"of both", []*MSI{p.msiOf(t, "new.msi", "10.1.65000.2", newer, inManifests), p.msiOf(t, "new2.msi", "10.1.65000.2", newer, not(inManifests)), desktop, core},
			[]string{"warning msi-unrelated new.msi", "warning msi-unrelated new2.msi"}, map[string]int{"desktop.msi": 99, "core.msi": 99}},
		{"without scanstate.exe alone", []*MSI{core}, nil, map[string]int{"core.msi": 99}},
		{"without scanstate.exe, of another product version than the one with it", []*MSI{serviced, core}, []string{"warning msi-unrelated core.msi"}, map[string]int{"desktop.msi": 99}},
		{"without scanstate.exe, of the product version of the one with it", []*MSI{serviced, p.msiOf(t, "core.msi", "11.0.0.0", fsys, inManifests)}, nil, map[string]int{"desktop.msi": 99, "core.msi": 99}},
		{"not of USMT", []*MSI{p.msiOf(t, "wim.msi", productOf, fstest.MapFS{"readme.txt": {Data: []byte("x")}}, in(""))}, []string{"warning msi-unrelated wim.msi"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier, MSIs: tt.msis})
			if diff := cmp.Diff(tt.want, summary(r), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, f := range r.Findings() {
				if f.Source == "" || f.Hint == "" {
					t.Errorf("finding %q lacks a source or a hint", f)
				}
			}
			got := map[string]int{}
			for _, m := range r.MSIs {
				if m.Files > 0 {
					got[m.Name] = 99
				}
			}
			if diff := cmp.Diff(tt.by, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("MSIs that vouch (-want +got):\n%s", diff)
			}
		})
	}
}

// In an arch folder of another version than the package lists, nothing is compared with it.
func TestMSIOfOneArch(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	m := p.msiOf(t, "kit.msi", productOf, fsys, in(""))
	maps.Copy(fsys, kit(samplekit.Options{Version: "10.0.64999.1", Arches: []string{"x86"}}))
	fsys["x86/SFCN.DAT"].Data = []byte("of another kit")
	r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier, MSIs: []*MSI{m}})
	if got := strings.Join(summary(r), "\n"); strings.Contains(got, "msi-") || !strings.Contains(got, "arch-version-mixed x86") {
		t.Errorf("findings = %s", got)
	}
	if v := r.ProofOf("x86/MigApp.xml"); v.Proof != ProofNone {
		t.Errorf("proof of x86/MigApp.xml = %v", v)
	}
}
