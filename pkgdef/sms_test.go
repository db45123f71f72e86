package pkgdef

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

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
		got, err := ParseSMS(strings.NewReader(smsOf(t, d)))
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
		got, err := ParseSMS(&b)
		if err != nil || !cmp.Equal(want, got) {
			t.Fatalf("ParseSMS = %+v, %v, want %+v", got, err, want)
		}
	})
}

// ParseSMS takes what an editor makes of a file: LF, blanks, keys in any order.
func TestParseSMSEdited(t *testing.T) {
	text := "\n[Package Definition]\nComment = c d \nLanguage=English\nPublisher= Contoso\nVersion =1\nName\t=USMT\n\n[PDF]\nVersion=2.0"
	got, err := ParseSMS(strings.NewReader(strings.ReplaceAll(text, "\t", " ")))
	want := Definition{Name: "USMT", Manufacturer: "Contoso", Version: "1", Language: "English", Comment: "c d", Program: ProgramNone}
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("ParseSMS = %+v, %v, want %+v", got, err, want)
	}
}

func TestParseSMSRefuses(t *testing.T) {
	replace := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	tests := []struct {
		name string
		edit func(string) string
		want string
	}{
		{"unknown key", replace("Comment=", "Komment="), `line 9: unknown key "Komment" in section [Package Definition]`},
		{"key in another case", replace("Comment=", "comment="), `line 9: unknown key "comment"`},
		{"key of another section", replace("Version=2.0\r\n", "Version=2.0\r\nName=x\r\n"), `line 3: unknown key "Name" in section [PDF]`},
		{"key of the program", replace("Hidden\r\n", "Hidden\r\nStartIn=x\r\n"), `line 18: unknown key "StartIn"`},
		{"unknown section", replace("[Placeholder]", "[Other]"), `line 13: unknown section "Other"`},
		{"key twice", replace("Comment=", "Name=x\r\nComment="), `line 9: "Name" is there twice`},
		{"key twice in another case", replace("Comment=", "NAME=x\r\nComment="), `line 9: "NAME" is there twice`},
		{"section twice", replace("[PDF]\r\n", "[PDF]\r\n[PDF]\r\n"), `line 2: "[PDF]" is there twice`},
		{"section twice, later", func(s string) string { return s + "[PDF]\r\n" }, `"[PDF]" is there twice`},
		{"old version", replace("Version=2.0", "Version=1.0"), `line 2: Version is "1.0", want "2.0"`},
		{"no version", replace("Version=2.0\r\n", ""), "Version is missing in section [PDF]"},
		{"other programs", replace("Programs=Placeholder", "Programs=Placeholder, Setup"), `line 11: Programs is "Placeholder, Setup", want "Placeholder"`},
		{"no files", replace("ContainsNoFiles=False", "ContainsNoFiles=True"), `line 10: ContainsNoFiles is "True", want "False"`},
		{"enabled program", replace("Disabled=True", "Disabled=False"), `line 21: Disabled is "False", want "True"`},
		{"program not disabled", replace("Disabled=True\r\n", ""), "do not agree on key Disabled"},
		{"program not declared", replace("Programs=Placeholder\r\n", ""), "do not agree on key Name"},
		{"program not described", func(s string) string { return s[:strings.Index(s, "[Placeholder]")] }, "do not agree on key Name"},
		{"name missing", replace("Name=User State Migration Tool\r\n", ""), "name: is empty"},
		{"name too long", replace("Name=User", "Name="+strings.Repeat("x", 50)), "name: is 71 characters long, at most 50 are allowed"},
		{"not ASCII", replace("Name=User", "Name=\xc3\x9cser"), "line 5: column 6 is byte 0xc3, want printable ASCII"},
		{"byte order mark", func(s string) string { return bom + s }, "line 1: column 1 is byte 0xef"},
		{"bare CR", replace("Name=", "Name=\r"), "line 5: column 6 is byte 0x0d"},
		{"NUL", replace("Name=", "Name=\x00"), "line 5: column 6 is byte 0x00"},
		{"no equals sign", replace("Comment=", "Comment "), "is neither a section nor Key=Value"},
		{"no key", replace("Comment=", "="), "is neither a section nor Key=Value"},
		{"comment line", replace("[PDF]", "; x\r\n[PDF]"), "is neither a section nor Key=Value"},
		{"key before a section", func(s string) string { return "Version=2.0\r\n" + s }, "line 1: a key stands before the first section"},
		{"open section", replace("[PDF]", "[PDF"), `line 1: "[PDF" is not a section`},
		{"text behind a section", replace("[PDF]", "[PDF] x"), `line 1: "[PDF] x" is not a section`},
		{"empty", func(string) string { return "" }, "Version is missing in section [PDF]"},
		{"too big", func(s string) string { return s + strings.Repeat("\r\n", maxSMS/2) }, "more than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := ParseSMS(strings.NewReader(tt.edit(smsOf(t, sample(t)))))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("ParseSMS = %v, want %q", err, tt.want)
			}
			if !cmp.Equal(d, Definition{}) {
				t.Errorf("ParseSMS = %+v with an error, want nothing", d)
			}
		})
	}
}

func TestParseSMSReportsIO(t *testing.T) {
	if _, err := ParseSMS(iotest.ErrReader(errDisk)); !errors.Is(err, errDisk) {
		t.Errorf("ParseSMS = %v, want %v", err, errDisk)
	}
}

func FuzzParseSMS(f *testing.F) {
	f.Add("")
	f.Add("[PDF]\r\nVersion=2.0\r\n\r\n[Package Definition]\r\nName=a\r\nVersion=1\r\nPublisher=b\r\nLanguage=c\r\nComment=d\r\nContainsNoFiles=False\r\n")
	f.Add("[PDF]\nVersion = 2.0\n[Package Definition]\nName=[x]=y\nVersion=;\nPublisher=b'\nLanguage=c\"\nComment=d\n[Placeholder]\n")
	f.Add("[PDF]\r\nVersion=2.0\r\n[Package Definition]\r\nName=a\r\nVersion=1\r\nPublisher=b\r\nLanguage=c\r\nComment=d\r\nPrograms=Placeholder\r\n" +
		"[Placeholder]\r\nName=Placeholder\r\nDisabled=True\r\n")
	f.Add("[]\n=\n[PDF\nVersion=2.0=\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseSMS(strings.NewReader(text))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := WriteSMS(&first, d); err != nil {
			t.Fatalf("WriteSMS refuses what ParseSMS accepts: %v", err)
		}
		again, err := ParseSMS(bytes.NewReader(first.Bytes()))
		if err != nil || !cmp.Equal(d, again) {
			t.Fatalf("ParseSMS = %+v, %v, want %+v", again, err, d)
		}
		if err := WriteSMS(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("written again: %q, %v, want %q", second.Bytes(), err, first.Bytes())
		}
	})
}
