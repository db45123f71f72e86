package contentlib

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/pkgdef/contentlib/fakelib"
)

// concealed is a content with every kind of recorded attributes.
func concealed() fakelib.Content {
	c := usmt()
	c.Attributes = map[string]string{
		"amd64/scanstate.exe": "22", "amd64/DLManifests/a.man": "2026", "x86/twin.exe": "hidden", "amd64/foo.ini": "A4",
	}
	return c
}

// Attributes are told, and count for nothing: not for equality, not for what can be rebuilt.
func TestCheckMarked(t *testing.T) {
	c := concealed()
	for name := range c.Attributes {
		if _, there := c.Files[name]; !there {
			t.Fatalf("the content has no %s", name)
		}
	}
	l := open(t, write(t, c, 2)...)
	rep, err := l.Check(t.Context(), "P0100012.3", manifest(c), Options{Deep: true})
	if err != nil || !rep.Equal() {
		t.Fatalf("Check = %+v, %v, want all the same", rep, err)
	}
	got := map[string]string{}
	for _, m := range rep.Marked {
		got[m.Path] = m.Attributes + m.Problem
	}
	want := map[string]string{
		"amd64/scanstate.exe": "hidden", "amd64/DLManifests/a.man": "hidden, system", "amd64/foo.ini": "system",
		"x86/twin.exe": `DataLib/P0100012.3/x86/twin.exe.INI: found Attributes="hidden", wanted a hexadecimal number of at most 8 digits in [File]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Marked (-want +got):\n%s", diff)
	}
	if src, broken := source(t, Options{}, write(t, c, 2)...); len(broken) > 0 || len(src.Files) != len(c.Files) {
		t.Errorf("Source = %d files, %v broken, want all whole", len(src.Files), broken)
	}
	plain, err := open(t, write(t, usmt(), 1)...).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{})
	if err != nil || len(plain.Marked) > 0 {
		t.Errorf("Marked = %v, %v, want none of files with the attribute archive", plain.Marked, err)
	}
}

func TestReadAttributes(t *testing.T) {
	tests := []struct {
		text string
		want string
		ok   bool
	}{
		{"20", "", true}, {"0", "", true}, {"2", "hidden", true}, {"00000006", "hidden, system", true}, {"80000002", "hidden", true},
		{"a0", "", true}, {"", "", false}, {"0x20", "", false}, {"-2", "", false}, {"+2", "", false}, {"100000000", "", false},
		{"2 2", "", false}, {"2_2", "", false}, {"archive", "", false}, {strings.Repeat("2", 4000), "", false},
	}
	for _, tt := range tests {
		got, err := readAttributes("x.INI", section{"attributes": tt.text})
		if bad := (*FormatError)(nil); (err == nil) != tt.ok || err != nil && (!errors.As(err, &bad) || len(err.Error()) > 200) || got.Concealed() != tt.want {
			t.Errorf("readAttributes(%.20q) = %x %q, %v, want %q, valid: %t", tt.text, got, got.Concealed(), err, tt.want, tt.ok)
		}
	}
	if got, err := readAttributes("x.INI", section{}); got != 0 || err != nil {
		t.Errorf("readAttributes of none = %x, %v, want 0", got, err)
	}
}

// Whatever a record says of attributes, size and hash are what they are without it.
func FuzzEntry(f *testing.F) {
	record := "[File]\r\nAttributes=%\r\nSize=5\r\nTimeModified=133563168000000000\r\nHash=" + strings.Repeat("A", 64) + "\r\n"
	for _, a := range []string{"20", "22", "6", "hidden", "", "0x2", "-1", "FFFFFFFF", "100000000", "2\r\nAttributes=4", "2;"} {
		f.Add([]byte(strings.Replace(record, "%", a, 1)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := parseINI("x.INI", strings.NewReader(string(b)))
		if err != nil {
			return
		}
		var with, without Entry
		err = with.read("x.INI", text["file"])
		delete(text["file"], "attributes")
		if other := without.read("x.INI", text["file"]); (err == nil) != (other == nil) {
			t.Fatalf("reading %q = %v, without attributes %v", b, err, other)
		}
		if with.Size != without.Size || with.SHA256 != without.SHA256 {
			t.Errorf("reading %q = %+v, without attributes %+v", b, with, without)
		}
		if bad := (*FormatError)(nil); with.AttributesErr != nil && (!errors.As(with.AttributesErr, &bad) || with.Attributes != 0) {
			t.Errorf("the attributes of %q = %x, %v, want none", b, with.Attributes, with.AttributesErr)
		}
	})
}
