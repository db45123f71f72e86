package msi_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
)

// put returns a copy of a file with a number at an offset.
func put(file []byte, off int, n uint32) []byte {
	out := bytes.Clone(file)
	binary.LittleEndian.PutUint32(out[off:], n)
	return out
}

// directoryOf returns the offset of entry n of the directory.
func directoryOf(file []byte, n int) int {
	sector := 1 << binary.LittleEndian.Uint16(file[30:])
	return (int(binary.LittleEndian.Uint32(file[48:]))+1)*sector + 128*n
}

// entryOf returns the number of the entry of this name.
func entryOf(t *testing.T, file []byte, name string) int {
	t.Helper()
	raw := []byte{}
	for _, r := range name {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(r))
	}
	for n := 1; directoryOf(file, n)+128 <= len(file); n++ {
		if e := file[directoryOf(file, n):]; bytes.HasPrefix(e, append(raw, 0, 0)) {
			return n
		}
	}
	t.Fatalf("no entry %q", name)
	return 0
}

func TestOpenRefused(t *testing.T) {
	kit := msitest.Kit(kitVersion, kitFiles()...)
	kit.Streams = []*msitest.Node{{Name: "Large", Data: make([]byte, 9000)}}
	file := encoded(kit)
	kit.Streams = append(kit.Streams, &msitest.Node{Name: "Huge", Data: make([]byte, 8<<20)})
	v3 := msitest.Compound(kit.Root(), 3)
	large, small := directoryOf(file, entryOf(t, file, "Large")), directoryOf(file, entryOf(t, file, msitest.StreamName("_StringPool")))
	root := directoryOf(file, 0)
	fat := (int(binary.LittleEndian.Uint32(file[76:])) + 1) * 4096
	data := directoryOf(file, entryOf(t, file, msitest.StreamName("_StringData")))
	deep := packageRoot()
	for range 16 {
		deep = &msitest.Node{Name: "Root Entry", Nodes: []*msitest.Node{{Name: "s", Storage: true, Nodes: deep.Nodes}}}
	}
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "not a compound file: it has only 0 bytes"},
		{"short", file[:511], "it has only 511 bytes"},
		{"header alone", file[:4096], "the sector table leads to sector"},
		{"text", bytes.Repeat([]byte("text "), 1000), "not a compound file: it starts with 74 65"},
		{"version", put(file, 24, 0x0005_003e), "version 5 with sectors of 2^12 bytes"},
		{"version 3 with large sectors", put(file, 24, 0x0003_003e), "version 3 with sectors of 2^12 bytes"},
		{"byte order", put(file, 28, 0x000c_feff), "the byte order mark of the header is 0xfeff"},
		{"cutoff", put(file, 56, 512), "small streams of up to 512 bytes"},
		{"small sectors", put(file, 32, 7), "in sectors of 2^7 bytes"},
		{"sector table too large", put(file, 44, 1<<30), "sectors; 2 are enough for the file"},
		{"no sector table", put(file, 44, 0), "the directory leads to sector"},
		{"sector table outside", put(file, 76, 1<<20), "the sector table leads to sector 0x100000"},
		{"sector table not all listed", put(v3, 72, 0), "sectors, but only 109 are listed"},
		{"list of the sector table outside", put(v3, 68, 1<<20), "the list of the sector table leads to sector 0x100000"},
		{"chain longer than its stream", put(v3, directoryOf(v3, 0)+120, 512), "the stream of small streams does not end after its 1 sectors"},
		{"directory outside", put(file, 48, 1<<31), "the directory leads to sector 0x80000000"},
		{"no directory", put(file, 48, 0xfffffffe), "the directory is empty"},
		{"directory with a loop", put(file, fat+4*int(binary.LittleEndian.Uint32(file[48:])), binary.LittleEndian.Uint32(file[48:])), "the directory has a loop, or more than 16384 entries"},
		{"no root", put(file, root+64, 0x0102_0016), "is of kind 2, not the root (5)"},
		{"name too long", put(file, large+64, 0x0102_0042), "has a name of 66 bytes"},
		{"name without end", put(file, large+64, 0x0102_0004), "has a name of 4 bytes that does not end as it must"},
		{"name with NUL", put(file, large, 0), "has NUL in its name"},
		{"kind", put(file, large+64, 0x0107_000c), "is of kind 7, neither a storage nor a stream"},
		{"sibling outside", put(file, large+68, 1000), "the directory links entry 1000"},
		{"sibling is the root", put(file, large+68, 0), "the directory links entry 0 twice"},
		{"loop of siblings", put(file, large+72, uint32(entryOf(t, file, "Large"))), "twice"},
		{"stream larger than the file", put(file, large+120, 1<<30), "more than the file"},
		{"stream of 4 GiB and more", put(file, large+124, 1), "bytes, more than is read"},
		{"small streams too large", put(file, root+120, 17<<20), "the small streams have 17825792 bytes together"},
		{"small streams outside", put(file, root+116, 1<<20), "the stream of small streams ends after 0"},
		{"small streams too short", put(file, root+120, 1), "leads out of the small streams"},
		{"table of small streams too large", put(file, 64, 1<<20), "the table of small streams has 1048576 sectors"},
		{"small stream outside", put(file, small+116, 1<<20), "the table _StringPool leads out of the small streams"},
		{"small stream longer than its chain", put(file, data+120, 4000), "leads out of the small streams"},
		{"small stream shorter than its chain", put(file, data+120, 1), "does not end after its 1 bytes"},
		{"deep storages", msitest.Compound(deep, 4), "17 storages in one another"},
		{"name there twice", encoded(edited(func(d *msitest.Database) {
			d.Streams = []*msitest.Node{{Name: "Same"}, {Name: "Same"}}
		})), `the entry "Same" is there twice`},
		{"too many entries", encoded(edited(func(d *msitest.Database) {
			for i := range 16 << 10 {
				d.Streams = append(d.Streams, &msitest.Node{Name: fmt.Sprint(i)})
			}
		})), "more than 16384 entries"},
		{"another kind of compound file", msitest.Compound(&msitest.Node{Name: "Root Entry"}, 4), "not a Windows Installer database: it has no table _StringPool"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := msi.Open(bytes.NewReader(tt.file), int64(len(tt.file)))
			if err == nil {
				_, err = d.Files()
			}
			wantFormatError(t, err, tt.want)
		})
	}
	if _, err := msi.Open(bytes.NewReader(file), 1<<30+1); err == nil || !strings.Contains(err.Error(), "files of up to 1073741824 bytes are read") {
		t.Errorf("Open of more than 1 GiB = %v", err)
	}
}

// edited is a kit that was changed.
func edited(edit func(*msitest.Database)) msitest.Database {
	d := msitest.Kit(kitVersion, kitFiles()...)
	edit(&d)
	return d
}

// A file that is cut off anywhere is refused, or what is missing is not needed.
func TestOpenCutOff(t *testing.T) {
	file := msitest.Compound(msitest.Kit(kitVersion, kitFiles()...).Root(), 3)
	want := len(kitFiles())
	for n := 0; n < len(file); n += 97 {
		d, err := msi.Open(bytes.NewReader(file[:n]), int64(n))
		if err == nil {
			var list []msi.File
			if list, err = d.Files(); err == nil && len(list) != want {
				t.Errorf("Files of %d of %d bytes = %d files, want %d or an error", n, len(file), len(list), want)
			}
		}
		if err != nil {
			wantFormatError(t, err, "")
		}
		// The same with a size that promises more.
		if _, err := msi.Open(bytes.NewReader(file[:n]), int64(len(file))); err != nil {
			wantFormatError(t, err, "")
		}
	}
}

func TestTablesRefused(t *testing.T) {
	// rename puts a stream of ours in the place of a table.
	replace := func(name string, data []byte) *msitest.Node {
		root := msitest.Kit(kitVersion, kitFiles()...).Root()
		if data == nil {
			root.Nodes = slices.DeleteFunc(root.Nodes, func(n *msitest.Node) bool { return n.Name == msitest.StreamName(name) })
			return root
		}
		root.Find(msitest.StreamName(name)).Data = data
		return root
	}
	of := func(name string) []byte {
		return bytes.Clone(msitest.Kit(kitVersion, kitFiles()...).Root().Find(msitest.StreamName(name)).Data)
	}
	cut := func(name string, n int) *msitest.Node { b := of(name); return replace(name, b[:len(b)-n]) }
	columns := of("_Columns")
	rows := len(columns) / 8
	column := func(col, row int, v uint16) *msitest.Node {
		b := bytes.Clone(columns)
		binary.LittleEndian.PutUint16(b[2*(col*rows+row):], v)
		return replace("_Columns", b)
	}
	twin := func(name string) *msitest.Node {
		root := replace(name, of(name))
		// Two letters in one character, and the same letters in one character each.
		spelled := []rune{0x4840}
		for _, r := range name {
			spelled = append(spelled, 0x4800+rune(strings.IndexRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._", r)))
		}
		root.Nodes = append(root.Nodes, &msitest.Node{Name: string(spelled)})
		return root
	}
	tests := []struct {
		name string
		root *msitest.Node
		want string
	}{
		{"no _Tables", replace("_Tables", nil), "it has no table _Tables"},
		{"no _StringData", replace("_StringData", nil), "it has no table _StringData"},
		{"no pool", replace("_StringPool", []byte{}), "the table _StringPool has 0 bytes"},
		{"pool cut off", cut("_StringPool", 1), "the table _StringPool has"},
		{"pool ends in a long text", replace("_StringPool", append(of("_StringPool"), 0, 0, 1, 0)), "ends in the middle of an entry"},
		{"texts cut off", cut("_StringData", 1), "of the table _StringData, which has"},
		{"texts missing in the pool", cut("_StringPool", 40), "is referred to; there are"},
		{"long text that is not there", replace("_StringPool", append(of("_StringPool"), 0, 0, 0xff, 0xff, 0, 0, 1, 0)), "of the table _StringData, which has"},
		{"too many texts", replace("_StringPool", append(of("_StringPool"), make([]byte, 1<<20)...)), "the database has 262"},
		{"_Tables cut off", cut("_Tables", 1), "the table _Tables has"},
		{"_Columns cut off", cut("_Columns", 2), "the table _Columns has"},
		{"File cut off", cut("File", 1), "the table File has"},
		{"column out of order", column(1, 1, 0x8003), `the table _Columns has column 3 of the table "Property" where it does not belong`},
		{"column of no table", column(0, 0, 9), "where it does not belong"},
		{"type of column", column(3, 0, 0x8503), "is of type 0x0503, which is not known"},
		{"rows without end", replace("Component", make([]byte, 12*(64<<10+1))), "wanted up to 65536 rows of 12 bytes"},
		{"too large together", replace("_StringData", make([]byte, 17<<20)), "the tables have more than 16777216 bytes together"},
		{"a table twice", twin("Media"), "the table Media is there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := msitest.Compound(tt.root, 4)
			d, err := msi.Open(bytes.NewReader(file), int64(len(file)))
			if err == nil {
				_, err = d.Files()
			}
			wantFormatError(t, err, tt.want)
		})
	}
}

// Few bytes must not cost much memory: however a small file is made, reading it allocates little.
func TestMemory(t *testing.T) {
	d := msitest.Kit(kitVersion, kitFiles()...)
	// Every file is in the deepest directory that the limits allow.
	dirs := table(d, "Directory")
	parent := "USMT"
	for i := range 50 {
		key := fmt.Sprint("deep", i)
		dirs.Rows = append(dirs.Rows, []any{key, parent, "xxxx"})
		parent = key
	}
	rows, first := table(d, "File"), table(d, "File").Rows[0]
	for i := range 32<<10 - len(rows.Rows) {
		rows.Rows = append(rows.Rows, slices.Concat([]any{fmt.Sprint(i)}, first[1:]))
	}
	table(d, "Component").Rows[0][2] = parent
	file := encoded(d)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := len(filesOf(t, file)); got != 32<<10 {
		t.Fatalf("%d files", got)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("reading %d bytes allocates %d bytes, want at most 64 MiB", len(file), got)
	}
}
