package pkgdef

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWriteSMSGolden(t *testing.T) {
	for name, program := range map[string]Program{"USMT.sms": ProgramPlaceholder, "USMT-none.sms": ProgramNone} {
		t.Run(name, func(t *testing.T) {
			d := sample(t)
			d.Program = program
			golden(t, name, []byte(smsOf(t, d)))
		})
	}
}

func smsOf(t *testing.T, d Definition) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSMS(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The form that ConfigMgr documents: ASCII, CRLF, no byte order mark, and the
// placeholder within the limits of a program.
func TestWriteSMSForm(t *testing.T) {
	text := smsOf(t, sample(t))
	if !isASCII(text) || strings.Count(text, "\n") != strings.Count(text, "\r\n") || strings.Count(text, "\r") != strings.Count(text, "\r\n") {
		t.Errorf("%q is not ASCII with CRLF", text)
	}
	if !strings.HasPrefix(text, "[PDF]\r\n") || !strings.HasSuffix(text, "=True\r\n") {
		t.Errorf("%q does not begin with [PDF] or does not end in a line end", text)
	}
	for _, p := range placeholder {
		if err := checkText(p.key, p.value, 127); err != nil {
			t.Error(err)
		}
	}
}

// What a field holds can never make a section or a key.
func TestSMSInjection(t *testing.T) {
	for _, text := range []string{"x]", "[PDF]", "Version=1.0", "a=b=c", "x [Placeholder]", ";x", "#x", "x ; y", "%PATH%", `C:\x`} {
		d := smsFields(sample(t))
		d.Name, d.Manufacturer, d.Version, d.Language, d.Comment = text, text, text, text, text
		got, err := readSMS(smsOf(t, d))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(d, got); diff != "" {
			t.Errorf("%q came back changed (-want +got):\n%s", text, diff)
		}
	}
}

// smsFields returns d with the fields that a .sms file holds, and no others.
func smsFields(d Definition) Definition {
	return Definition{
		Name: d.Name, Manufacturer: d.Manufacturer, Version: d.Version,
		Language: d.Language, Comment: d.Comment, Program: d.Program,
	}
}

func TestSMSRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(field string, limit int) string {
			return rapid.Custom(func(t *rapid.T) string {
				s := rapid.StringOfN(rapid.RuneFrom(nil, printable), 1, limit, -1).Draw(t, "text")
				return strings.Trim(strings.TrimLeft(s, ` "'`), " ")
			}).Filter(func(s string) bool { return s != "" }).Draw(t, field)
		}
		want := Definition{
			Name: text("name", MaxName), Manufacturer: text("manufacturer", MaxManufacturer),
			Version: text("version", MaxVersion), Language: text("language", MaxLanguage), Comment: text("comment", MaxComment),
			Program: rapid.SampledFrom([]Program{ProgramPlaceholder, ProgramNone}).Draw(t, "program"),
		}
		var b bytes.Buffer
		if err := WriteSMS(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := readSMS(b.String())
		if err != nil || !cmp.Equal(want, got) {
			t.Fatalf("readSMS = %+v, %v, want %+v", got, err, want)
		}
	})
}

// readSMS reads what WriteSMS writes, as a reader of INI files does, and refuses everything else.
func readSMS(text string) (Definition, error) {
	section, found := "", map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		key, value, isKey := strings.Cut(line, "=")
		id := section + "]" + key
		switch {
		case line == "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !isKey || section == "" || found[id] != "":
			return Definition{}, fmt.Errorf("found line %q in section %q, wanted another key", line, section)
		default:
			found[id] = value
		}
	}
	text = sectionPackage + "]"
	d := Definition{
		Name: found[text+"Name"], Version: found[text+"Version"], Manufacturer: found[text+"Publisher"],
		Language: found[text+"Language"], Comment: found[text+"Comment"], Program: ProgramNone,
	}
	want := map[string]string{
		"PDF]Version": "2.0", text + "ContainsNoFiles": "False", text + "Name": d.Name, text + "Version": d.Version,
		text + "Publisher": d.Manufacturer, text + "Language": d.Language, text + "Comment": d.Comment,
	}
	if found[text+"Programs"] != "" {
		d.Program, want[text+"Programs"] = ProgramPlaceholder, sectionPlaceholder
		for _, p := range placeholder {
			want[sectionPlaceholder+"]"+p.key] = p.value
		}
	}
	if !maps.Equal(found, want) {
		return Definition{}, fmt.Errorf("found %v, wanted %v", found, want)
	}
	return d, nil
}
