package der_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/pe/cms/der"
)

func TestRead(t *testing.T) {
	long := append([]byte{4, 0x82, 1, 0}, make([]byte, 256)...)
	tests := []struct {
		name, data string
		want       string // content of an OCTET STRING
		wantErr    string
	}{
		{"short", "\x04\x02hi", "hi", ""},
		{"empty", "\x04\x00", "", ""},
		{"followed by more", "\x04\x01hi", "h", ""},
		{"long", string(long), string(make([]byte, 256)), ""},
		{"nothing", "", "", "part: found the end, wanted an element"},
		{"tag alone", "\x04", "", "part: found the end, wanted an element"},
		{"another tag", "\x05\x00", "", "part: found tag 0x05, wanted 0x04"},
		{"cut off", "\x04\x03hi", "", "part: found the end after 2 bytes, wanted 3 bytes"},
		{"indefinite", "\x04\x80hi\x00\x00", "", "part: found an indefinite length (BER), wanted DER"},
		{"length of 128 in short form", "\x04\x81\x7f" + strings.Repeat("x", 127), "", "part: found a length with leading zeros (BER), wanted DER"},
		{"length with a leading zero", "\x04\x82\x00\x80" + strings.Repeat("x", 128), "", "part: found a length with leading zeros (BER), wanted DER"},
		{"length of 5 bytes", "\x04\x85\x01\x00\x00\x00\x00", "", "part: found a length of 5 bytes"},
		{"length cut off", "\x04\x82\x01", "", "part: found a length of 2 bytes"},
		{"4 GiB", "\x04\x84\xff\xff\xff\xff", "", "part: found the end after 0 bytes, wanted"},
		{"tag of two bytes", "\x1f\x04\x00", "", "part: found tag 0x1f, wanted 0x04"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := der.NewReader([]byte(tt.data))
			got := string(r.Read(der.OctetString, "part").Content)
			err := r.Err()
			if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.HasPrefix(err.Error(), tt.wantErr) {
				t.Errorf("Read = %q, %v, want %q, %q", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

// The first fault is that of the whole and of its parts, and stays.
func TestFaultSticks(t *testing.T) {
	r := der.NewReader([]byte("\x30\x02\x05\x00\x04\x01x"))
	inner := r.Inside(der.Sequence, "whole")
	inner.Read(der.Integer, "first")
	if e := r.Read(der.OctetString, "second"); e.Content != nil || r.More() || inner.More() {
		t.Errorf("Read after a fault = %q, want nothing", e.Content)
	}
	r.Fail("third", "", "")
	if err := r.Err(); err == nil || err.Error() != "first: found tag 0x05, wanted 0x02" || !errors.Is(err, inner.Err()) {
		t.Errorf("Err = %v, want that of the first", err)
	}
}

func TestEnd(t *testing.T) {
	r := der.NewReader([]byte("\x05\x00\x00"))
	r.Any("null")
	r.End("whole")
	if err := r.Err(); err == nil || err.Error() != "whole: found 1 bytes more, wanted its end" {
		t.Errorf("End = %v", err)
	}
}

func TestOID(t *testing.T) {
	for _, want := range []string{"0.0", "0.39", "1.0", "1.39", "2.0", "2.999.1", "1.3.6.1.4.1.311.2.1.15", "2.5.29.2147483647"} {
		var id asn1.ObjectIdentifier
		for _, part := range strings.Split(want, ".") {
			n := 0
			for _, c := range part {
				n = n*10 + int(c-'0')
			}
			id = append(id, n)
		}
		b, err := asn1.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		r := der.NewReader(b)
		if got := r.OID("id"); got != want || r.Err() != nil {
			t.Errorf("OID = %q, %v, want %q", got, r.Err(), want)
		}
	}
	for name, data := range map[string]string{
		"empty": "\x06\x00", "does not end": "\x06\x02\x2a\x86", "leading zeros": "\x06\x03\x2a\x80\x01",
		"huge number": "\x06\x0c\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "long": "\x06\x21" + strings.Repeat("\x2a", 33),
	} {
		r := der.NewReader([]byte(data))
		if got := r.OID("id"); got != "" || r.Err() == nil {
			t.Errorf("%s: OID = %q, %v, want an error", name, got, r.Err())
		}
	}
}

func TestTime(t *testing.T) {
	tests := []struct {
		data string
		want time.Time
	}{
		{"\x17\x0d240401045729Z", time.Date(2024, 4, 1, 4, 57, 29, 0, time.UTC)},
		{"\x17\x0d491231235959Z", time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"\x17\x0d500101000000Z", time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"\x17\x0d680101000000Z", time.Date(1968, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"\x17\x0d990101000000Z", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"\x18\x0f20240401045729Z", time.Date(2024, 4, 1, 4, 57, 29, 0, time.UTC)},
		{"\x18\x1320240401045729.123Z", time.Date(2024, 4, 1, 4, 57, 29, 123e6, time.UTC)},
		{"\x17\x1120240401045729+0100", time.Time{}},
		{"\x17\x0d241301045729Z", time.Time{}},
		{"\x04\x0d240401045729Z", time.Time{}},
		{"\x17\x00", time.Time{}},
	}
	for _, tt := range tests {
		r := der.NewReader([]byte(tt.data))
		got := r.Time("time")
		if !got.Equal(tt.want) || (r.Err() == nil) != !tt.want.IsZero() {
			t.Errorf("Time of %q = %v, %v, want %v", tt.data, got, r.Err(), tt.want)
		}
	}
}

func TestBoolNumber(t *testing.T) {
	r := der.NewReader([]byte("\x01\x01\xff\x01\x01\x00\x02\x01\x05"))
	if a, b, absent, n := r.Bool("a"), r.Bool("b"), r.Bool("c"), r.Number("d"); !a || b || absent || n != 5 || r.Err() != nil {
		t.Errorf("Bool, Bool, Bool, Number = %v, %v, %v, %d, %v, want true, false, false, 5", a, b, absent, n, r.Err())
	}
	for _, data := range []string{"\x01\x01\x01", "\x01\x00", "\x01\x02\xff\xff"} {
		r := der.NewReader([]byte(data))
		if r.Bool("x") || r.Err() == nil {
			t.Errorf("Bool of %q: no error", data)
		}
	}
	for _, data := range []string{"\x02\x01\x80", "\x02\x00", "\x02\x02\x01\x00", "\x04\x01\x01"} {
		r := der.NewReader([]byte(data))
		if n := r.Number("x"); n != 0 || r.Err() == nil {
			t.Errorf("Number of %q = %d, no error", data, n)
		}
	}
}

// What is read as one element is that of encoding/asn1, byte for byte.
func FuzzAny(f *testing.F) {
	f.Add([]byte("\x30\x03\x02\x01\x05"))
	f.Add([]byte("\x04\x82\x01\x00" + strings.Repeat("x", 256)))
	f.Add([]byte("\x06\x03\x2a\x03\x04"))
	f.Add([]byte("\x17\x0d240401045729Z"))
	f.Add([]byte("\x30\x80\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := der.NewReader(data)
		e := r.Any("element")
		var want asn1.RawValue
		rest, err := asn1.Unmarshal(data, &want)
		if r.Err() == nil {
			if err != nil || !bytes.Equal(e.Content, want.Bytes) || !bytes.Equal(e.Raw, want.FullBytes) || !bytes.Equal(r.Rest(), rest) {
				t.Errorf("Any = %x of %x, encoding/asn1 %x, %v", e.Content, data, want.Bytes, err)
			}
		} else if err == nil && data[0]&0x1f != 0x1f {
			t.Errorf("Any = %v, encoding/asn1 reads %x", r.Err(), want.FullBytes)
		}
		for _, read := range []func(*der.Reader){
			func(r *der.Reader) { r.OID("x") }, func(r *der.Reader) { r.Time("x") }, func(r *der.Reader) { r.Bool("x"); r.Number("x") },
		} {
			read(der.NewReader(data))
		}
	})
}
