package main

import (
	"io"
	"io/fs"
	"path"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/wellformed"
	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

// lintRelease checks the settings against a release of the library.
func (p *program) lintRelease(lib *stage.Library, rel stage.Release) ([]*finding.Error, error) {
	root, err := tree.OpenRoot(lib.PackageSource(rel.Name))
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	defer root.Close() //nolint:errcheck // only read
	return p.lint(tree.FS(root), rel.Arches, false)
}

// lint checks the settings of the configuration file against a USMT folder, and prints what it finds. Without
// such settings there is nothing to check: nobody asked for the defaults. The error has the findings that
// forbid to go on.
func (p *program) lint(fsys fs.FS, arches []string, strict bool) ([]*finding.Error, error) {
	if !p.site.given {
		return nil, nil
	}
	contents, err := contentsOf(fsys, arches)
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	findings := pkgdef.Lint(p.site.Settings, contents)
	p.warn(findings)
	return findings, finding.Join(findings, strict)
}

// maxXML bounds how much of a migration XML file is read, in bytes; those of USMT have up to 0.2 MiB.
const maxXML = 16 << 20

// contentsOf lists the XML files directly in the arch folders.
func contentsOf(fsys fs.FS, arches []string) (pkgdef.Contents, error) {
	c := pkgdef.Contents{Arches: arches}
	for _, arch := range arches {
		dir, err := archFolder(fsys, arch)
		if err != nil {
			return c, err
		}
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil {
			return c, err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !strings.EqualFold(path.Ext(e.Name()), ".xml") {
				continue
			}
			f, err := xmlFile(fsys, dir, e.Name())
			if err != nil {
				return c, err
			}
			f.Arch = arch
			c.XML = append(c.XML, f)
		}
	}
	return c, nil
}

// archFolder is the folder of an arch, in whatever case it is written.
func archFolder(fsys fs.FS, arch string) (string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), arch) {
			return e.Name(), nil
		}
	}
	return "", &fs.PathError{Op: "open", Path: arch, Err: fs.ErrNotExist}
}

// xmlFile reads what tells an XML file from others. One that is not well-formed has
// a name only; that it is not is a finding of the validation.
func xmlFile(fsys fs.FS, dir, name string) (pkgdef.XMLFile, error) {
	found := pkgdef.XMLFile{Name: name}
	f, err := fsys.Open(path.Join(dir, name))
	if err != nil {
		return found, err
	}
	defer f.Close()
	root, err := wellformed.Check(io.LimitReader(f, maxXML))
	if is[*wellformed.SyntaxError](err) {
		return found, nil
	}
	found.Root = root.Name
	for _, a := range root.Attr {
		if strings.EqualFold(a.Name, "urlid") {
			found.URLID = strings.TrimSpace(a.Value)
		}
	}
	return found, err
}
