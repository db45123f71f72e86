package pkgdef

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxSMS bounds a .sms file that is read, in bytes. One of ours is below 1 KiB.
const maxSMS = 64 << 10

// The sections of a .sms file.
const (
	sectionPDF         = "PDF"
	sectionPackage     = "Package Definition"
	sectionPlaceholder = "Placeholder" // also the name of the program
)

type keyValue struct{ key, value string }

// placeholder is a program that cannot be deployed and would do nothing. Its
// CommandLine and Comment may have 127 characters.
var placeholder = []keyValue{
	{"Name", sectionPlaceholder},
	{"Comment", "Does nothing. The task sequence steps use the files of this package, not a program."},
	{"CommandLine", "cmd.exe /c exit 0"},
	{"Run", "Hidden"},
	{"CanRunWhen", "AnyUserStatus"},
	{"UserInputRequired", "False"},
	{"AdminRightsRequired", "True"},
	{"Disabled", "True"},
}

// WriteSMS writes d as a package definition file. Only the fields that such a
// file holds are checked and written: d may well come from ParseSMS.
func WriteSMS(w io.Writer, d Definition) error {
	if err := errors.Join(d.textErrors()...); err != nil {
		return fmt.Errorf("package definition: %w", err)
	}
	var b strings.Builder
	section := func(name string, pairs ...keyValue) {
		fmt.Fprintf(&b, "[%s]\r\n", name)
		for _, p := range pairs {
			fmt.Fprintf(&b, "%s=%s\r\n", p.key, p.value)
		}
	}
	pairs := []keyValue{
		{"Name", d.Name},
		{"Version", d.Version},
		{"Publisher", d.Manufacturer},
		{"Language", d.Language},
		{"Comment", d.Comment},
		{"ContainsNoFiles", "False"},
	}
	if d.Program == ProgramPlaceholder {
		pairs = append(pairs, keyValue{"Programs", sectionPlaceholder})
	}
	section(sectionPDF, keyValue{"Version", "2.0"})
	b.WriteString("\r\n")
	section(sectionPackage, pairs...)
	if d.Program == ProgramPlaceholder {
		b.WriteString("\r\n")
		section(sectionPlaceholder, placeholder...)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ParseSMS reads a package definition file as WriteSMS writes it; blanks around
// keys and values, empty lines and bare LF are let pass, as an editor leaves
// them. Anything else is an error that names the line: a definition made by hand
// for other ends is refused, not half understood.
//
// Of the Definition only the fields that such a file holds are set. What
// ParseSMS accepts, WriteSMS writes.
func ParseSMS(r io.Reader) (Definition, error) {
	lines, err := readINI(r, sectionPDF, sectionPackage, sectionPlaceholder)
	if err != nil {
		return Definition{}, err
	}
	d := Definition{Program: ProgramNone}
	texts := map[string]*string{
		"Name": &d.Name, "Version": &d.Version, "Publisher": &d.Manufacturer,
		"Language": &d.Language, "Comment": &d.Comment,
	}
	fixed := fixedValues()
	for _, l := range lines {
		id := sectionKey{l.section, l.key}
		if text, ok := texts[l.key]; ok && l.section == sectionPackage {
			*text = l.value
		} else if want, ok := fixed[id]; !ok {
			return Definition{}, fmt.Errorf(".sms line %d: unknown key %q in section [%s]", l.no, l.key, l.section)
		} else if l.value != want {
			return Definition{}, fmt.Errorf(".sms line %d: %s is %q, want %q", l.no, l.key, l.value, want)
		}
		if id == (sectionKey{sectionPackage, "Programs"}) {
			d.Program = ProgramPlaceholder
		}
		delete(fixed, id)
	}
	if err := checkComplete(d, fixed); err != nil {
		return Definition{}, err
	}
	return d, nil
}

type sectionKey struct{ section, key string }

// fixedValues returns the keys that have one legal value.
func fixedValues() map[sectionKey]string {
	fixed := map[sectionKey]string{
		{sectionPDF, "Version"}:             "2.0",
		{sectionPackage, "ContainsNoFiles"}: "False",
		{sectionPackage, "Programs"}:        sectionPlaceholder,
	}
	for _, p := range placeholder {
		fixed[sectionKey{sectionPlaceholder, p.key}] = p.value
	}
	return fixed
}

// checkComplete refuses a definition with keys missing, and one that declares the
// placeholder but does not describe it or the other way round.
func checkComplete(d Definition, missing map[sectionKey]string) error {
	if _, ok := missing[sectionKey{sectionPDF, "Version"}]; ok {
		return errors.New(".sms: Version is missing in section [PDF]")
	}
	for _, p := range placeholder {
		_, absent := missing[sectionKey{sectionPlaceholder, p.key}]
		if absent == (d.Program == ProgramPlaceholder) {
			return fmt.Errorf(".sms: Programs and section [%s] do not agree on key %s", sectionPlaceholder, p.key)
		}
	}
	if err := errors.Join(d.textErrors()...); err != nil {
		return fmt.Errorf(".sms: %w", err)
	}
	return nil
}
