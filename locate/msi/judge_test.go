package msi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/msi/msitest"
)

// msiinfo reads the tables that we write for tests, with references to texts of 2 and of 3 bytes.
func TestTablesBesideJudge(t *testing.T) {
	for _, long := range []bool{false, true} {
		kit := msitest.Kit(kitVersion, kitFiles()...)
		kit.Long = long
		tablesBesideJudge(t, kit)
	}
}

func tablesBesideJudge(t *testing.T, kit msitest.Database) {
	t.Helper()
	file := write(t, "kit.msi", encoded(kit))
	for _, table := range kit.Tables {
		out, err := program(t, "msiinfo", "msitools", "export", file, table.Name)
		if err != nil {
			t.Fatalf("msiinfo export %s: %v\n%s", table.Name, err, out)
		}
		var got, want []string
		for i, line := range slices.Collect(strings.Lines(out)) {
			if i > 2 { // names, types and keys
				got = append(got, strings.TrimRight(line, "\r\n"))
			}
		}
		for _, row := range table.Rows {
			var cells []string
			for _, v := range row {
				if v == nil {
					v = ""
				}
				cells = append(cells, fmt.Sprint(v))
			}
			want = append(want, strings.Join(cells, "\t"))
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("msiinfo export %s (-want +got):\n%s", table.Name, diff)
		}
	}
}

// Streams that msibuild puts into a package are found by their names, and read from any byte on.
func TestStreamOfJudge(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kit.msi")
	streams := map[string][]byte{"a": {}, "cab1.cab": []byte("small"), "Mixed-name_1.cab": bytes.Repeat([]byte("0123456789"), 5000), "ä b.cab": []byte("x")}
	msibuild := func(args ...string) {
		if out, err := program(t, "msibuild", "msitools", append([]string{file}, args...)...); err != nil {
			t.Fatalf("msibuild %v: %v\n%s", args, err, out)
		}
	}
	msibuild("-s", "Installation Database", "Test", "Intel;1033", "{11111111-2222-3333-4444-555555555557}")
	kit, idt := msitest.Kit(kitVersion), filepath.Join(dir, "Property.idt")
	if err := os.WriteFile(idt, []byte(exported(*table(kit, "Property"))), 0o600); err != nil {
		t.Fatal(err)
	}
	msibuild("-i", idt)
	for name, b := range streams {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		msibuild("-a", name, filepath.Join(dir, name))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, data)
	for name, want := range streams {
		r, size, err := d.Stream(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := iotest.TestReader(io.NewSectionReader(r, 0, size), want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n, err := r.ReadAt(make([]byte, 1), size); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%s: ReadAt at its end: %d bytes, %v", name, n, err)
		}
	}
	if _, _, err := d.Stream("File"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a table is not such a stream: %v", err)
	}
}

// A database that msibuild made of the same tables is read alike, with a text of more than 64 KiB, too.
func TestDatabaseOfJudge(t *testing.T) {
	for name, more := range map[string][][]any{"plain": nil, "long text": {{"Long", strings.Repeat("x", 70_000)}}} {
		t.Run(name, func(t *testing.T) {
			kit := msitest.Kit(kitVersion, kitFiles()...)
			property := table(kit, "Property")
			property.Rows = slices.Concat(more, property.Rows)
			dir := t.TempDir()
			file := filepath.Join(dir, "kit.msi")
			msibuild := func(args ...string) {
				if out, err := program(t, "msibuild", "msitools", append([]string{file}, args...)...); err != nil {
					t.Fatalf("msibuild %v: %v\n%s", args, err, out)
				}
			}
			importTable := func(name, text string) {
				idt := filepath.Join(dir, name+".idt")
				if err := os.WriteFile(idt, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				msibuild("-i", idt)
			}
			msibuild("-s", "Installation Database", "Test", "Intel;1033", "{11111111-2222-3333-4444-555555555557}")
			importTable("_ForceCodepage", "\r\n\r\n65001\t_ForceCodepage\r\n")
			for _, table := range kit.Tables {
				importTable(table.Name, exported(table))
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := filesOf(t, data)
			want := wanted(kitFiles())
			byPlace := func(list []string) string { slices.Sort(list); return strings.Join(list, "\n") }
			var a, b []string
			for i := range got {
				a, b = append(a, fmt.Sprintf("%+v", got[i])), append(b, fmt.Sprintf("%+v", want[i]))
			}
			if diff := cmp.Diff(byPlace(b), byPlace(a)); diff != "" {
				t.Errorf("Files (-want +got):\n%s", diff)
			}
			if version, err := open(t, data).Property("ProductVersion"); version != kitVersion || err != nil {
				t.Errorf("ProductVersion = %q, %v, want %q", version, err, kitVersion)
			}
		})
	}
}

// exported is a table as msibuild imports it.
func exported(table msitest.Table) string {
	var names, types []string
	for _, c := range table.Columns {
		name, kind, _ := strings.Cut(c, " ")
		names, types = append(names, name), append(types, kind)
	}
	lines := []string{strings.Join(names, "\t"), strings.Join(types, "\t"), table.Name + "\t" + names[0]}
	for _, row := range table.Rows {
		var cells []string
		for _, v := range row {
			if v == nil {
				v = ""
			}
			cells = append(cells, fmt.Sprint(v))
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}
