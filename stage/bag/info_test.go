package bag

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadInfo(t *testing.T) {
	tests := []struct {
		name, version, text string
		want                []Field
	}{
		{"fields in order", "1.0", "B: 1\nA: 2\nB: 3\n", []Field{{"B", "1"}, {"A", "2"}, {"B", "3"}}},
		{"no end of line", "1.0", "A: 1", []Field{{"A", "1"}}},
		{"CRLF and CR", "1.0", "A: 1\r\nB: 2\rC: 3\n", []Field{{"A", "1"}, {"B", "2"}, {"C", "3"}}},
		{"tab", "1.0", "A:\t1\n", []Field{{"A", "1"}}},
		{"one blank belongs to the colon", "1.0", "A:   1 \n", []Field{{"A", "  1 "}}},
		{"label with blanks in it", "1.0", "A b: c: d\n", []Field{{"A b", "c: d"}}},
		{"empty value", "1.0", "A: \n", []Field{{"A", ""}}},
		{"folded", "1.0", "A: one\n  two\n\t three\nB: x\n", []Field{{"A", "one\ntwo\nthree"}, {"B", "x"}}},
		{"folded with CRLF", "1.0", "A: one\r\n two\r\n", []Field{{"A", "one\ntwo"}}},
		{"folded blank line", "1.0", "A: one\n \n two\n", []Field{{"A", "one\n\ntwo"}}},
		{"folded colon", "1.0", "A: one\n B: two\n", []Field{{"A", "one\nB: two"}}},
		{"blanks in 0.97", "0.97", "A:1\nB : 2\nC\t:\t 3 \nD:\n", []Field{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", ""}}},
		{"oxum", "1.0", "payload-OXUM: 12.3\n", []Field{{"payload-OXUM", "12.3"}}},
		{"oxum twice in 0.97", "0.97", "Payload-Oxum: 1.2\nPayload-Oxum: 1.2\n", []Field{{"Payload-Oxum", "1.2"}, {"Payload-Oxum", "1.2"}}},
		{"empty file", "1.0", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Read(smallBag(tt.version, map[string]string{InfoName: tt.text}), Rules{})
			if err != nil {
				t.Fatalf("Read = %v, want nil", err)
			}
			if d := cmp.Diff(tt.want, b.Info); d != "" {
				t.Errorf("Info (-want +got):\n%s", d)
			}
		})
	}
}

func TestReadInfoRefuses(t *testing.T) {
	tests := []struct{ name, version, text, want string }{
		{"no colon", "1.0", "A: 1\nB 2\n", `bag-info.txt:2: found "B 2", wanted a label, a colon and a value`},
		{"no label", "1.0", ": 1\n", "a label, a colon and a value"},
		{"no label in 0.97", "0.97", "A: 1\n: 1\n", "a label, a colon and a value"},
		{"empty line", "1.0", "A: 1\n\nB: 2\n", `bag-info.txt:2: found ""`},
		{"no blank after the colon", "1.0", "A:1\n", "wanted a space or tab after the colon"},
		{"nothing after the colon", "1.0", "A:\n", "wanted a space or tab after the colon"},
		{"blank before the colon", "1.0", "A : 1\n", `blanks around the label "A "`},
		{"blank at the start", "1.0", " A: 1\n", "bag-info.txt:1: found a continued line, wanted a label first"},
		{"BOM", "1.0", "\ufeffA: 1\n", "a byte order mark"},
		{"oxum of three", "1.0", "A: 1\nPayload-Oxum: 1.2.3\n", `bag-info.txt:2: found Payload-Oxum "1.2.3", wanted OctetCount.StreamCount`},
		{"oxum of one", "1.0", "Payload-Oxum: 12\n", "wanted OctetCount.StreamCount"},
		{"oxum with a sign", "1.0", "Payload-Oxum: +1.2\n", "wanted OctetCount.StreamCount"},
		{"oxum with blanks", "1.0", "Payload-Oxum:  1.2\n", "wanted OctetCount.StreamCount"},
		{"oxum too large", "1.0", "Payload-Oxum: 9223372036854775808.1\n", "wanted OctetCount.StreamCount"},
		{"oxum folded", "1.0", "Payload-Oxum: 1\n .2\n", "bag-info.txt:1: found Payload-Oxum"},
		{"oxum twice", "1.0", "Payload-Oxum: 1.2\npayload-oxum: 1.2\n", "bag-info.txt:2: found a second Payload-Oxum"},
		{"oxum changed in 0.97", "0.97", "Payload-Oxum: 1.2\nPayload-Oxum: 1.3\n", "bag-info.txt:2: found a second Payload-Oxum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(smallBag(tt.version, map[string]string{InfoName: tt.text}), Rules{})
			wantSyntax(t, err, tt.want)
		})
	}
}

// A value of many lines must cost what it holds, not its square.
func TestReadInfoManyFolds(t *testing.T) {
	const folds = 500_000
	fsys := smallBag("1.0", map[string]string{InfoName: "A: 1\n" + strings.Repeat(" 2\n", folds)})
	memory := allocated(func() {
		if b, err := Read(fsys, Rules{}); err != nil || len(b.Info[0].Value) != 1+2*folds {
			t.Errorf("Read = %v, want one long value", err)
		}
	})
	if memory > 64<<20 {
		t.Errorf("allocated %d bytes, want at most 64 MiB", memory)
	}
}

func TestWriteInfo(t *testing.T) {
	fields := []Field{{"Source-Organization", "Überland"}, {"Payload-Oxum", Oxum{1 << 40, 3}.String()}, {"A", "x: y"}, {"A", "z"}}
	var out bytes.Buffer
	if err := WriteInfo(&out, fields); err != nil {
		t.Fatal(err)
	}
	want := "Source-Organization: Überland\nPayload-Oxum: 1099511627776.3\nA: x: y\nA: z\n"
	if out.String() != want {
		t.Errorf("WriteInfo = %q, want %q", out.String(), want)
	}
	for _, version := range []string{"0.97", "1.0"} {
		b, err := Read(smallBag(version, map[string]string{InfoName: out.String()}), Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fields, b.Info); d != "" {
			t.Errorf("%s: Info (-want +got):\n%s", version, d)
		}
		if b.Oxum == nil || *b.Oxum != (Oxum{1 << 40, 3}) {
			t.Errorf("%s: Oxum = %v, want 1099511627776.3", version, b.Oxum)
		}
	}
}

func TestWriteInfoRefuses(t *testing.T) {
	tests := []struct {
		name   string
		fields []Field
		want   string
	}{
		{"no label", []Field{{"", "x"}}, `writing bag-info.txt: label "": found nothing`},
		{"colon", []Field{{"A:B", "x"}}, "found a colon"},
		{"blank label", []Field{{" A", "x"}}, "found blanks at its ends"},
		{"label of two lines", []Field{{"A\nB", "x"}}, "found a control character"},
		{"label with a mark", []Field{{"\ufeffA", "x"}}, "found a byte order mark"},
		{"no value", []Field{{"A", ""}}, "value of A: "},
		{"forged field", []Field{{"A", "x\nPayload-Oxum: 1.1"}}, "found a control character"},
		{"carriage return", []Field{{"A", "x\ry"}}, "found a control character"},
		{"blanks", []Field{{"A", "x "}}, "found blanks at its ends"},
		{"invalid UTF-8", []Field{{"A", "\xff"}}, "found bytes that are not UTF-8"},
		{"long", []Field{{"A", strings.Repeat("x", maxLine)}}, "wanted at most 32 KiB"},
		{"bad oxum", []Field{{"Payload-Oxum", "1"}}, "wanted OctetCount.StreamCount"},
		{"two oxums", []Field{{"Payload-Oxum", "1.1"}, {"payload-oxum", "1.1"}}, "found a second one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := WriteInfo(&out, append([]Field{{"First", "good"}}, tt.fields...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("WriteInfo = %v, want %q", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("WriteInfo wrote %q before it refused", out.String())
			}
		})
	}
}
