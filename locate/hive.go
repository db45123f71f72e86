package locate

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"www.velocidex.com/golang/regparser"
)

// Bounds on the reading of a hive. The parser trusts every count and offset in
// it, follows index cells however often they point at themselves, and turns a
// failed read into a zero; all that is caught at its reader.
const (
	maxHive      = 1 << 30  // bytes; a SOFTWARE hive has 50 to 300 MB, Windows loads at most 4 GB
	maxHiveReads = 1 << 17  // reads; the values of an ordinary hive take some thousands
	maxHiveBytes = 16 << 20 // bytes read in all
	maxValue     = 4 << 10  // bytes of one value: 2,048 characters, eight times MAX_PATH
)

// Of the hive's layout: the hive bins follow the base block, cell offsets count
// from them, and an offset of all ones points nowhere.
// Source: https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md
const (
	hiveBase = 4096
	nilCell  = hiveBase + 0xFFFFFFFF
)

// hiveFacts is what a SOFTWARE hive says about kits.
type hiveFacts struct {
	roots      []KitsRoot
	systemRoot string // the Windows folder as the volume's own system named it, such as C:\Windows, or empty
	dirty      bool   // not closed cleanly: the last changes are in its log files, which are not read
}

// hiveViews are the two views of a registry, with what stands before the keys of each below SOFTWARE.
var hiveViews = [...]struct{ name, prefix string }{
	{"64-bit view", ""},
	{"32-bit view", `WOW6432Node\`},
}

// readHive reads the kits roots from a SOFTWARE hive of size bytes. It comes back
// with an error, in bounded time and memory, whatever the bytes are.
func readHive(r io.ReaderAt, size int64) (facts hiveFacts, err error) {
	err = parseHive(r, size, maxHiveReads, maxHiveBytes, func(hive *regparser.Registry) {
		facts.dirty = hive.BaseBlock.Sequence1() != hive.BaseBlock.Sequence2()
		if v := hiveValue(hive.OpenKey(`Microsoft\Windows NT\CurrentVersion`), "SystemRoot"); v != nil {
			facts.systemRoot = v.Value
		}
		for _, view := range hiveViews {
			facts.roots = append(facts.roots, hiveView(hive, view.name, view.prefix)...)
		}
	})
	if err != nil {
		return hiveFacts{}, err
	}
	return facts, nil
}

// parseHive opens a hive for look, which may read so often and so much. What look found is of no
// use when parseHive comes back with an error.
func parseHive(r io.ReaderAt, size int64, reads, bytes int, look func(*regparser.Registry)) (err error) {
	if size > maxHive {
		return fmt.Errorf("the hive has %d bytes, wanted at most %d", size, maxHive)
	}
	guard := &hiveReader{r: r, size: size, maxReads: reads, maxBytes: bytes}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the hive is broken: its parser gave up: %v", p)
		}
		if guard.err != nil {
			err = guard.err
		}
	}()
	hive, err := openHive(guard, size)
	if err != nil {
		return err
	}
	look(hive)
	return nil
}

// openHive checks what can be told before any key is followed.
func openHive(r io.ReaderAt, size int64) (*regparser.Registry, error) {
	hive, err := regparser.NewRegistry(r)
	if err != nil {
		return nil, errors.New("not a registry hive: it does not begin with regf")
	}
	if want := hiveBase + int64(hive.BaseBlock.Length()); size < want {
		return nil, fmt.Errorf("the hive is cut off: found %d bytes, wanted %d", size, want)
	}
	root := hive.Profile.HCELL(r, hiveBase+int64(hive.BaseBlock.RootCell()))
	if root.KeyNode() == nil {
		return nil, fmt.Errorf("the hive is broken: no root key at offset %#x", root.Offset)
	}
	return hive, nil
}

// hiveView reads the kits roots of one registry view.
func hiveView(hive *regparser.Registry, view, prefix string) []KitsRoot {
	key := hive.OpenKey(prefix + installedRoots)
	if key == nil {
		return []KitsRoot{{View: view, Problem: noKey}}
	}
	var roots []KitsRoot
	for _, name := range kitsRootNames {
		if root := hiveValue(key, name); root != nil {
			root.View = view
			roots = append(roots, *root)
		}
	}
	if roots == nil {
		return []KitsRoot{{View: view, Problem: noKitsRoot}}
	}
	return roots
}

// hiveValue returns the text of a value of key, which may be nil, or nil if
// there is no such value.
func hiveValue(key *regparser.CM_KEY_NODE, name string) *KitsRoot {
	if key == nil {
		return nil
	}
	for _, v := range key.Values() {
		if !strings.EqualFold(v.ValueName(), name) {
			continue
		}
		root := &KitsRoot{Name: name}
		switch t := v.Type(); {
		case t != regparser.REG_SZ && t != regparser.REG_EXPAND_SZ:
			root.Problem = "not followed: found type " + v.TypeString() + ", wanted REG_SZ"
		case v.DataSize() > maxValue:
			root.Problem = fmt.Sprintf("not followed: the value has %d bytes, wanted at most %d", v.DataSize(), maxValue)
		default:
			root.Value, _, _ = strings.Cut(v.ValueData().String, "\x00")
		}
		return root
	}
	return nil
}

// hiveReader reads for the parser. After the first failure it only says EOF,
// which ends each of the parser's loops at once, and keeps the failure in err.
type hiveReader struct {
	r     io.ReaderAt
	size  int64
	reads int
	bytes int
	err   error

	maxReads, maxBytes int
}

func (h *hiveReader) ReadAt(p []byte, off int64) (int, error) {
	h.reads++
	h.bytes += len(p)
	switch {
	case h.err != nil:
	case off >= nilCell:
		// What a key without sub-keys points at: no fault.
	case h.reads > h.maxReads || h.bytes > h.maxBytes:
		h.err = fmt.Errorf("the hive is broken, or too large: its keys took %d reads of %d bytes in all", h.reads, h.bytes)
	case off < 0 || off > h.size-int64(len(p)):
		h.err = fmt.Errorf("the hive is broken: it points at offset %#x, but has %#x bytes", off, h.size)
	default:
		n, err := h.r.ReadAt(p, off)
		if n == len(p) {
			return n, nil
		}
		h.err = fmt.Errorf("reading the hive at offset %#x: %w", off, err)
	}
	return 0, io.EOF
}
