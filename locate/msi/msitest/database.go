package msitest

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"path"
	"strings"
)

// A Table is a table of a database. Columns are "name type", with a type as in
// the files that msibuild reads, such as "File s72", "Sequence i4", "Version S72".
// A value is a string, an int, or nil.
type Table struct {
	Name    string
	Columns []string
	Rows    [][]any
}

// A Database is what to write.
type Database struct {
	CodePage uint32
	Long     bool // references to texts have 3 bytes
	Tables   []Table
	Streams  []*Node // further ones
}

// Root returns the database as the root of a compound file.
func (d Database) Root() *Node {
	w := &writer{width: 2, ids: map[string]int{}, head: d.CodePage}
	if d.Long {
		w.width, w.head = 3, d.CodePage|1<<31
	}
	root := &Node{Name: "Root Entry", Class: [16]byte{0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}}
	add := func(t Table) {
		root.Nodes = append(root.Nodes, &Node{Name: StreamName(t.Name), Data: w.table(t)})
	}
	tables := Table{Name: "_Tables", Columns: []string{"Name s64"}}
	columns := Table{Name: "_Columns", Columns: []string{"Table s64", "Number i2", "Name s64", "Type i2"}}
	for _, t := range d.Tables {
		tables.Rows = append(tables.Rows, []any{t.Name})
		for i, c := range t.Columns {
			name, kind, _ := strings.Cut(c, " ")
			columns.Rows = append(columns.Rows, []any{t.Name, i + 1, name, kindOf(kind, i == 0)})
		}
		if len(t.Rows) > 0 {
			add(t)
		}
	}
	add(tables)
	add(columns)
	pool, data := w.pool()
	root.Nodes = append(root.Nodes, &Node{Name: StreamName("_StringPool"), Data: pool}, &Node{Name: StreamName("_StringData"), Data: data})
	root.Nodes = append(root.Nodes, d.Streams...)
	return root
}

// kindOf returns the type of a column as it is stored.
func kindOf(kind string, key bool) int {
	var size int
	if _, err := fmt.Sscan(kind[1:], &size); err != nil {
		panic("msitest: type " + kind) // only for a mistake in a test
	}
	bits := 0x100 | size
	switch kind[0] | 0x20 {
	case 's':
		bits |= 0xc00
	case 'l':
		bits |= 0xe00
	case 'i':
		if size == 2 {
			bits |= 0x400
		}
	case 'v':
		bits |= 0x800
	}
	if kind[0] < 'a' {
		bits |= 0x1000
	}
	if key {
		bits |= 0x2000
	}
	return bits
}

// StreamName returns the name of the stream of a table.
func StreamName(table string) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
	out := []rune{0x4840}
	for i := 0; i < len(table); i += 2 {
		r := rune(strings.IndexByte(letters, table[i]))
		if i+1 < len(table) {
			r += 0x3800 + rune(strings.IndexByte(letters, table[i+1]))<<6
		} else {
			r += 0x4800
		}
		out = append(out, r)
	}
	return string(out)
}

// writer numbers texts.
type writer struct {
	head  uint32
	width int
	ids   map[string]int
	texts []string
}

func (w *writer) id(s string) int {
	if s == "" {
		return 0
	}
	if w.ids[s] == 0 {
		w.texts = append(w.texts, s)
		w.ids[s] = len(w.texts)
	}
	return w.ids[s]
}

// table returns the stream of a table: one column after the other.
func (w *writer) table(t Table) []byte {
	var b []byte
	for col, c := range t.Columns {
		_, kind, _ := strings.Cut(c, " ")
		for _, row := range t.Rows {
			width, v := 2, 0
			switch value := row[col].(type) {
			case string:
				width, v = w.width, w.id(value)
			case int:
				if v = value + 0x8000; kind[1:] == "4" {
					width, v = 4, value+0x80000000
				}
			default:
				if kind[0]|0x20 != 'i' {
					width = w.width
				} else if kind[1:] == "4" {
					width = 4
				}
			}
			b = append(b, binary.LittleEndian.AppendUint64(nil, uint64(v))[:width]...)
		}
	}
	return b
}

func (w *writer) pool() (pool, data []byte) {
	le := binary.LittleEndian
	pool = le.AppendUint32(nil, w.head)
	for _, s := range w.texts {
		if n := len(s); n > 0xffff {
			pool = le.AppendUint32(pool, uint32(n)&0xffff0000)
		}
		pool = le.AppendUint16(le.AppendUint16(pool, uint16(len(s))), 1)
		data = append(data, s...)
	}
	return pool, data
}

// A File is one that a kit installs: its path below the folder of USMT.
type File struct {
	Path    string
	Data    []byte
	Version string // "" gives it a hash
}

// Kit returns a database that installs files of USMT as the ADK does.
func Kit(version string, files ...File) Database {
	dirs := Table{Name: "Directory", Columns: []string{"Directory s72", "Directory_Parent S72", "DefaultDir l255"}, Rows: [][]any{
		{"TARGETDIR", nil, "SourceDir"}, {"ProgramFilesFolder", "TARGETDIR", "."}, {"WindowsKits", "ProgramFilesFolder", "tatwyu9i|Windows Kits"},
		{"KitsRoot", "WindowsKits", "10"}, {"ContentRoot", "KitsRoot", "dw4pnwcn|Assessment and Deployment Kit"},
		{"USMT", "ContentRoot", "xw79pvo4|User State Migration Tool"},
	}}
	components := Table{Name: "Component", Columns: []string{
		"Component s72", "ComponentId S38", "Directory_ s72", "Attributes i2", "Condition S255", "KeyPath S72",
	}}
	rows := Table{Name: "File", Columns: []string{
		"File s72", "Component_ s72", "FileName l255", "FileSize i4", "Version S72", "Language S20", "Attributes I2", "Sequence i4",
	}}
	hashes := Table{Name: "MsiFileHash", Columns: []string{
		"File_ s72", "Options i2", "HashPart1 i4", "HashPart2 i4", "HashPart3 i4", "HashPart4 i4",
	}}
	made := map[string]string{".": "USMT", "..": "ContentRoot", "../..": "KitsRoot"}
	var dir func(name string) string
	dir = func(name string) string {
		if made[name] == "" {
			parent := dir(path.Dir(name))
			made[name] = fmt.Sprintf("dir%d", len(made))
			dirs.Rows = append(dirs.Rows, []any{made[name], parent, fmt.Sprintf("d%d|%s", len(made), path.Base(name))})
		}
		return made[name]
	}
	for i, f := range files {
		key, component := fmt.Sprintf("fil%d", i+1), fmt.Sprintf("cmp%d", i+1)
		components.Rows = append(components.Rows, []any{component, nil, dir(path.Dir(f.Path)), 0, nil, key})
		rows.Rows = append(rows.Rows, []any{
			key, component, fmt.Sprintf("f%d|%s", i+1, path.Base(f.Path)), len(f.Data), f.Version, nil, 512, i + 1,
		})
		if f.Version == "" {
			row := []any{key, 0}
			sum := md5.Sum(f.Data)
			for j := 0; j < len(sum); j += 4 {
				row = append(row, int(int32(binary.LittleEndian.Uint32(sum[j:]))))
			}
			hashes.Rows = append(hashes.Rows, row)
		}
	}
	media := Table{Name: "Media", Columns: []string{
		"DiskId i2", "LastSequence i4", "DiskPrompt L64", "Cabinet S255", "VolumeLabel S32", "Source S72",
	}, Rows: [][]any{{1, 0, nil, nil, nil, nil}, {2, len(files), nil, "0ab24be4ae66cd2d38e5495684e0a5a1.cab", nil, nil}}}
	property := Table{Name: "Property", Columns: []string{"Property s72", "Value l0"}, Rows: [][]any{
		{"ProductName", "User State Migration Tool"}, {"ProductVersion", version}, {"Manufacturer", "Test"},
		{"ProductCode", "{11111111-2222-3333-4444-555555555556}"}, {"ProductLanguage", "1033"},
	}}
	return Database{CodePage: 65001, Tables: []Table{property, dirs, components, rows, media, hashes}}
}
