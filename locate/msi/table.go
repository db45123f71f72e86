package msi

import (
	"encoding/binary"
	"fmt"
)

// A column is how a table stores one of its columns.
type column struct {
	name  string
	text  bool // a reference to a text
	width int  // bytes of a value
}

// Bits of the type of a column. Source: Wine, dlls/msi/msipriv.h.
const (
	typeSize   = 0x00ff
	typeKnown  = 0x0100
	typeText   = 0x0800
	typeNull   = 0x1000
	typeStream = typeText | typeKnown // with the size 0: the value is a stream
)

// A table is the rows of one table, column after column as it is stored.
type table struct {
	name    string
	rows    int
	data    []byte
	columns []column
	starts  []int // of the columns, in data
	strings *stringPool
	err     error // the first fault that reading a value found
}

// readColumns reads what tables there are and the columns of each.
func (d *Database) readColumns() error {
	names, err := d.newTable("_Tables", []column{d.text("Name")})
	if err != nil {
		return err
	}
	d.columns = make(map[string][]column)
	for row := range names.rows {
		d.columns[names.text(row, 0)] = nil
	}
	if names.err != nil {
		return names.err
	}
	t, err := d.newTable("_Columns", []column{d.text("Table"), number("Number"), d.text("Name"), number("Type")})
	if err != nil {
		return err
	}
	for row := range t.rows {
		name := t.text(row, 0)
		list, ok := d.columns[name]
		if at := int64(t.number(row, 1)); t.err == nil && (!ok || at != int64(len(list)+1)) {
			return malformed("the table _Columns has column %d of the table %q where it does not belong", at, name)
		}
		c, err := d.columnOf(t.text(row, 2), uint16(t.number(row, 3)))
		if err != nil {
			return err
		}
		d.columns[name] = append(list, c)
	}
	return t.err
}

func (d *Database) text(name string) column { return column{name, true, d.strings.width} }
func number(name string) column             { return column{name, false, 2} }

// columnOf returns how a column of this type is stored.
func (d *Database) columnOf(name string, kind uint16) (column, error) {
	size := kind & typeSize
	switch {
	case kind&^typeNull == typeStream:
		return number(name), nil
	case kind&typeText != 0:
		return d.text(name), nil
	case size <= 2:
		return number(name), nil
	case size == 4:
		return column{name, false, 4}, nil
	}
	return column{}, malformed("column %q is of type %#04x, which is not known", name, kind)
}

// table returns the named columns of a table. A table that the database does
// not have has no rows.
func (d *Database) table(name string, columns ...string) (*table, error) {
	all, ok := d.columns[name]
	if !ok {
		return &table{name: name, strings: d.strings}, nil
	}
	t, err := d.newTable(name, all)
	if err != nil {
		return nil, err
	}
	return t, t.choose(columns)
}

// newTable reads a table of these columns.
func (d *Database) newTable(name string, columns []column) (*table, error) {
	t := &table{name: name, columns: columns, strings: d.strings}
	e := d.tables[name]
	if e == nil {
		t.starts = make([]int, len(columns))
		return t, nil
	}
	width := 0
	for _, c := range columns {
		width += c.width
	}
	if width == 0 || e.Size%int64(width) != 0 || e.Size/int64(width) > maxRows {
		return nil, malformed("the table %s has %d bytes; wanted up to %d rows of %d bytes", name, e.Size, maxRows, width)
	}
	var err error
	if t.data, err = d.content(e); err != nil {
		return nil, err
	}
	t.rows = len(t.data) / width
	at := 0
	for _, c := range columns {
		t.starts = append(t.starts, at)
		at += c.width * t.rows
	}
	return t, nil
}

// choose keeps the columns of these names, in this order.
func (t *table) choose(names []string) error {
	var columns []column
	var starts []int
	for _, name := range names {
		at := -1
		for i, c := range t.columns {
			if c.name == name {
				at = i
			}
		}
		if at < 0 {
			return malformed("the table %s has no column %s", t.name, name)
		}
		columns, starts = append(columns, t.columns[at]), append(starts, t.starts[at])
	}
	t.columns, t.starts = columns, starts
	return nil
}

func (t *table) value(row, col int) []byte {
	c := t.columns[col]
	return t.data[t.starts[col]+row*c.width:][:c.width]
}

// text returns a value of a column of texts, "" for none.
func (t *table) text(row, col int) string {
	if t.err == nil && !t.columns[col].text {
		t.err = malformed("column %s of the table %s is not of texts", t.columns[col].name, t.name)
	}
	if t.err != nil {
		return ""
	}
	var id [4]byte
	copy(id[:], t.value(row, col))
	s, err := t.strings.text(binary.LittleEndian.Uint32(id[:]))
	if err != nil {
		t.err = fmt.Errorf("row %d of the table %s, column %s: %w", row+1, t.name, t.columns[col].name, err)
	}
	return s
}

// number returns a value of a column of numbers. None is the lowest number that
// the column can hold.
func (t *table) number(row, col int) int32 {
	c := t.columns[col]
	if t.err == nil && c.text {
		t.err = malformed("column %s of the table %s is not of numbers", c.name, t.name)
	}
	if t.err != nil {
		return 0
	}
	v := t.value(row, col)
	if c.width == 4 {
		return int32(binary.LittleEndian.Uint32(v) ^ 1<<31)
	}
	return int32(int16(le16(v) ^ 1<<15))
}
