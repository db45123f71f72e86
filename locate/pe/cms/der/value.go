package der

import (
	"fmt"
	"strconv"
	"time"
)

// maxOID is the longest object identifier, in bytes. The longest of the
// standards in use here has 12.
const maxOID = 32

// OID reads an object identifier and returns it in the usual digits and dots.
func (r *Reader) OID(part string) string {
	e := r.Read(OID, part)
	if r.fault.err != nil {
		return ""
	}
	if n := len(e.Content); n == 0 || n > maxOID || e.Content[n-1] >= 0x80 {
		r.Fail(part, fmt.Sprintf("an identifier of %d bytes that does not end", n), "an object identifier")
		return ""
	}
	out := make([]byte, 0, 2*maxOID)
	var arc uint64
	start := true // of an arc
	for _, c := range e.Content {
		if start && c == 0x80 || arc >= 1<<56 {
			r.Fail(part, "an identifier with a number of leading zeros or over 2^63", "an object identifier")
			return ""
		}
		arc = arc<<7 | uint64(c&0x7f)
		if start = c < 0x80; !start {
			continue
		}
		if len(out) == 0 { // the first two numbers in one
			top := min(arc/40, 2)
			out = strconv.AppendUint(out, top, 10)
			arc -= 40 * top
		}
		out = strconv.AppendUint(append(out, '.'), arc, 10)
		arc = 0
	}
	return string(out)
}

// Time reads a point in time of either form, which must be in UTC.
func (r *Reader) Time(part string) time.Time {
	e := r.Any(part)
	if r.fault.err != nil {
		return time.Time{}
	}
	layout := ""
	switch e.Tag {
	case UTCTime:
		layout = "060102150405Z"
	case GeneralizedTime:
		layout = "20060102150405Z" // time.Parse takes a fraction of the second, too
	}
	t, err := time.Parse(layout, string(e.Content))
	if layout == "" || err != nil {
		r.Fail(part, fmt.Sprintf("%.32q", e.Content), "a time in UTC, to the second")
		return time.Time{}
	}
	// X.509 (RFC 5280, 4.1.2.5.1) splits the centuries at 50, Go at 69.
	if e.Tag == UTCTime && t.Year() >= 2050 {
		t = t.AddDate(-100, 0, 0)
	}
	return t
}

// Bool reads the BOOLEAN that follows, if one does, else it is false.
func (r *Reader) Bool(part string) bool {
	if !r.Next(Boolean) {
		return false
	}
	e := r.Read(Boolean, part)
	if r.fault.err == nil && (len(e.Content) != 1 || e.Content[0] != 0 && e.Content[0] != 0xff) {
		r.Fail(part, fmt.Sprintf("%#x", e.Content[:min(len(e.Content), 8)]), "false (00) or true (ff)")
	}
	return r.fault.err == nil && e.Content[0] == 0xff
}

// Number reads an INTEGER from 0 to 127, such as the version of a structure.
func (r *Reader) Number(part string) int {
	e := r.Read(Integer, part)
	if r.fault.err == nil && (len(e.Content) != 1 || e.Content[0] > 127) {
		r.Fail(part, fmt.Sprintf("%#x", e.Content[:min(len(e.Content), 8)]), "a number from 0 to 127")
	}
	if r.fault.err != nil {
		return 0
	}
	return int(e.Content[0])
}
