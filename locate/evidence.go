package locate

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
)

// Evidence is one thing that shows which kit a USMT folder came from. Pieces of evidence need not agree: an
// SDK shares the kits root with the ADK, and an uninstall entry outlives what it installed.
type Evidence struct {
	Kind    string `json:"kind"`            // one of the kinds below
	Value   string `json:"value,omitempty"` // the version it names; "" if none, Problem says why then
	Where   string `json:"where"`           // the file or the registry key
	Problem string `json:"problem,omitempty"`
}

// The kinds of evidence, the best first.
const (
	FileVersion        = "file-version"        // of scanstate.exe
	LayoutMSI          = "layout-msi"          // release of the ADK that an installer of an offline layout belongs to, by its SHA-256
	LayoutPatch        = "layout-patch"        // patch beside the installers, which is not applied; it has no value
	ADKEntry           = "adk-entry"           // uninstall entry of the ADK itself
	USMTEntry          = "usmt-entry"          // uninstall entry of its part "User State Migration Tool"
	ExperienceManifest = "experience-manifest" // UserExperienceManifest.xml of the ADK's installer
)

// uninstallKey is the registry key, below SOFTWARE, with an entry for each installed product.
const uninstallKey = `Microsoft\Windows\CurrentVersion\Uninstall`

// UninstallEntry is one entry of that key, or the reason why there is none.
type UninstallEntry struct {
	View    string // "64-bit view" or "32-bit view"
	Key     string // name of the entry's key, for most products a GUID
	Name    string // DisplayName
	Version string // DisplayVersion
	Problem string // why the key, or the whole view when Key is empty, could not be read
}

// adkProducts are the product codes of ADK bundles: their DisplayName is translated.
// Source: microsoft/winget-pkgs, manifests/m/Microsoft/WindowsADK (10.1.25398.1, 10.1.26100.1,
// 10.1.26100.2454, 10.1.28000.1)
var adkProducts = []string{
	"{2f427d6c-14a9-477d-85ca-c768ddff9899}",
	"{b09b3bef-7c75-4e26-ae6b-f6cdeb0fb071}",
	"{552c6d25-1a53-43da-9069-7cedb7009a80}",
	"{d702f722-3d72-487e-9d7b-a2be862530f6}",
}

// kind returns the kind of evidence that an entry is, or "" for any other product.
func (u UninstallEntry) kind() string {
	name := strings.ToLower(u.Name)
	switch {
	case slices.Contains(adkProducts, strings.ToLower(u.Key)):
		return ADKEntry
	case strings.HasPrefix(name, "windows assessment and deployment kit") && !strings.Contains(name, "preinstallation environment"):
		return ADKEntry // the add-on for Windows PE has the ADK's name in its own
	case strings.HasPrefix(name, strings.ToLower(usmtDir)):
		return USMTEntry
	}
	return ""
}

// versionText is the form of the versions that are taken as evidence.
var versionText = regexp.MustCompile(`^[0-9]{1,10}(\.[0-9]{1,10}){1,3}$`)

// named makes evidence of a version that somebody wrote down.
func named(kind, value, where string) Evidence {
	e := Evidence{Kind: kind, Where: finding.Printable(where)}
	if versionText.MatchString(value) {
		e.Value = value
	} else {
		e.Problem = fmt.Sprintf("found %.100q, wanted a version", value)
	}
	return e
}

// entryEvidence makes evidence of the uninstall entries of registry, which is called so.
func entryEvidence(entries []UninstallEntry, registry string) []Evidence {
	var list []Evidence
	for _, u := range entries {
		where := registry + ", " + u.View
		switch kind := u.kind(); {
		case u.Problem != "" && u.Key == "":
			list = append(list, Evidence{Kind: ADKEntry, Where: where, Problem: u.Problem})
		case kind == "":
		case u.Problem != "":
			list = append(list, Evidence{Kind: kind, Where: finding.Printable(where + ", " + u.Key), Problem: u.Problem})
		default:
			list = append(list, named(kind, u.Version, where+", "+u.Key+": "+u.Name))
		}
	}
	return list
}

// byKind sorts evidence, the best first.
func byKind(list []Evidence) []Evidence {
	order := []string{FileVersion, LayoutMSI, LayoutPatch, ADKEntry, USMTEntry, ExperienceManifest}
	slices.SortStableFunc(list, func(a, b Evidence) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	return list
}

// fileEvidence makes evidence of the programs of a USMT folder.
func fileEvidence(programs []program) []Evidence {
	var list []Evidence
	for _, p := range programs {
		e := Evidence{Kind: FileVersion, Where: p.arch + "/" + scanState}
		if p.err != nil {
			e.Problem = p.err.Error()
		} else {
			e.Value = p.version.String()
		}
		list = append(list, e)
	}
	return list
}

// manifestLevels is how many folders above a USMT folder are looked at for the manifest of the
// ADK's installer: up to a layout in which its installers were unpacked, that is the folders
// "Assessment and Deployment Kit", 10, "Windows Kits", "Program Files", one for them, the layout.
const manifestLevels = 6

// manifestEvidence looks for the manifest of the ADK's installer in the folders above p, a USMT
// folder, the nearest first. On a mounted volume it stays on it.
func manifestEvidence(p spot) []Evidence {
	dir, base, root := p.dir, p.base, p.root
	outside := false
	for range manifestLevels {
		switch {
		case dir != ".":
			dir = path.Dir(dir)
		case p.sealed || filepath.Dir(base) == base:
			return nil
		default:
			base = filepath.Dir(base)
			if outside {
				closeFolder(root)
			}
			above, err := openFolder(base)
			if err != nil {
				return nil // a folder above the one given: nobody promised that it can be read
			}
			root, outside = above, true
		}
		if e, ok := manifestIn(root, base, dir); ok {
			if outside {
				closeFolder(root)
			}
			return []Evidence{e}
		}
	}
	if outside {
		closeFolder(root)
	}
	return nil
}

// manifestIn reads the manifest of the ADK's installer in one folder, if it has one.
func manifestIn(root *os.Root, base, dir string) (Evidence, bool) {
	entry, err := foldEntry(root.FS(), dir, experienceManifest)
	if err != nil {
		return Evidence{}, false
	}
	name := path.Join(dir, entry.Name())
	where := filepath.Join(base, filepath.FromSlash(name))
	version, err := manifestFile(root, name, entry)
	if err != nil {
		return Evidence{Kind: ExperienceManifest, Where: finding.Printable(where), Problem: err.Error()}, true
	}
	return named(ExperienceManifest, version, where), true
}

func manifestFile(root *os.Root, name string, entry fs.DirEntry) (string, error) {
	if !entry.Type().IsRegular() {
		return "", errors.New("not a regular file")
	}
	f, err := tree.OpenIn(root, name, math.MaxInt64) // manifestVersion has the limit
	if err != nil {
		return "", errors.New(cause(err))
	}
	defer f.Close() //nolint:errcheck // only read
	return manifestVersion(f)
}
