package locate

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/layout"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// complete returns an error if the layout lacks an installer.
func (e *LayoutError) complete() error {
	if len(e.MSIs) == 0 {
		return e
	}
	if missing := e.missingParts(); len(missing) > 0 {
		err := fmt.Errorf("it lacks %s, without which USMT is incomplete", strings.Join(missing, " and "))
		return &LayoutError{e.Path, e.MSIs, err, e.patches}
	}
	return nil
}

// open opens the layout.
func (e *LayoutError) open() (l *layout.Layout, closeAll func() error, err error) {
	from, err := openFolder(filepath.Dir(e.MSIs[0]))
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(e.MSIs))
	for i, m := range e.MSIs {
		names[i] = filepath.Base(m)
	}
	if l, err = layout.Open(tree.FS(from), names...); err != nil {
		closeFolder(from)
		return nil, nil, err
	}
	return l, func() error {
		defer closeFolder(from)
		return l.Close()
	}, nil
}

// Look tells what USMT the layout has, by its installers alone: nothing is unpacked. A fault of the layout is
// a *LayoutError, too.
func (e *LayoutError) Look() (c Candidate, err error) {
	if err := e.complete(); err != nil {
		return c, err
	}
	l, closeAll, err := e.open()
	if err != nil {
		return c, e.because(err)
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	if len(l.Missing) > 0 {
		return c, e.because(&layout.MissingError{Cabinets: l.Missing})
	}
	c = Candidate{Path: e.Path, How: "packed in an offline layout"}
	for _, f := range l.Files {
		dir, name, ok := f.USMT()
		arch, isArch := archOf(dir)
		if !ok || !isArch || fold(name) != fold(scanState) {
			continue
		}
		v, err := pe.ParseVersion(f.Version)
		found := Evidence{Kind: FileVersion, Where: f.Package + ", " + arch + "/" + scanState}
		if err != nil {
			found.Problem = fmt.Sprintf("the installer lists it with the version %q", finding.Printable(f.Version))
		} else if found.Value = v.String(); c.Version.IsZero() || v.Compare(c.Version) < 0 {
			c.Version = v
		}
		c.Arches, c.Evidence = append(c.Arches, arch), append(c.Evidence, found)
	}
	if len(c.Arches) == 0 {
		return c, e.because(&NotFoundError{Places: []Place{{Path: e.Path, How: "offline layout", Outcome: "its installers have no " + scanState}}})
	}
	slices.Sort(c.Arches)
	c.Evidence = byKind(append(c.Evidence, e.evidence()...))
	return c, nil
}

// evidence is what the installers, and what is beside them, tell of the release.
func (e *LayoutError) evidence() []Evidence {
	var list []Evidence
	for _, name := range e.MSIs {
		found := Evidence{Kind: LayoutMSI, Where: finding.Printable(name)}
		switch sum, err := layout.Sum(name); {
		case err != nil:
			found.Problem = cause(err)
		default:
			if found.Value = layout.Release(sum); found.Value == "" {
				found.Problem = "no release that usmtpkg knows has an installer with the SHA-256 " + sum
			}
		}
		list = append(list, found)
	}
	for _, name := range e.patches {
		list = append(list, Evidence{Kind: LayoutPatch, Where: finding.Printable(name), Problem: "usmtpkg does not apply patches"})
	}
	return list
}

// release is the release of the ADK that all installers are known to belong to, or "".
func (e *LayoutError) release() string {
	release := ""
	for i, found := range e.evidence()[:len(e.MSIs)] {
		if found.Value == "" || i > 0 && found.Value != release {
			return ""
		}
		release = found.Value
	}
	return release
}

// PatchNote names the patches beside the installers, which are not applied; nil if there are none.
func (e *LayoutError) PatchNote() []string {
	if len(e.patches) == 0 {
		return nil
	}
	names := make([]string, len(e.patches))
	for i, p := range e.patches {
		names[i] = filepath.Base(p)
	}
	return []string{"the layout has patches, which usmtpkg does not apply: " + finding.Printable(strings.Join(names, ", ")) +
		"; if they are for USMT, stage a patched installation instead"}
}
