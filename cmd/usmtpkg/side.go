package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/kitdiff"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// A side is one of two kits to compare.
type side struct {
	doc   report.DiffSide
	view  kitdiff.View
	close func() error

	files  kitdiff.Files  // after list
	report *locate.Report // likewise
}

// openSide opens what an argument names: a folder, what --source takes, or else a release of the library.
func (p *program) openSide(ctx context.Context, library libraryFlags, name string) (side, error) {
	if err := checkHere("A or B", name); err != nil {
		return side{}, err
	}
	info, err := os.Stat(name)
	switch {
	case err != nil && library.dir != "":
		return p.openRelease(ctx, library, name)
	case err != nil:
		return side{}, &usageError{msg: fmt.Sprintf("nothing to compare: %s is not there", name), hint: "name a folder, or a release together with --library"}
	case info.IsDir() && stage.IsBag(name):
		doc := report.DiffSide{Name: name}
		if rec, err := stage.RecordIn(name); err == nil {
			doc.Release = rec.Name
		}
		return p.openKit(ctx, doc, filepath.Join(name, "data"))
	case info.IsDir():
		if s, ok, err := openArch(name); ok || err != nil {
			return s, err
		}
	}
	return p.openKit(ctx, report.DiffSide{Name: name}, name)
}

// openRelease opens a release of the library.
func (p *program) openRelease(ctx context.Context, library libraryFlags, name string) (side, error) {
	lib, err := stage.Open(library.dir)
	if err != nil {
		return side{}, err
	}
	rel, err := namedRelease(lib, []string{name})
	if err != nil {
		return side{}, err
	}
	return p.openKit(ctx, report.DiffSide{Name: name, Release: rel.Name}, lib.PackageSource(rel.Name))
}

// openKit opens a USMT folder, or what contains one.
func (p *program) openKit(ctx context.Context, doc report.DiffSide, dir string) (side, error) {
	u, err := p.findUSMT(ctx, sourceFlags{path: dir})
	if err != nil {
		return side{}, err
	}
	view, err := viewOf(u.fsys)
	if err != nil {
		return side{}, errors.Join(err, u.close())
	}
	doc.Path, doc.USMT = u.Path, u.Version.String()
	return side{doc: doc, view: view, close: u.close}, nil
}

// viewOf shows the arch folders of a USMT folder.
func viewOf(fsys fs.FS) (kitdiff.View, error) {
	dirs, err := locate.Arches(fsys)
	v := kitdiff.View{FS: fsys, Dirs: map[string]string{}}
	for _, d := range dirs {
		v.Dirs[d.Arch] = d.Dir
	}
	return v, err
}

// openArch opens a folder that is an arch folder itself, wherever it is and whatever its name.
func openArch(dir string) (s side, ok bool, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return side{}, false, err
	}
	for _, e := range entries {
		if !strings.EqualFold(e.Name(), "scanstate.exe") {
			continue
		}
		root, err := tree.OpenRoot(dir)
		if err != nil {
			return side{}, false, err
		}
		f, err := tree.OpenIn(root, e.Name(), maxProgram)
		if err != nil {
			return side{}, false, errors.Join(err, root.Close())
		}
		defer f.Close() //nolint:errcheck // only read
		info, err := f.Stat()
		if err != nil {
			return side{}, false, errors.Join(err, root.Close())
		}
		facts, err := pe.Read(f, info.Size())
		arch := facts.Machine.String()
		if err != nil || !locate.Scope(arch) {
			return side{}, false, errors.Join(&usageError{msg: fmt.Sprintf("%s is not a program for amd64, arm64 or x86, so it is unknown for which %s is", filepath.Join(dir, e.Name()), dir)}, root.Close())
		}
		doc := report.DiffSide{Name: dir, Path: absolute(dir), Contents: report.Contents{USMT: facts.FileVersion.String()}}
		return side{doc: doc, view: kitdiff.View{FS: tree.FS(root), Dirs: map[string]string{arch: "."}}, close: root.Close}, true, nil
	}
	return side{}, false, nil
}

// maxProgram bounds a program whose header is read, in bytes.
const maxProgram = 1 << 30

// list lists the files of a side.
func (s *side) list(ctx context.Context, lo locate.Options) error {
	listed, rep, err := locate.ListFiles(ctx, s.view, lo)
	if err != nil {
		return &stage.SourceError{Err: err}
	}
	s.report = rep
	files := make(kitdiff.Files, len(listed))
	for _, f := range listed {
		files[f.Path] = fileOf(f)
		s.doc.Files++
		s.doc.Bytes += f.Size
	}
	for _, prog := range rep.Programs {
		f := files[prog.Path]
		if sig := prog.Signature; sig != nil {
			f.Signature = string(sig.Verdict)
			if sig.Verdict == pe.Valid {
				f.Signer = sig.Signer
			}
		}
		files[prog.Path] = f
	}
	s.doc.Arches, s.files = s.view.Arches(), files
	return nil
}

func fileOf(f inventory.File) kitdiff.File {
	k := kitdiff.File{Path: f.Path, Size: f.Size, SHA256: f.SHA256, Machine: f.Machine}
	if !f.Version.IsZero() {
		k.FileVersion = f.Version.String()
	}
	return k
}
