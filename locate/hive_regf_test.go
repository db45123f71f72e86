package locate

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// regKey is a key of a hive made for a test.
type regKey struct {
	name   string
	index  string // "lf" (also for ""), "lh", "li", or "ri" for an index of lh lists, one for each sub-key
	keys   []regKey
	values []regValue
}

// regValue is a value of such a key.
type regValue struct {
	name string
	kind uint32
	data []byte
}

// sz is a REG_SZ value.
func sz(name, text string) regValue {
	var data []byte
	for _, u := range utf16.Encode([]rune(text + "\x00")) {
		data = binary.LittleEndian.AppendUint16(data, u)
	}
	return regValue{name: name, kind: 1, data: data}
}

// hiveWriter writes a registry hive (regf 1.5): a base block of 4096 bytes, then
// one hive bin with all cells.
// Source: https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md
type hiveWriter struct {
	bin []byte // offsets in it are cell offsets
}

const noCell = 0xFFFFFFFF

// hiveBytes makes a hive with the given root key.
func hiveBytes(root regKey) []byte {
	w := &hiveWriter{bin: make([]byte, 32)}
	rootCell := w.key(root, 0x2C) // KEY_HIVE_ENTRY, KEY_NO_DELETE, KEY_COMP_NAME
	if free := -len(w.bin) & 4095; free > 0 {
		w.bin = binary.LittleEndian.AppendUint32(w.bin, uint32(free))
		w.bin = append(w.bin, make([]byte, free-4)...)
	}
	copy(w.bin, "hbin")
	binary.LittleEndian.PutUint32(w.bin[8:], uint32(len(w.bin)))

	base := make([]byte, 4096)
	copy(base, "regf")
	for offset, value := range map[int]uint32{
		4: 7, 8: 7, // sequence numbers: equal, as the hive was closed
		20: 1, 24: 5, // version 1.5
		32: 1, 36: rootCell, 40: uint32(len(w.bin)), 44: 1,
	} {
		binary.LittleEndian.PutUint32(base[offset:], value)
	}
	return append(sealed(base), w.bin...)
}

// sealed gives the base block its checksum.
func sealed(base []byte) []byte {
	var sum uint32
	for i := 0; i < 508; i += 4 {
		sum ^= binary.LittleEndian.Uint32(base[i:])
	}
	binary.LittleEndian.PutUint32(base[508:], sum)
	return base
}

// cell adds a cell and returns its offset.
func (w *hiveWriter) cell(payload []byte) uint32 {
	offset := uint32(len(w.bin))
	size := (4 + len(payload) + 7) &^ 7
	w.bin = binary.LittleEndian.AppendUint32(w.bin, -uint32(size)) // negative: in use
	w.bin = append(w.bin, payload...)
	w.bin = append(w.bin, make([]byte, size-4-len(payload))...)
	return offset
}

// key adds a key with all below it.
func (w *hiveWriter) key(k regKey, flags uint16) uint32 {
	nk := make([]byte, 76)
	copy(nk, "nk")
	binary.LittleEndian.PutUint16(nk[2:], flags)
	for offset, value := range map[int]uint32{
		16: noCell, 20: uint32(len(k.keys)), 28: w.index(k), 32: noCell,
		36: uint32(len(k.values)), 40: w.values(k), 44: noCell, 48: noCell,
	} {
		binary.LittleEndian.PutUint32(nk[offset:], value)
	}
	binary.LittleEndian.PutUint16(nk[72:], uint16(len(k.name)))
	return w.cell(append(nk, k.name...))
}

// index adds the sub-keys and the cell that lists them.
func (w *hiveWriter) index(k regKey) uint32 {
	if len(k.keys) == 0 {
		return noCell
	}
	var below []uint32
	for _, sub := range k.keys {
		below = append(below, w.key(sub, 0x20)) // KEY_COMP_NAME
	}
	switch k.index {
	case "", "lf", "lh":
		return w.list(max(k.index, "lf"), below, true)
	case "ri":
		for i, offset := range below {
			below[i] = w.list("lh", []uint32{offset}, true)
		}
	}
	return w.list(k.index, below, false)
}

func (w *hiveWriter) list(kind string, offsets []uint32, hashes bool) uint32 {
	list := binary.LittleEndian.AppendUint16([]byte(kind), uint16(len(offsets)))
	for _, offset := range offsets {
		list = binary.LittleEndian.AppendUint32(list, offset)
		if hashes {
			list = append(list, 0, 0, 0, 0) // readers that look for one key compare it; ours does not
		}
	}
	return w.cell(list)
}

// values adds the values and the cell that lists them.
func (w *hiveWriter) values(k regKey) uint32 {
	if len(k.values) == 0 {
		return noCell
	}
	var list []byte
	for _, v := range k.values {
		vk := make([]byte, 20)
		copy(vk, "vk")
		binary.LittleEndian.PutUint16(vk[2:], uint16(len(v.name)))
		size := uint32(len(v.data))
		if size <= 4 {
			copy(vk[8:], v.data)
			size |= 0x80000000 // the data is in the offset's place
		} else {
			binary.LittleEndian.PutUint32(vk[8:], w.cell(v.data))
		}
		binary.LittleEndian.PutUint32(vk[4:], size)
		binary.LittleEndian.PutUint32(vk[12:], v.kind)
		binary.LittleEndian.PutUint16(vk[16:], 1) // VALUE_COMP_NAME
		list = binary.LittleEndian.AppendUint32(list, w.cell(append(vk, v.name...)))
	}
	return w.cell(list)
}

// softwareKey is the root of a SOFTWARE hive: the kits roots of both views, and
// the Windows folder as the volume's own system named it.
func softwareKey(native, wow []regValue, systemRoot string) regKey {
	installed := func(values []regValue) []regKey {
		if values == nil {
			return nil
		}
		return []regKey{{name: "Windows Kits", index: "li", keys: []regKey{{name: "INSTALLED roots", values: values}}}}
	}
	nt := regKey{name: "Windows NT", keys: []regKey{{name: "CurrentVersion", values: []regValue{sz("SystemRoot", systemRoot)}}}}
	return regKey{name: "ROOT", keys: []regKey{
		{name: "Classes", keys: []regKey{{name: ".txt"}}},
		{name: "Microsoft", index: "ri", keys: slices.Concat([]regKey{{name: "DirectX"}}, installed(native), []regKey{nt})},
		{name: "WOW6432Node", index: "lh", keys: []regKey{{name: "Microsoft", keys: installed(wow)}}},
	}}
}
