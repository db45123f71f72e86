package pkgdef

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

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
// file contains are checked and written.
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
