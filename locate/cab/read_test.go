package cab_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/cab/cabtest"
)

// content returns bytes such as programs have: literals of which some are
// frequent, repeats from near and far, runs, and calls. The same seed gives the same.
func content(size int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, 0, size+300)
	for len(b) < size {
		switch n := r.IntN(100); {
		case n < 40 || len(b) < 300:
			b = append(b, byte(r.ExpFloat64()*20))
		case n < 50:
			b = append(b, 0xe8, byte(r.Uint32()), byte(r.Uint32()), byte(r.IntN(2)*r.IntN(256)), byte(-r.IntN(2)))
		case n < 53:
			b = append(b, bytes.Repeat([]byte{byte(n)}, r.IntN(600))...)
		default:
			n := 2 + r.IntN(20)
			if r.IntN(30) == 0 {
				n = r.IntN(290)
			}
			far := len(b)
			if r.IntN(3) > 0 {
				far = min(far, 2000)
			}
			at := len(b) - 1 - r.IntN(far)
			b = append(b, b[at:min(len(b), at+n)]...)
		}
	}
	return b[:size]
}

// files cuts content into files of folder 0; a zero has no bytes.
func files(content []byte, sizes ...int) (list []cabtest.File) {
	at := 0
	for i, n := range append(sizes, len(content)) {
		n = min(n, len(content)-at)
		list = append(list, cabtest.File{Name: fmt.Sprintf("f%d", i), Size: n, Start: at})
		at += n
	}
	return list
}

// wanted returns the files of folders with these contents.
func wanted(list []cabtest.File, contents ...[]byte) map[string]string {
	m := map[string]string{}
	for _, f := range list {
		m[f.Name] = string(contents[f.Folder][f.Start:][:f.Size])
	}
	return m
}

// read returns the content of each file of the cabinet first of a set.
func read(set map[string][]byte, first string) (map[string]string, error) {
	open := func(name string) (*cab.Cabinet, error) {
		b, ok := set[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return cab.Open(name, bytes.NewReader(b), int64(len(b)))
	}
	c, err := open(first)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for r := cab.NewReader(c, open); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, r); err != nil {
			return m, err
		}
		for _, name := range append(f.Twins, f.Name) {
			if _, ok := m[name]; ok {
				return m, fmt.Errorf("%s came twice", name)
			}
			m[name] = b.String()
		}
	}
}

// same fails if got is not what it should be.
func same(t *testing.T, who string, got, want map[string]string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("%s: files %q, want %q", who, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for name, b := range want {
		if got[name] != b {
			i := 0
			for i < min(len(b), len(got[name])) && b[i] == got[name][i] {
				i++
			}
			t.Errorf("%s: %s has %d bytes, want %d; the first that differs is %d", who, name, len(got[name]), len(b), i)
		}
	}
}

// judge compares with what cabextract makes of the first cabinet of a set.
func judge(t *testing.T, set map[string][]byte, first string, want map[string]string) {
	t.Helper()
	program, err := exec.LookPath("cabextract")
	if err != nil {
		t.Log("cabextract, a judge of this test, is not installed: NOT TESTED against it")
		return
	}
	dir := t.TempDir()
	for name, b := range set {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out")
	if text, err := exec.CommandContext(t.Context(), program, "-q", "-d", out, filepath.Join(dir, first)).CombinedOutput(); err != nil {
		t.Fatalf("cabextract: %v: %s", err, text)
	}
	got := map[string]string{}
	for name := range want {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(b)
	}
	same(t, "cabextract", got, want)
}

// check reads a cabinet of one part, and has it judged.
func check(t *testing.T, c cabtest.Cabinet, want map[string]string) {
	t.Helper()
	set := map[string][]byte{"a.cab": c.Bytes()}
	got, err := read(set, "a.cab")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Reader", got, want)
	judge(t, set, "a.cab", want)
}

func TestCompressions(t *testing.T) {
	run := func(kind, size int) cabtest.Run { return cabtest.Run{Kind: kind, Size: size} }
	mix := []cabtest.Run{run(cabtest.Verbatim, 70001), run(cabtest.Aligned, 40000), run(cabtest.Uncompressed, 33333), run(cabtest.Verbatim, 1),
		run(cabtest.Uncompressed, 2), run(cabtest.Uncompressed, 7), run(cabtest.Aligned, 500)}
	type test struct {
		name    string
		size    int
		compose func([]byte) cabtest.Folder
	}
	tests := []test{
		{"stored", 100_000, cabtest.Stored},
		{"stored, whole blocks", 65536, cabtest.Stored},
		{"MSZIP", 300_001, cabtest.MSZIP},
		{"stored, short blocks", 100_000, func(b []byte) cabtest.Folder {
			f := cabtest.Stored(b[:60_000])
			f.Blocks = append(f.Blocks, cabtest.Stored(b[60_000:]).Blocks...)
			return f
		}},
		{"LZX, verbatim", 100_000, func(b []byte) cabtest.Folder { return cabtest.LZX(b, 18, 0, mix[0]) }},
		{"LZX, aligned", 100_000, func(b []byte) cabtest.Folder { return cabtest.LZX(b, 18, 0, mix[1]) }},
		{"LZX, uncompressed", 100_001, func(b []byte) cabtest.Folder { return cabtest.LZX(b, 18, 0, mix[2]) }},
		{"LZX, block by block", 200_000, func(b []byte) cabtest.Folder {
			return cabtest.LZX(b, 16, 0, run(cabtest.Uncompressed, 32768), run(cabtest.Aligned, 32768))
		}},
	}
	tests = append(tests, test{"LZX, odd blocks that end with their frames", 200_000, func(b []byte) cabtest.Folder {
		return cabtest.LZX(b, 16, 0, run(cabtest.Verbatim, 1), run(cabtest.Uncompressed, 32767), run(cabtest.Uncompressed, 32769), run(cabtest.Aligned, 32767))
	}})
	for bits := 15; bits <= 21; bits++ {
		size := 1<<bits + 54321
		if bits <= 18 {
			size *= 2
			tests = append(tests, test{fmt.Sprintf("LZX, window 2^%d", bits), size, func(b []byte) cabtest.Folder { return cabtest.LZX(b, bits, 0, mix...) }})
		}
		tests = append(tests, test{fmt.Sprintf("LZX, window 2^%d, calls", bits), size, func(b []byte) cabtest.Folder { return cabtest.LZX(b, bits, int32(size/2), mix...) }})
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := content(tt.size, uint64(i))
			list := files(b, 5, 0, 40_000, 3, 30_000)
			check(t, cabtest.Cabinet{Folders: []cabtest.Folder{tt.compose(b)}, Files: list}, wanted(list, b))
		})
	}
}

func TestShapes(t *testing.T) {
	a, b := content(40_000, 1), content(90_000, 2)
	folders := []cabtest.Folder{cabtest.MSZIP(a), cabtest.LZX(b, 17, 0, cabtest.Run{Kind: cabtest.Aligned, Size: 50_000})}
	list := append(files(a, 1000, 2000), cabtest.File{Name: "b1", Size: 50, Start: 70_000, Folder: 1}, cabtest.File{Name: "b2", Size: 10, Start: 89_990, Folder: 1})
	shuffled := []cabtest.File{list[3], list[0], list[4], list[2], list[1]}
	twins := append(slices.Clone(list), cabtest.File{Name: "twin of b1", Size: 50, Start: 70_000, Folder: 1}, cabtest.File{Name: "twin of f0", Size: 1000})
	tests := []struct {
		name string
		c    cabtest.Cabinet
	}{
		{"two folders", cabtest.Cabinet{Folders: folders, Files: list}},
		{"no checksums", cabtest.Cabinet{Folders: folders, Files: list, NoSums: true}},
		{"a signature's reserve", cabtest.Cabinet{Folders: folders, Files: list, Reserve: make([]byte, 20)}},
		{"reserves everywhere", cabtest.Cabinet{Folders: folders, Files: list, Reserve: []byte{1, 2, 3}, FolderReserve: 5, DataReserve: make([]byte, 7)}},
		{"folders in turns", cabtest.Cabinet{Folders: folders, Files: shuffled}},
		{"twins", cabtest.Cabinet{Folders: folders, Files: twins}},
		{"no files", cabtest.Cabinet{Folders: folders}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, want := tt.c, wanted(tt.c.Files, a, b)
			set := map[string][]byte{"a.cab": append(c.Bytes(), "a signature"...)}
			got, err := read(set, "a.cab")
			if err != nil {
				t.Fatal(err)
			}
			same(t, "Reader", got, want)
			if len(want) > 0 { // cabextract refuses a cabinet without files
				judge(t, set, "a.cab", want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	b := []byte("x")
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.Stored(b)}, Files: []cabtest.File{
		{Name: "\xe4.xml", Size: 1}, {Name: "ä", Start: 1, UTF8: true}, {Name: `..\x`, Start: 1}, {Name: strings.Repeat("n", 255), Start: 1},
	}}
	got, err := read(map[string][]byte{"a": c.Bytes()}, "a")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Reader", got, map[string]string{"ä.xml": "x", "ä": "", `..\x`: "", strings.Repeat("n", 255): ""})
}

// TestReserveIsSummed: [MS-CAB] has the checksum of a block include its reserve. cabextract leaves it out, and
// cannot judge this.
func TestReserveIsSummed(t *testing.T) {
	b := content(40_000, 1)
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(b)}, Files: files(b, 1000), DataReserve: []byte("reserve")}
	got, err := read(map[string][]byte{"a": c.Bytes()}, "a")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Reader", got, wanted(c.Files, b))
}

// split returns the cabinets of a set: c is cut within each of the given blocks
// of its only folder.
func split(c cabtest.Cabinet, at ...int) map[string][]byte {
	all, name := c.Folders[0], func(i int) string { return fmt.Sprintf("%d.cab", i+1) }
	set := map[string][]byte{}
	size := func(blocks []cabtest.Block) (n int) {
		for _, b := range blocks {
			n += b.Size
		}
		return n
	}
	begin := 0
	var rest *cabtest.Block
	for i := range len(at) + 1 {
		part := c
		part.Index, part.Set = uint16(i), 77
		var blocks []cabtest.Block
		first := begin
		if rest != nil {
			blocks, first = append(blocks, *rest), begin+1
		}
		last := len(all.Blocks)
		if i < len(at) {
			last = at[i]
		}
		blocks = append(blocks, all.Blocks[first:last]...)
		from, to := size(all.Blocks[:begin]), size(all.Blocks[:last])
		if i > 0 {
			part.Previous = name(i - 1)
		}
		if i < len(at) {
			part.Next = name(i + 1)
			cut := all.Blocks[last]
			half := len(cut.Packed) / 2
			blocks = append(blocks, cabtest.Block{Packed: cut.Packed[:half]})
			rest = &cabtest.Block{Packed: cut.Packed[half:], Size: cut.Size}
			begin, to = last, to+cut.Size-1
		}
		part.Files = nil
		for _, f := range c.Files {
			before, after := f.Start < from && i > 0, f.Start+f.Size > to && i < len(at)
			if f.Start+f.Size <= from && i > 0 || f.Start > to {
				continue
			}
			switch {
			case before && after:
				f.Folder = cabtest.FromAndTo
			case before:
				f.Folder = cabtest.FromPrevious
			case after:
				f.Folder = cabtest.ToNext
			}
			part.Files = append(part.Files, f)
		}
		part.Folders = []cabtest.Folder{{Compression: all.Compression, Blocks: blocks}}
		set[name(i)] = part.Bytes()
	}
	return set
}

func TestSets(t *testing.T) {
	b := content(200_000, 9)
	for name, f := range map[string]cabtest.Folder{
		"stored": cabtest.Stored(b), "MSZIP": cabtest.MSZIP(b), "LZX": cabtest.LZX(b, 15, 0, cabtest.Run{Kind: cabtest.Verbatim, Size: 45_678}),
	} {
		t.Run(name, func(t *testing.T) {
			list := files(b, 1000, 170_000)
			set := split(cabtest.Cabinet{Folders: []cabtest.Folder{f}, Files: list, Reserve: make([]byte, 20)}, 1, 3)
			want := wanted(list, b)
			got, err := read(set, "1.cab")
			if err != nil {
				t.Fatal(err)
			}
			same(t, "Reader", got, want)
			delete(want, "f2") // begins in 3.cab, in a folder that does not; cabextract leaves such files out
			judge(t, set, "1.cab", want)
			for _, other := range []string{"2.cab", "3.cab"} {
				if got, err := read(set, other); err != nil || len(got) > 0 {
					t.Errorf("%s, read alone: %d files, %v; wanted none, as the folder begins in 1.cab", other, len(got), err)
				}
			}
		})
	}
}

// TestSkip reads files that are far from each other, in pieces.
func TestSkip(t *testing.T) {
	b := content(150_000, 4)
	list := files(b, 60_000, 10, 60_000, 1000)
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(b)}, Files: list}.Bytes()
	open, err := cab.Open("a.cab", bytes.NewReader(c), int64(len(c)))
	if err != nil {
		t.Fatal(err)
	}
	r := cab.NewReader(open, nil)
	for _, f := range list {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		want := b[f.Start:][:f.Size]
		switch f.Name {
		case "f0", "f2":
			continue
		case "f1":
			want = want[:5]
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(iotest.OneByteReader(r), got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, or other bytes", f.Name, err)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read after the end = %d, %v", n, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the last file: %v", err)
	}
}

// TestReadFails: an error of the disk is not a fault of the cabinet.
func TestReadFails(t *testing.T) {
	b := content(100_000, 4)
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(b)}, Files: files(b)}.Bytes()
	disk := errors.New("the disk is broken")
	for _, good := range []int64{0, 50, 1000, int64(len(c)) - 1} {
		open, err := cab.Open("a.cab", failing{bytes.NewReader(c), good, disk}, int64(len(c)))
		if err == nil {
			r := cab.NewReader(open, nil)
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			_, err = io.Copy(io.Discard, r)
			if !errors.Is(err, disk) {
				t.Errorf("after %d bytes: %v", good, err)
			}
			continue
		}
		if !errors.Is(err, disk) || errors.As(err, new(*cab.FormatError)) {
			t.Errorf("after %d bytes: %v", good, err)
		}
	}
}

type failing struct {
	r    io.ReaderAt
	good int64
	err  error
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.good {
		n, _ := f.r.ReadAt(p[:max(0, f.good-at)], at)
		return n, f.err
	}
	return f.r.ReadAt(p, at)
}
