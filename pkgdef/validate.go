package pkgdef

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of the texts, in characters. ConfigMgr's database is said to allow more;
// these are the documented ones.
// Source: https://learn.microsoft.com/mem/configmgr/apps/deploy-use/package-definition-files
const (
	MaxName         = 50
	MaxManufacturer = 32
	MaxVersion      = 32
	MaxLanguage     = 32
	MaxComment      = 127
)

// releaseDigits is how many digits of the digest a release name ends in.
const releaseDigits = 12

var (
	contentHash = regexp.MustCompile(`^[0-9A-F]{64}$`)
	hexDigest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	fileVersion = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,5}){3}$`)
)

// FieldError says what is wrong with one field of a Definition.
type FieldError struct {
	Field   string // such as "manufacturer" or "package path"
	Problem string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Validate returns a *FieldError for every field that is wrong, joined, and a
// *SettingError for every setting.
func (d Definition) Validate() error {
	errs := append(d.textErrors(), d.releaseErrors()...)
	return errors.Join(append(errs, d.Settings.Validate())...)
}

// Notes returns what is worth saying about a valid definition and is not wrong.
func (d Definition) Notes() []string {
	notes := pathNotes(d.PackagePath)
	if d.Sample {
		notes = append(notes, "this is the sample kit, which is not USMT: the scripts stop with an error")
	}
	if d.Program == ProgramNone {
		notes = append(notes, "the package definition file declares no program: that the console accepts this is not proven")
	}
	return notes
}

// textErrors checks the fields that a .sms file contains.
func (d Definition) textErrors() []error {
	errs := []error{
		checkText("name", d.Name, MaxName),
		checkText("manufacturer", d.Manufacturer, MaxManufacturer),
		checkText("version", d.Version, MaxVersion),
		checkText("language", d.Language, MaxLanguage),
		checkText("comment", d.Comment, MaxComment),
	}
	if d.Program != ProgramPlaceholder && d.Program != ProgramNone {
		errs = append(errs, wrong("program", "found %q, wanted %q or %q", d.Program, ProgramPlaceholder, ProgramNone))
	}
	return errs
}

// checkText refuses what a .sms file cannot carry unchanged. Blanks at the ends,
// and quotation marks around a value, are taken away by Windows' INI functions.
// Source: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getprivateprofilestring
func checkText(field, value string, limit int) error {
	if value == "" {
		return wrong(field, "is empty")
	}
	for i, r := range []rune(value) {
		if r < ' ' || r > '~' {
			return wrong(field, "character %d is %U, wanted printable ASCII", i+1, r)
		}
	}
	switch {
	case len(value) > limit:
		return wrong(field, "is %d characters long, at most %d are allowed", len(value), limit)
	case strings.Trim(value, " ") != value:
		return wrong(field, "%q begins or ends with a blank", value)
	case value[0] == '"' || value[0] == '\'':
		return wrong(field, "%q begins with a quotation mark, which INI readers take away", value)
	}
	return nil
}

// releaseErrors checks the fields that tie the definition to one release.
func (d Definition) releaseErrors() []error {
	var errs []error
	if !hexDigest.MatchString(d.Digest) {
		errs = append(errs, wrong("digest", "found %q, wanted 64 lower-case hex digits", d.Digest))
	} else if want := d.USMTVersion + "-" + d.Digest[:releaseDigits]; d.Release != want {
		errs = append(errs, wrong("release", "found %q, wanted %q: the USMT version and the start of the digest", d.Release, want))
	}
	if !isFileVersion(d.USMTVersion) {
		errs = append(errs, wrong("USMT version", "found %q, wanted four numbers up to 65535 such as 10.0.26100.1", d.USMTVersion))
	}
	if d.ContentHash != "" && !contentHash.MatchString(d.ContentHash) {
		errs = append(errs, wrong("content hash", "found %q, wanted 64 upper-case hex digits or nothing", d.ContentHash))
	}
	return append(errs, checkArches(d.Arches), checkPath(d.PackagePath))
}

func isFileVersion(s string) bool {
	if !fileVersion.MatchString(s) {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if _, err := strconv.ParseUint(part, 10, 16); err != nil {
			return false
		}
	}
	return true
}

func checkArches(arches []string) error {
	if len(arches) == 0 {
		return wrong("arches", "found none, wanted at least one")
	}
	for i, arch := range arches {
		if !slices.Contains([]string{"amd64", "arm64", "x86"}, arch) {
			return wrong("arches", "found %q, wanted amd64, arm64 or x86", arch)
		}
		if i > 0 && arches[i-1] >= arch {
			return wrong("arches", "found %q, wanted them sorted and each once", arches)
		}
	}
	return nil
}

func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}
