package locate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"usmtpkg/locate/pe"
)

// readImage reads the headers of a program or DLL. The error is a failure to read.
func readImage(name, arch string, r io.ReaderAt, size int64) (*pe.Info, *FindingError, error) {
	info, err := pe.Read(r, size)
	if bad, ok := errors.AsType[*pe.FormatError](err); ok {
		f := peInvalid.at(name, fmt.Sprintf("%s at offset %#x: %s", bad.Part, bad.Offset, bad.Found), bad.Want)
		f.Err = bad
		return nil, f, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if machine := info.Machine.String(); machine != arch {
		return &info, peMachine.at(name, "a program or DLL for "+machine, "one for "+arch), nil
	}
	return &info, nil, nil
}

// rootVersions checks that the programs and DLLs directly in an arch folder have the version of
// scanstate.exe. Those in its sub-folders are plug-ins with versions of their own: genuine kits
// hold 6.1.7601, 6.2.9200 and 7.0.x ones beside their 10.0.x.
func (s *survey) rootVersions(t *tree) {
	var images []*entry
	for _, e := range t.entries {
		if e.image != nil && strings.Count(e.path, "/") == 1 {
			images = append(images, e)
		}
	}
	wanted, as := t.version, "as scanstate.exe"
	if wanted.IsZero() {
		wanted, as = commonVersion(images), "as most files"
	}
	for _, e := range images {
		switch version := e.image.FileVersion; {
		case version == wanted:
		case version.IsZero():
			s.add(peVersionMixed.at(e.path, "no file version", wanted.String()+" "+as))
		default:
			s.add(peVersionMixed.at(e.path, version.String(), wanted.String()+" "+as))
		}
	}
	if e := t.root[fold(scanState)]; wanted.IsZero() && e != nil && e.image != nil {
		s.add(peVersionMixed.at(e.path, "no file version", "one, as in every release"))
	}
}

// commonVersion returns the version most of the files have, the highest if several do;
// zero if none has one.
func commonVersion(images []*entry) pe.Version {
	count := make(map[pe.Version]int)
	var versions []pe.Version
	for _, e := range images {
		if v := e.image.FileVersion; !v.IsZero() {
			count[v]++
			versions = append(versions, v)
		}
	}
	if len(versions) == 0 {
		return pe.Version{}
	}
	return slices.MaxFunc(versions, func(a, b pe.Version) int {
		return cmp.Or(cmp.Compare(count[a], count[b]), a.Compare(b))
	})
}
