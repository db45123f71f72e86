package locate

import (
	"crypto"
	_ "crypto/sha1"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// catalogOf is a signed catalog that lists the files of fsys for which want returns true, programs by
// their Authenticode digest and others as they are.
func (p publisher) catalogOf(t *testing.T, id *petest.Identity, name string, h crypto.Hash, fsys fstest.MapFS, want func(string) bool) *catalog.Catalog {
	t.Helper()
	var l petest.CatalogList
	l.Made = p.now
	for _, file := range slices.Sorted(maps.Keys(fsys)) {
		switch {
		case !want(file):
		case kindOf(file) == image:
			l.Members = append(l.Members, petest.ImageMember(h, path.Base(file), fsys[file].Data))
		default:
			l.Members = append(l.Members, petest.FlatMember(h, path.Base(file), fsys[file].Data))
		}
	}
	return catalog.Read(p.verifier, name, petest.Catalog(t, petest.Message{Signer: id}, l))
}

func in(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

func TestCatalogProves(t *testing.T) {
	p := newPublisher(t)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		plain := kit(samplekit.Options{})
		set := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", h, plain, in("")))
		r := validate(t, plain, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set})
		if got := summary(r); len(got) > 0 {
			t.Errorf("%v: findings = %q, want none: the catalog vouches for the unsigned programs", h, got)
		}
		if diff := cmp.Diff(map[Proof]int{ProofCatalog: r.Files}, r.CountProofs()); diff != "" {
			t.Errorf("%v: proofs (-want +got):\n%s", h, diff)
		}
		if len(r.Catalogs) != 1 || r.Catalogs[0].Files != r.Files || r.Catalogs[0].File != "kit.cat" {
			t.Errorf("%v: catalogs used = %+v", h, r.Catalogs)
		}
		if v := r.ProofOf("amd64/MigApp.xml"); v != (Voucher{ProofCatalog, "kit.cat"}) {
			t.Errorf("%v: proof of MigApp.xml = %+v", h, v)
		}
		// A signature of its own is the better proof, and its file is not hashed once more.
		signed := validate(t, p.signed(t), Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set})
		if n := signed.CountProofs(); n[ProofSignature] != len(signed.Programs) || n[ProofCatalog] != signed.Files-len(signed.Programs) {
			t.Errorf("%v: proofs of a signed kit = %v", h, n)
		}
	}
}

func TestCatalogFindsAlteredFiles(t *testing.T) {
	p := newPublisher(t)
	const (
		text   = "amd64/MigApp.xml"
		plugin = "x86/ReplacementManifests7/" + pluginPath
	)
	markup := func(k fstest.MapFS) { k[text].Data = append(k[text].Data, "<!-- x -->"...) }
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		listed func(string) bool
		want   []string
	}{
		{"text", markup, in(""), []string{"error catalog-differs " + text}},
		{"unsigned program", func(k fstest.MapFS) {
			k[plugin].Data = samplekit.PE(pe.I386, pe.Version{6, 1, 7601, 17514}, 77)
		}, in(""), []string{"error catalog-differs " + plugin}},
		{"of another arch", func(k fstest.MapFS) { k["amd64/SFCN.DAT"].Data = []byte("x86 says otherwise") }, in("x86"), []string{"error catalog-differs amd64/SFCN.DAT"}},
		{"all texts", func(k fstest.MapFS) {
			for name, f := range k {
				if path.Ext(name) == ".DAT" {
					f.Data = []byte("404 not found")
				}
			}
		}, func(name string) bool { return path.Ext(name) == ".DAT" }, nil},
		{"not named by any catalog", func(k fstest.MapFS) {
			for _, arch := range archNames {
				k[arch+"/extra.dat"] = &fstest.MapFile{Data: []byte("more")}
			}
		}, in(""), nil},
		{"lost in every arch folder", func(k fstest.MapFS) {
			for _, arch := range archNames {
				delete(k, arch+"/Config_AppsOnly.xml")
			}
		}, in(""), []string{"warning catalog-missing Config_AppsOnly.xml"}},
		{"another text of the kit", func(k fstest.MapFS) { k["amd64/SFCN.DAT"].Data = k["amd64/SFLCID.DAT"].Data }, in(""),
			[]string{"error catalog-differs amd64/SFCN.DAT"}},
		{"another program of the kit, with its own valid signature", func(k fstest.MapFS) { k["x86/migsys.dll"].Data = k["x86/migstore.dll"].Data }, in(""),
			[]string{"error catalog-differs x86/migsys.dll"}},
		{"an update that no catalog lists, with a valid signature", func(k fstest.MapFS) {
			k["x86/migsys.dll"].Data = petest.Sign(t, samplekit.PE(pe.I386, pe.Version{10, 0, 65000, 1}, 1234), petest.Message{Signer: p.good})
		}, in(""), nil},
		{"named by the catalog of another kit", markup, func(name string) bool { return name == "none" }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			genuine := kit(samplekit.Options{})
			for name, f := range p.signed(t) {
				if name != plugin {
					genuine[name] = f
				}
			}
			c := p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, genuine, tt.listed)
			other := kit(samplekit.Options{})
			for _, name := range []string{"boot.dat", "font.dat", "wim.dat"} {
				other[name] = &fstest.MapFile{Data: []byte("of WinPE " + name)}
			}
			other["MigApp.xml"] = &fstest.MapFile{Data: []byte("of WinPE")}
			foreign := p.catalogOf(t, p.good, "winpe.cat", crypto.SHA1, other, func(name string) bool { return !strings.Contains(name, "/") })
			tt.change(genuine)
			r := validate(t, genuine, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: catalog.NewSet(foreign, c)})
			want := tt.want
			if tt.name == "all texts" {
				for _, name := range slices.Sorted(maps.Keys(genuine)) {
					if path.Ext(name) == ".DAT" {
						want = append(want, "error catalog-differs "+name)
					}
				}
			}
			got := slices.DeleteFunc(summary(r), func(s string) bool { return s == "info signature-none "+plugin })
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			// What is laid over the kit on purpose, the site vouches for.
			if tt.name == "text" {
				o := Options{Policy: allowAll, Signatures: p.verifier, Catalogs: catalog.NewSet(c), Overlay: []Declared{{Path: text, From: "mine.xml", Replace: true, Stock: &Stock{Path: text}}}}
				r := validate(t, genuine, o)
				if v := r.ProofOf(text); r.Count(finding.SeverityError) > 0 || v.Proof != ProofOverlay {
					t.Errorf("with an overlay: findings %q, proof %v", summary(r), v)
				}
			}
		})
	}
}

// A catalog that nobody trusts proves nothing, and that is reported.
// Folders have files of the same name. Where the catalog of one of them is missing, the list of the
// release tells its file from an altered one.
// Half of an upgrade: the catalogs of the older kit, which are still there, list the texts that are left of it.
func TestCatalogsOfTwoKits(t *testing.T) {
	p := newPublisher(t)
	older := p
	older.now = p.now.AddDate(-1, 0, 0)
	const text = "SFCN.DAT"
	before, after := kit(samplekit.Options{}), kit(samplekit.Options{})
	for _, arch := range archNames {
		before[arch+"/"+text] = &fstest.MapFile{Data: []byte("older, " + arch)}
	}
	set := catalog.NewSet(older.catalogOf(t, p.good, "a-older.cat", crypto.SHA256, before, in("")), p.catalogOf(t, p.good, "b-newer.cat", crypto.SHA256, after, in("")))
	alone := catalog.NewSet(set.Catalogs()[0])
	mixed, one := maps.Clone(after), maps.Clone(after)
	for _, arch := range archNames {
		mixed[arch+"/"+text] = before[arch+"/"+text]
	}
	one["x86/"+text] = before["x86/"+text]
	stale := []string{"error catalog-differs amd64/" + text, "error catalog-differs arm64/" + text, "error catalog-differs x86/" + text}
	for _, tt := range []struct {
		name string
		fsys fstest.MapFS
		set  *catalog.Set
		want []string
	}{
		{"the newer kit", after, set, nil},
		{"the older kit, and only its catalog", before, alone, nil},
		{"texts of the older kit in the newer", mixed, set, stale},
		{"in one arch folder, which may be as it should", one, set, nil},
	} {
		r := validate(t, tt.fsys, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: tt.set})
		if got := summary(r); !slices.Equal(got, tt.want) {
			t.Errorf("%s: findings = %q, want %q", tt.name, got, tt.want)
		}
		if tt.name == "the newer kit" && (len(r.Catalogs) != 1 || r.Catalogs[0].File != "b-newer.cat") {
			t.Errorf("%s: catalogs used = %+v, want the newer one", tt.name, r.Catalogs)
		}
	}
	for _, f := range validate(t, mixed, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set}).Findings() {
		if !strings.Contains(f.Found, "a-older.cat") || !strings.Contains(f.Wanted, "b-newer.cat") {
			t.Errorf("%s: found %s, wanted %s: want both catalogs named", f.Path, f.Found, f.Wanted)
		}
	}
}

func TestCatalogYieldsToList(t *testing.T) {
	p := newPublisher(t)
	fsys := kit(samplekit.Options{})
	const name = "amd64/ReplacementManifests7/Sample-Desktop-repl.man"
	set := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, fsys, func(file string) bool { return path.Dir(file) != path.Dir(name) }))
	table := tableOf(t, "site.txt", archNames...)
	o := Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set}
	findings := func() []string {
		return slices.DeleteFunc(summary(validate(t, fsys, o)), func(s string) bool { return !strings.HasSuffix(s, name) })
	}
	want := []string{"error catalog-differs " + name}
	if got := findings(); !slices.Equal(got, nil) {
		t.Errorf("the copy of another arch is listed: findings = %q, want none", got)
	}
	fsys[name] = &fstest.MapFile{Data: []byte("<assembly/>")}
	if got := findings(); !slices.Equal(got, want) {
		t.Errorf("without a list: findings = %q, want %q", got, want)
	}
	row := &table.Releases[0].Files[slices.IndexFunc(table.Releases[0].Files, func(f inventory.File) bool { return f.Path == name })]
	row.LFSHA256 = sumOf([]byte("<assembly/>"))
	o.Inventory = []*inventory.Table{table}
	if got := findings(); len(got) > 0 {
		t.Errorf("with a list: findings = %q, want none", got)
	}
	row.Copies = 1
	if got := findings(); !slices.Equal(got, want) {
		t.Errorf("with a list that is based on one copy: findings = %q, want %q", got, want)
	}
	row.LFSHA256, row.Copies = sumOf([]byte("<a/>")), 0
	if got := findings(); !slices.Equal(got, want) {
		t.Errorf("with a list that has another content: findings = %q, want %q", got, want)
	}
}

func TestCatalogRefused(t *testing.T) {
	p := newPublisher(t)
	plain := p.signed(t)
	set := catalog.NewSet(p.catalogOf(t, p.stranger, "kit.cat", crypto.SHA1, plain, in("")))
	r := validate(t, plain, Options{Policy: allowAll, Signatures: p.verifier, Catalogs: set})
	if diff := cmp.Diff([]string{"warning catalog-refused kit.cat"}, summary(r)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if n := r.CountProofs(); n[ProofCatalog] != 0 || n[ProofNone] != r.Files-len(r.Programs) {
		t.Errorf("proofs = %v", n)
	}
}

// A file that is compared by name only can be made an error.
func TestRequireProof(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	policy := allowAll
	policy.RequireProof = true
	all := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, fsys, in("")))
	if r := validate(t, fsys, Options{Policy: policy, Signatures: p.verifier, Catalogs: all}); r.Err(true) != nil {
		t.Errorf("a kit that is proven: %q", summary(r))
	}
	most := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA1, fsys, func(name string) bool { return name != "x86/SFCN.DAT" }))
	fsys["x86/SFCN.DAT"].Data = []byte("only this arch")
	r := validate(t, fsys, Options{Policy: policy, Signatures: p.verifier, Catalogs: catalog.NewSet()})
	if n := strings.Count(strings.Join(summary(r), "\n"), "error proof-missing "); n != 3 {
		t.Errorf("without a catalog: %q", summary(r))
	}
	fsys["x86/only.DAT"] = &fstest.MapFile{Data: []byte("unlisted")}
	delete(fsys, "x86/SFCN.DAT")
	r = validate(t, fsys, Options{Policy: policy, Signatures: p.verifier, Catalogs: most})
	i := slices.IndexFunc(r.Findings(), func(f *finding.Error) bool { return f.Rule == proofMissing.id })
	if i < 0 || r.Findings()[i].Found != "1 file without a proof, such as only.DAT" {
		t.Errorf("with one file more: %q", r.Findings())
	}
}
