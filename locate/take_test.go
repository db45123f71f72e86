package locate

import (
	"bytes"
	"context"
	"errors"
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
		put("x86/late.dat", strings.Repeat("x", sniffed)+"\x00"))(fsys)
	got, report, err := TakeInventory(t.Context(), fsys, Options{Policy: allowAll})
	if err != nil || report.Err(false) != nil {
		t.Fatal(err, summary(report))
	}
	want := tableOf(t, "", "amd64", "arm64", "x86").Releases[0]
	want.Notes = nil
	want.Files = append(want.Files, inventory.File{Path: "x86/wide.xml", Size: -1}, inventory.File{Path: "x86/late.dat", Size: -1})
	want.Sort()
	for i := range want.Files {
		if f := &want.Files[i]; f.Path == "x86/SFLISTWT.DAT" {
			f.Size, f.SHA256 = 4, "67263828f64bc8b35053830c97bbff1e22b449471b2bb2d9dc4ce2ecfa2af074"
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
	grown, opens := kit(samplekit.Options{}), 0
	change := badFS{fsys: grown, name: "amd64/SFLISTWT.DAT", noRandom: true, onOpen: func() {
		if opens++; opens == 2 { // the first looks whether it is a program
			grown["amd64/SFLISTWT.DAT"] = &fstest.MapFile{Data: []byte("a\x00b")}
		}
	}}
	if r, _, err := TakeInventory(t.Context(), change, Options{Policy: allowAll}); r != nil || err == nil || !strings.Contains(err.Error(), "it changed during the run") {
		t.Errorf("changed: TakeInventory = %v, %v, want a refusal", r, err)
	}
	if _, _, err := TakeInventory(t.Context(), whole, Options{Policy: Policy{Require: []string{"x64"}}}); err == nil {
		t.Error("TakeInventory with an unknown arch = nil, want an error")
	}
}
