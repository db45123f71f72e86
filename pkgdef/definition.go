package pkgdef

import (
	"fmt"
	"strings"
)

// Program says which program a .sms file declares.
type Program string

// The programs a .sms file can declare.
const (
	ProgramPlaceholder Program = "placeholder" // one disabled program that does nothing
	ProgramNone        Program = "none"        // no program at all: not proven to be accepted
)

// What Defaults fills in.
const (
	DefaultName         = "User State Migration Tool"
	DefaultManufacturer = "Microsoft Corporation"
	DefaultLanguage     = "English"
)

// A Definition describes the ConfigMgr package of one release.
type Definition struct {
	// The package as ConfigMgr shows it. These six are all that a .sms file contains.
	Name         string
	Manufacturer string // Publisher in a .sms file
	Version      string // of the package; Defaults takes USMTVersion
	Language     string
	Comment      string // Description in ConfigMgr
	Program      Program

	// The release it is for.
	Release     string   // its name: <USMTVersion>-<first 12 hex of Digest>
	Digest      string   // 64 lower-case hex: the SHA-256 of manifest-sha256.txt
	USMTVersion string   // file version of scanstate.exe, such as 10.0.26100.1
	Arches      []string // amd64, arm64, x86: sorted, at least one
	Sample      bool     // it is a sample kit, which is not USMT: the scripts stop

	// PackagePath is the package source path that ConfigMgr is given: the
	// release's data folder as the site server sees it, UNC or local to it.
	PackagePath string

	// ContentHash is the content hash that ConfigMgr is predicted to print for the
	// release, 64 upper-case hex; empty if it is not known. How it is computed was
	// reverse-engineered and is not confirmed on a live site.
	ContentHash string

	// Settings are what the scripts are to do at the site.
	Settings Settings
}

// Defaults returns d with every empty field filled in that has a default. The
// comment names the release: the emitted script sees by it whether an earlier
// run came to its end.
func Defaults(d Definition) Definition {
	d.Name = orDefault(d.Name, DefaultName)
	d.Manufacturer = orDefault(d.Manufacturer, DefaultManufacturer)
	d.Version = orDefault(d.Version, d.USMTVersion)
	d.Language = orDefault(d.Language, DefaultLanguage)
	d.Program = Program(orDefault(string(d.Program), string(ProgramPlaceholder)))
	if d.Settings.isZero() {
		d.Settings = DefaultSettings()
	}
	if d.Comment == "" && d.Release != "" {
		d.Comment = fmt.Sprintf("USMT %s (%s), release %s", d.USMTVersion, strings.Join(d.Arches, ", "), d.Release)
	}
	return d
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
