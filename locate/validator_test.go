package locate

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// manyFaults changes a kit so that nearly every rule finds something.
func manyFaults() fstest.MapFS {
	k := kit(samplekit.Options{})
	both(
		remove("amd64/migcore.dll", "arm64/DLManifests", "x86/SFLISTWT.DAT"), put("x86/SFPATWT.INF", "x"),
		put("amd64/SFCN.DAT", ""), put("amd64/mighost.exe", "MZ"), putPE("x86/mighost.exe", pe.AMD64, pe.Version{}),
		put("amd64/a.xml", migration("u")), put("amd64/A.XML", migration("u")), put("amd64/b.xml", migration("u")),
		put("amd64/NUL", "x"), putMode("x86/link", fs.ModeSymlink), put("readme", "x"), put("x86/y.man", "<"),
	)(k)
	return k
}

func TestFindingsAreDeterministic(t *testing.T) {
	defer goleak.VerifyNone(t)
	fsys := manyFaults()
	want := validate(t, fsys, Options{Workers: 1})
	if n := want.Count(finding.SeverityError); n < 10 {
		t.Fatalf("%d errors, want a test of at least 10", n)
	}
	for range 50 {
		if diff := cmp.Diff(want.Err(true).Error(), validate(t, fsys, Options{Workers: 8}).Err(true).Error()); diff != "" {
			t.Fatalf("findings (-first +now):\n%s", diff)
		}
	}
}

// sameErrors compares what findings carry of the readers of programs and XML.
var sameErrors = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Err" }, cmp.Comparer(func(a, b error) bool { return reflect.DeepEqual(a, b) }))

// feed hands a folder to a Validator as a copying program would: in any order, from several
// goroutines, and each file perhaps twice.
func feed(t *rapid.T, fsys fstest.MapFS, o Options) *Report {
	v, err := NewValidator(o)
	if err != nil {
		t.Fatal(err)
	}
	names := rapid.Permutation(slices.Sorted(maps.Keys(fsys))).Draw(t, "order")
	entered := rapid.Bool().Draw(t, "entered")
	var wg sync.WaitGroup
	for _, name := range names {
		f := fsys[name]
		wg.Go(func() {
			if (entered || !f.Mode.IsRegular()) && !v.Enter(name, f.Mode) {
				return
			}
			if !f.Mode.IsRegular() {
				return
			}
			for range 2 {
				if _, err := look(v, name, f.Data); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return v.Finish()
}

func TestValidatorAgreesWithValidate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fsys := manyFaults()
		for range rapid.IntRange(0, 30).Draw(rt, "removed") {
			delete(fsys, rapid.SampledFrom(slices.Sorted(maps.Keys(fsys))).Draw(rt, "file"))
		}
		o := Options{Policy: rapid.SampledFrom([]Policy{{}, allowAll, {Forbid: []string{"x86"}}}).Draw(rt, "policy")}
		want, err := Validate(t.Context(), fsys, o)
		if err != nil {
			rt.Fatal(err)
		}
		got := feed(rt, fsys, o)
		if diff := cmp.Diff(want.Findings(), got.Findings(), sameErrors); diff != "" {
			rt.Fatalf("findings (-Validate +by hand):\n%s", diff)
		}
		if want.Version != got.Version || want.Files != got.Files {
			rt.Fatalf("by hand: version %s, %d files, want %s, %d", got.Version, got.Files, want.Version, want.Files)
		}
	})
}

// look inspects a file as whoever reads it anyway does.
func look(v *Validator, name string, data []byte) (Facts, error) {
	i, err := v.Inspect(name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Facts{}, err
	}
	if i.Wants() {
		if _, err := i.Write(data); err != nil {
			return Facts{}, err
		}
	}
	return i.Facts(fmt.Sprintf("%x", sha256.Sum256(data)))
}

// However a content is cut into parts, the same comes out; what nobody writes is read.
func TestInspectParts(t *testing.T) {
	for name, data := range map[string]string{
		"amd64/a.dat": "MZ", "amd64/b.dat": "MZ and more", "amd64/c.dat": "M", "amd64/d.man": "<assembly/>", "amd64/e.man": "<assembly>",
		"amd64/f.inf": "a\x00b", "amd64/g.xml": "MZ", "amd64/h.xml": "<migration urlid='x'/>",
	} {
		var first []string
		for n := 1; n <= len(data); n++ {
			v, err := NewValidator(Options{Policy: allowAll})
			if err != nil {
				t.Fatal(err)
			}
			i, err := v.Inspect(name, strings.NewReader(data), int64(len(data)))
			if err != nil || !i.Wants() {
				t.Fatalf("%s: Inspect = %v, wants the content: %v", name, err, i.Wants())
			}
			for part := range slices.Chunk([]byte(data), n) {
				if _, err := i.Write(part); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := i.Facts(""); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range v.Finish().Findings() {
				if f.Path == name {
					found = append(found, f.Error())
				}
			}
			if n == 1 {
				first = found
			}
			if !slices.Equal(found, first) {
				t.Errorf("%s in parts of %d: %q, want %q", name, n, found, first)
			}
		}
		if good := name == "amd64/c.dat" || name == "amd64/d.man" || name == "amd64/h.xml"; good != (len(first) == 0) {
			t.Errorf("%s: found %q", name, first)
		}
	}
}

func TestInspectGivesFacts(t *testing.T) {
	v, err := NewValidator(Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		data []byte
		want Facts
	}{
		{"x86/a.dll", samplekit.PE(pe.AMD64, pe.Version{7, 0, 1, 2}, 0), Facts{Machine: "amd64", Version: "7.0.1.2"}},
		{"arm64/a.dll", samplekit.PE(pe.ARM64, pe.Version{}, 0), Facts{Machine: "arm64"}},
		{"amd64/a.dll", []byte("MZ"), Facts{}},
		{"amd64/a.xml", []byte("<a/>"), Facts{}},
		{"amd64/a.exe", nil, Facts{}},
	}
	for _, tt := range tests {
		got, err := look(v, tt.name, tt.data)
		if err != nil || got != tt.want {
			t.Errorf("Inspect(%s) = %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestFileNeverInspected(t *testing.T) {
	v, err := NewValidator(Options{Policy: Policy{Allow: []string{"amd64", "arm64", "x86"}}})
	if err != nil {
		t.Fatal(err)
	}
	if !v.Enter("amd64/sub/x.txt", 0) || v.Enter("amd64/sub/link", fs.ModeSymlink) || v.Enter("other", fs.ModeDir) || !v.Enter("x86", fs.ModeDir) {
		t.Error("Enter says the wrong thing about what to look at")
	}
	if !slices.Contains(summary(v.Finish()), "error not-inspected amd64/sub/x.txt") {
		t.Errorf("findings = %q, want not-inspected among them", summary(v.Finish()))
	}
	if _, err := look(v, "amd64/sub/x.txt", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(summary(v.Finish()), "error not-inspected amd64/sub/x.txt") {
		t.Error("found not-inspected after the inspection")
	}
}
