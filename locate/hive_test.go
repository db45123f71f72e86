package locate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadHive(t *testing.T) {
	long := strings.Repeat("x", maxValue)
	hive := hiveBytes(softwareKey(
		[]regValue{sz("Other", "x"), sz("kitsroot10", `D:\Kits\10\`), {name: "KitsRoot81", kind: 4, data: []byte{1, 2, 3, 4}}, sz("KitsRoot", long)},
		[]regValue{{name: "KitsRoot81", kind: 2, data: sz("", `%ProgramFiles%\a`).data}, sz("KitsRoot10", "C:\\Kits\x00junk")},
		`C:\WINDOWS`))
	got, err := readHive(bytes.NewReader(hive), int64(len(hive)))
	if err != nil {
		t.Fatal(err)
	}
	want := hiveFacts{systemRoot: `C:\WINDOWS`, roots: []KitsRoot{
		{View: "64-bit view", Name: "KitsRoot10", Value: `D:\Kits\10\`},
		{View: "64-bit view", Name: "KitsRoot81", Problem: "not followed: found type REG_DWORD, wanted REG_SZ"},
		{View: "64-bit view", Name: "KitsRoot", Problem: "not followed: the value has 8194 bytes, wanted at most 4096"},
		{View: "32-bit view", Name: "KitsRoot10", Value: `C:\Kits`},
		{View: "32-bit view", Name: "KitsRoot81", Value: `%ProgramFiles%\a`},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(hiveFacts{})); diff != "" {
		t.Errorf("readHive (-want +got):\n%s", diff)
	}
}

func TestReadHiveWithoutKits(t *testing.T) {
	want := []KitsRoot{{View: "64-bit view", Problem: "no such key"}, {View: "32-bit view", Problem: "no kits root in it"}}
	hive := hiveBytes(softwareKey(nil, []regValue{sz("KitsRoot12", "x")}, ""))
	binary.LittleEndian.PutUint32(hive[8:], 6) // the second sequence number
	got, err := readHive(bytes.NewReader(hive), int64(len(hive)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.roots); diff != "" {
		t.Errorf("readHive (-want +got):\n%s", diff)
	}
	if !got.dirty {
		t.Error("a hive with different sequence numbers is not seen as dirty")
	}
}

// brokenHives are hives that cannot be read, by the reason.
func brokenHives() map[string][]byte {
	good := hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `C:\Kits`)}, nil, `C:\Windows`))
	edit := func(change func(hive []byte) []byte) []byte { return change(bytes.Clone(good)) }
	cell := func(hive []byte, kind string) int { return hiveBase + bytes.Index(hive[hiveBase:], []byte(kind)) }
	return map[string][]byte{
		"not a registry hive: it does not begin with regf":                  []byte("not a hive"),
		"the hive is cut off: found 5000 bytes, wanted 8192":                good[:5000],
		"the hive is broken: no root key at offset 0x1000":                  edit(func(h []byte) []byte { binary.LittleEndian.PutUint32(h[36:], 0); return h }),
		"the hive is broken: it points at offset 0x1001004, but has 0x2000": edit(func(h []byte) []byte { binary.LittleEndian.PutUint32(h[36:], 0x1000000); return h }),
		"the hive is broken: it points at offset 0x2000, but has 0x2000": edit(func(h []byte) []byte {
			// The value list claims to be longer than the hive.
			binary.LittleEndian.PutUint32(h[cell(h, "INSTALLED roots")-76+36:], 1<<31)
			return h
		}),
		"the hive is broken, or too large: its keys took": edit(func(h []byte) []byte {
			// An index that lists itself, for ever.
			at := cell(h, "ri")
			binary.LittleEndian.PutUint32(h[at+4:], uint32(at-4-hiveBase))
			return h
		}),
	}
}

func TestReadHiveBroken(t *testing.T) {
	for want, hive := range brokenHives() {
		got, err := readHive(bytes.NewReader(hive), int64(len(hive)))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("readHive: %v, want %q", err, want)
		}
		if len(got.roots) > 0 {
			t.Errorf("readHive of a broken hive = %v, want nothing", got.roots)
		}
	}
	if _, err := readHive(bytes.NewReader(nil), maxHive+1); err == nil || !strings.Contains(err.Error(), "wanted at most 1073741824") {
		t.Errorf("readHive of a huge hive: %v", err)
	}
}

// failingReader fails from the offset on.
type failingReader struct {
	io.ReaderAt
	from int64
	err  error
}

func (r failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > r.from {
		return 0, r.err
	}
	return r.ReaderAt.ReadAt(p, off)
}

func TestReadHiveBadSector(t *testing.T) {
	hive := hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `C:\Kits`)}, nil, ""))
	bad := errors.New("bad sector")
	for from := int64(0); from < int64(len(hive))-4096; from += 64 {
		facts, err := readHive(failingReader{bytes.NewReader(hive), from, bad}, int64(len(hive)))
		if from < hiveBase && !errors.Is(err, bad) {
			t.Fatalf("readHive, failing from %#x: %v, want %v", from, err, bad)
		}
		if errors.Is(err, bad) == (len(facts.roots) > 0) {
			t.Fatalf("readHive, failing from %#x = %v, %v, want either", from, facts.roots, err)
		}
	}
}

// panickingReader stands for a fault of the parser.
type panickingReader struct{}

func (panickingReader) ReadAt([]byte, int64) (int, error) { panic("index out of range") }

func TestReadHivePanic(t *testing.T) {
	_, err := readHive(panickingReader{}, 1<<20)
	if want := "the hive is broken: its parser gave up: index out of range"; err == nil || err.Error() != want {
		t.Errorf("readHive: %v, want %q", err, want)
	}
}

func FuzzHive(f *testing.F) {
	f.Add(hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `C:\Kits`)}, []regValue{sz("KitsRoot", "x")}, `C:\Windows`)))
	for _, hive := range brokenHives() {
		f.Add(hive)
	}
	f.Fuzz(func(t *testing.T, hive []byte) {
		guard := &countingReader{r: bytes.NewReader(hive)}
		facts, err := readHive(guard, int64(len(hive)))
		if err == nil && len(facts.roots) < 2 {
			t.Errorf("readHive = %v without an error, want something about each view", facts.roots)
		}
		if err != nil && facts.roots != nil {
			t.Errorf("readHive = %v and %v, want one of them", facts.roots, err)
		}
		if guard.reads > maxHiveReads || guard.bytes > maxHiveBytes {
			t.Errorf("readHive took %d reads of %d bytes, want at most %d of %d", guard.reads, guard.bytes, maxHiveReads, maxHiveBytes)
		}
	})
}

// countingReader counts what is really read.
type countingReader struct {
	r            io.ReaderAt
	reads, bytes int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.bytes += len(p)
	return c.r.ReadAt(p, off)
}
