package locate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

func TestTakeInventory(t *testing.T) {
	fsys := kit(samplekit.Options{})
	both(rename("amd64", "AMD64"), put("readme.txt", "beside"), put("x86/SFLISTWT.DAT", "S\x00F\x00"), put("x86/wide.xml", "\xff\xfe<\x00a\x00/\x00>\x00"),
		put("x86/late.dat", strings.Repeat("x", sniffed)+"\x00\r\n"), put("x86/lf.txt", "a\n"))(fsys)
	got, report, err := TakeInventory(t.Context(), fsys, Options{Policy: allowAll})
	if err != nil || report.Err(false) != nil {
		t.Fatal(err, summary(report))
	}
	want := tableOf(t, "", "amd64", "arm64", "x86").Releases[0]
	want.Notes = nil
	for _, name := range []string{"x86/wide.xml", "x86/late.dat", "x86/lf.txt"} {
		want.Files = append(want.Files, inventory.File{Path: name})
	}
	want.Sort()
	for i := range want.Files {
		f := &want.Files[i]
		data := fsys[strings.Replace(f.Path, "amd64", "AMD64", 1)].Data
		f.Size, f.SHA256 = int64(len(data)), sumOf(data)
		switch f.Path {
		case "x86/SFLISTWT.DAT":
			f.LFSHA256 = "" // it is binary now
		case "x86/late.dat": // a text as far as version control looks
			f.LFSHA256 = sumOf([]byte(strings.Repeat("x", sniffed) + "\x00\n"))
		case "x86/lf.txt":
			f.LFSHA256 = f.SHA256
		}
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b pe.Version) bool { return a == b })); diff != "" {
		t.Errorf("TakeInventory (-want +got):\n%s", diff)
	}

	var b bytes.Buffer
	if err := inventory.Write(&b, &inventory.Table{Releases: []*inventory.Release{got}}); err != nil {
		t.Fatal(err)
	}
	table, err := inventory.Parse(&b, "site.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Policy: allowAll, Inventory: []*inventory.Table{table}}
	if diff := cmp.Diff([]string{"info left-out readme.txt"}, summary(validate(t, fsys, o))); diff != "" {
		t.Errorf("the folder beside its own list (-want +got):\n%s", diff)
	}
	flipped("x86/SFLISTWT.DAT", 0)(fsys)
	if got := summary(validate(t, fsys, o)); !strings.Contains(strings.Join(got, "\n"), "error inventory-differs x86/SFLISTWT.DAT") {
		t.Errorf("findings = %q, want the altered list of system files", got)
	}
}

func TestTakeInventoryRefusesFaults(t *testing.T) {
	fsys := kit(samplekit.Options{})
	remove("amd64/migcore.dll")(fsys)
	r, report, err := TakeInventory(t.Context(), fsys, Options{Policy: allowAll})
	if r != nil || err != nil || report.Err(false) == nil {
		t.Errorf("TakeInventory = %v, %v, want no list and findings", r, err)
	}
}

func TestTakeInventoryFailures(t *testing.T) {
	bad := errors.New("bad sector")
	whole := kit(samplekit.Options{})
	for _, name := range []string{"amd64/SFCN.DAT", "amd64/migcore.dll"} {
		fsys := badFS{fsys: whole, name: name, open: true, err: bad}
		if r, _, err := TakeInventory(t.Context(), fsys, Options{Policy: allowAll}); r != nil || !errors.Is(err, bad) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: TakeInventory = %v, %v, want %v", name, r, err, bad)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := badFS{fsys: whole, name: "amd64/SFCN.DAT", noRandom: true, onOpen: func() { cancel(bad) }}
	if r, _, err := TakeInventory(ctx, stop, Options{Policy: allowAll}); r != nil || !errors.Is(err, bad) {
		t.Errorf("cancelled: TakeInventory = %v, %v, want %v", r, err, bad)
	}
	if _, _, err := TakeInventory(t.Context(), whole, Options{Policy: Policy{Require: []string{"x64"}}}); err == nil {
		t.Error("TakeInventory with an unknown arch = nil, want an error")
	}
}

// Each file is opened once, and what was listed is what was read then.
func TestTakeInventoryReadsOnce(t *testing.T) {
	whole, opens := kit(samplekit.Options{}), make(map[string]int)
	for name := range whole {
		one := badFS{fsys: whole, name: name, noRandom: true, onOpen: func() { opens[name]++ }}
		if _, _, err := TakeInventory(t.Context(), one, Options{Policy: allowAll}); err != nil || opens[name] != 1 {
			t.Errorf("%s: TakeInventory = %v, opened %d times, want once", name, err, opens[name])
		}
		if strings.HasPrefix(name, "x86/R") {
			break // those so far are of all kinds
		}
	}
	for _, name := range []string{"amd64/SFCN.DAT", "amd64/migcore.dll"} {
		cut := shortFS{whole, name}
		if _, _, err := TakeInventory(t.Context(), cut, Options{Policy: allowAll}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "it changed during the run") {
			t.Errorf("%s became shorter: TakeInventory = %v, want a refusal", name, err)
		}
	}
}

// shortFS has a file whose last byte was lost after it was listed.
type shortFS struct {
	fsys fstest.MapFS
	name string
}

func (s shortFS) Open(name string) (fs.File, error) {
	f, err := s.fsys.Open(name)
	if name != s.name || err != nil {
		return f, err
	}
	return shortFile{f, bytes.NewReader(s.fsys[name].Data[:len(s.fsys[name].Data)-1])}, nil
}

type shortFile struct {
	fs.File
	io.ReaderAt
}
