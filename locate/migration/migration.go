// Package migration reads what the texts of a USMT folder say that is migrated: the assemblies of
// its manifests, the components of its migration XML and Config.xml files, and its lists of system
// files and patterns.
//
// Rules:
//   - The input is not trusted. A text has at most [MaxText] bytes, XML at most maxXML and has to pass
//     package wellformed, and the rules and names of one file have at most maxRules. All else is an error.
//   - The content of a component becomes lines, its rules: one for each element that has text or no
//     element in it, behind the elements around it. Comments, namespaces and white space around texts
//     do not count. So two versions of a component have the same rules if they do the same.
//   - Nothing is left out because it is not known: an element that this package has never heard of is
//     a rule like the others.
//
// The package does not know which files USMT reads by its command line, and it evaluates no
// condition: that a component is there does not mean that a given computer migrates it.
package migration

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// MaxText bounds a text, in bytes. The largest of Microsoft's, a list in UTF-16, has 3.2 MB.
const MaxText = 16 << 20

// maxXML bounds XML, in bytes. The largest of Microsoft's, MigApp.xml, has 0.6 MB.
const maxXML = 4 << 20

// maxRules bounds the rules and names of one file, in bytes; each takes ruleCost more.
const (
	maxRules = 32 << 20
	ruleCost = 16
)

// A Kind says what a component is.
type Kind string

// The kinds.
const (
	Manifest Kind = "manifest"  // the assembly of a manifest
	Unit     Kind = "component" // a component of a migration XML file
	Config   Kind = "config"    // a component that a Config.xml file switches on or off
	Shared   Kind = "shared"    // what such a file has outside of its components
	List     Kind = "list"      // a list of names: SFLIST*.DAT, SFCN.DAT, SFLCID.DAT
	Patterns Kind = "patterns"  // a list of patterns: SFPAT*.INF
)

// A Component is one thing that is migrated, or a list that says what is not.
type Component struct {
	Kind    Kind
	Place   string // a manifest's folder, otherwise the file, below the arch folder; "." for the folder itself
	ID      string // what names it within its place
	Name    string // what it is called; "" where the kit has only its ID
	Group   string // the group that a manifest shows it in, such as Network_and_Internet\Internet_Options
	Version string // of an assembly
	Migrate string // of a component in a Config.xml file: whether it is to migrate, as the file says it
	Rules   []string
}

// Wants reports whether a file has components, by its path below the arch folder.
func Wants(name string) bool { return kindOf(name) != "" }

func kindOf(name string) Kind {
	base := strings.ToLower(path.Base(name))
	switch ext := path.Ext(base); {
	case ext == ".man":
		return Manifest
	case ext == ".xml":
		return Unit
	case strings.HasPrefix(base, "sfpat") && ext == ".inf":
		return Patterns
	case ext == ".dat" && (strings.HasPrefix(base, "sflist") || base == "sfcn.dat" || base == "sflcid.dat"):
		return List
	}
	return ""
}

// Read returns the components of a file, by its path below the arch folder. An XML file that is neither
// for migration nor a Config.xml has none.
func Read(name string, text []byte) ([]Component, error) {
	kind, limit := kindOf(name), MaxText
	if kind == Manifest || kind == Unit {
		limit = maxXML
	}
	if len(text) > limit {
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", len(text), limit)
	}
	switch {
	case kind == Manifest || kind == Unit:
		return readXML(name, text)
	case kind != "":
		return readLines(name, kind, text)
	}
	return nil, nil
}

// readLines reads a list. A line of a section stands behind its name.
func readLines(name string, kind Kind, text []byte) ([]Component, error) {
	c := Component{Kind: kind, Place: name, ID: path.Base(name)}
	section, n := "", 0
	for line := range strings.SplitSeq(Decode(text), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "" || kind == Patterns && line[0] == ';':
		case kind == Patterns && line[0] == '[' && strings.HasSuffix(line, "]"):
			section = line + " "
		default:
			c.Rules = append(c.Rules, section+line)
			n += len(section) + len(line) + ruleCost
		}
		if n > maxRules {
			return nil, errTooMuch
		}
	}
	return []Component{c}, nil
}

var errTooMuch = errors.New("it says too much: its rules and names take more than 32 MiB")
