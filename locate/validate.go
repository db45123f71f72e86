package locate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
)

// Validate checks the USMT folder that fsys is rooted at and reports all findings. The error is
// a failure to look: what could not be read is never reported as a fault of the folder.
//
// It checks which arch folders there are, that none lacks a file every known release has, that
// programs and DLLs are complete and for their arch, of one version with scanstate.exe and not under
// the name of another one, that XML files and manifests are well-formed, that migration XML files have
// their roots and urlids, and that Windows takes every name and path. With Options.Inventory it also checks that the files
// of a known release are there and none of it differs. Links are not followed. What lies
// beside the arch folders is not looked at. Signatures are not checked, nor what manifests and XML
// files say.
func Validate(ctx context.Context, fsys fs.FS, o Options) (*Report, error) {
	v, err := NewValidator(o)
	if err != nil {
		return nil, err
	}
	return v.walk(ctx, fsys, o.Workers)
}

// Precheck is the cheap first look at a source: shape, names, core files and the headers of the
// core programs, and the files of an overlay, so that most faults are known before anything is copied. Of other files only the
// names are looked at, and they are not in the sums of the report.
func Precheck(ctx context.Context, fsys fs.FS, o Options) (*Report, error) {
	v, err := NewValidator(o)
	if err != nil {
		return nil, err
	}
	v.brief = true
	return v.walk(ctx, fsys, o.Workers)
}

// job is a file to inspect.
type job struct {
	path  string
	entry fs.DirEntry
}

// walk enters everything in fsys and inspects the files, several at once.
func (v *Validator) walk(ctx context.Context, fsys fs.FS, workers int) (*Report, error) {
	workers = tree.WorkersFor(workers, fsys, ".", ".", ".")
	err := tree.Stream(ctx, workers,
		func(ctx context.Context, send func(job) error) error { return v.list(ctx, fsys, send) },
		func(ctx context.Context, j job, buf []byte) error { return v.visit(ctx, fsys, j, buf) })
	if err != nil {
		return nil, err
	}
	return v.Finish(), nil
}

// list enters the entries of fsys in order and sends on the files to inspect.
func (v *Validator) list(ctx context.Context, fsys fs.FS, send func(job) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return failure(name, err)
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if name == "." {
			return nil
		}
		look := v.Enter(name, d.Type())
		if d.IsDir() {
			if !look {
				return fs.SkipDir
			}
			return nil
		}
		if !look || v.brief && !isCorePath(name) && v.overlay[name] == nil {
			return nil
		}
		return send(job{name, d})
	})
}

// visit inspects one file.
func (v *Validator) visit(ctx context.Context, fsys fs.FS, j job, buf []byte) error {
	if v.brief && v.looksAt(j.path) == plain {
		info, err := j.entry.Info()
		if err != nil {
			return failure(j.path, err)
		}
		return v.inspect(ctx, j.path, nil, info.Size(), buf)
	}
	file, err := fsys.Open(j.path)
	if err != nil {
		return failure(j.path, err)
	}
	defer file.Close()
	r, size, err := randomAccess(file)
	if err != nil {
		return failure(j.path, err)
	}
	return v.inspect(ctx, j.path, r, size, buf)
}

// inspect looks at a file that nobody reads anyway.
func (v *Validator) inspect(ctx context.Context, name string, r io.ReaderAt, size int64, buf []byte) error {
	look, err := v.Inspect(name, r, size)
	if err != nil {
		return err
	}
	var takers []io.Writer
	if look.Wants() {
		takers = append(takers, look)
	}
	h, hashed := sha256.New(), v.want(name).any
	if hashed {
		takers = append(takers, h)
	}
	if len(takers) > 0 {
		end := size
		if !hashed && look.onlySniffs() {
			end = min(size, sniffs)
		}
		n, err := tree.Pour(ctx, io.MultiWriter(takers...), io.NewSectionReader(r, 0, end), buf, nil)
		if err == nil && n != end {
			err = changed(n, size)
		}
		if err != nil {
			return failure(name, err)
		}
	}
	sum := ""
	if hashed {
		sum = hex.EncodeToString(h.Sum(nil))
	}
	_, err = look.Facts(sum)
	return err
}

// changed says that a file has not the size it had when it was listed.
func changed(found, wanted int64) error {
	return fmt.Errorf("found %d bytes, wanted the %d that it had when it was listed: it changed during the run", found, wanted)
}

// randomAccess returns the content of an open file, and its size.
func randomAccess(file fs.File) (io.ReaderAt, int64, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("found %s, wanted the file that was listed: it changed during the run", tree.Kind(info.Mode()))
	}
	r, err := tree.ReaderAt(file)
	return r, info.Size(), err
}

// failure adds the path to an error that does not name it yet.
func failure(name string, err error) error {
	if err == nil || errors.As(err, new(*fs.PathError)) {
		return err
	}
	return fmt.Errorf("reading %s: %w", finding.Printable(name), err)
}
