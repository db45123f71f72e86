package locate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
)

// readImage reads the headers of a program or DLL. The error is a failure to read.
func readImage(name, arch string, r io.ReaderAt, size int64) (*pe.Info, *finding.Error, error) {
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
// scanstate.exe, or the one that more of them have: then scanstate.exe is the odd one. Those in its
// sub-folders are plug-ins with versions of their own: genuine kits contain 6.1.7601, 6.2.9200 and
// 7.0.x ones beside their 10.0.x.
func (s *survey) rootVersions(t *archFolder) {
	images := t.images()
	var versions []pe.Version
	for _, e := range images {
		if v := e.image.FileVersion; !v.IsZero() {
			versions = append(versions, v)
		}
	}
	as := "as scanstate.exe has"
	t.kit = mostOf(versions, func(a, b pe.Version) int {
		// Of versions that as many files have, that of scanstate.exe counts, else the highest.
		return cmp.Or(compareBool(b == t.version, a == t.version), b.Compare(a))
	})
	if t.kit != t.version {
		as = "as most files have"
	}
	for _, e := range images {
		switch version := e.image.FileVersion; {
		case version == t.kit:
		case version.IsZero():
			s.add(peVersionMixed.at(e.path, "no file version", t.kit.String()+", "+as))
		default:
			s.add(peVersionMixed.at(e.path, version.String(), t.kit.String()+", "+as))
		}
	}
	if e := t.root[fold(scanState)]; t.kit.IsZero() && e != nil && e.image != nil {
		s.add(peVersionMixed.at(e.path, "no file version", "one, as in every release"))
	}
}

// images returns the programs and DLLs directly in the arch folder, as far as they were read, by path.
func (t *archFolder) images() []*entry {
	var images []*entry
	for _, e := range t.entries {
		if e.image != nil && strings.Count(e.path, "/") == 1 {
			images = append(images, e)
		}
	}
	return images
}

// mostOf returns the most frequent version, the first by order if several do;
// zero if there is none.
func mostOf(versions []pe.Version, order func(a, b pe.Version) int) pe.Version {
	count := make(map[pe.Version]int)
	for _, v := range versions {
		count[v]++
	}
	if len(versions) == 0 {
		return pe.Version{}
	}
	return slices.MinFunc(versions, func(a, b pe.Version) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), order(a, b))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
