package main

import (
	"archive/tar"
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdArchive packs the files below a folder as others may do it, and then what is not there:
//
//	archive OUT DIR [-below FOLDER] [file:NAME | link:NAME]...
func cmdArchive(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "archive OUT DIR [-below FOLDER] [file:NAME | link:NAME]...")
	out, dir, more, below := ts.MkAbs(args[0]), ts.MkAbs(args[1]), args[2:], ""
	if len(more) > 1 && more[0] == "-below" {
		below, more = more[1]+"/", more[2:]
	}
	f, err := os.Create(out)
	ts.Check(err)
	add, end := tarTo(f)
	if strings.HasSuffix(out, ".zip") {
		add, end = zipTo(f)
	}
	ts.Check(filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		return add(below+filepath.ToSlash(name), b, 0)
	}))
	for _, m := range more {
		kind, name, _ := strings.Cut(m, ":")
		mode := fs.FileMode(0)
		if kind == "link" {
			mode = fs.ModeSymlink
		}
		ts.Check(add(name, []byte("elsewhere"), mode))
	}
	ts.Check(end())
	ts.Check(f.Close())
}

// tarTo returns functions that add a file to a .tar.zst, and end it.
func tarTo(w io.Writer) (add func(string, []byte, fs.FileMode) error, end func() error) {
	z, _ := zstd.NewWriter(w) // the options are right
	t := tar.NewWriter(z)
	add = func(name string, content []byte, kind fs.FileMode) error {
		h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), Uname: "builder"}
		if kind == fs.ModeSymlink {
			h.Typeflag, h.Size, h.Linkname, content = tar.TypeSymlink, 0, string(content), nil
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := t.Write(content)
		return err
	}
	return add, func() error {
		if err := t.Close(); err != nil {
			return err
		}
		return z.Close()
	}
}

// zipTo does the same for a .zip.
func zipTo(w io.Writer) (add func(string, []byte, fs.FileMode) error, end func() error) {
	z := zip.NewWriter(w)
	add = func(name string, content []byte, kind fs.FileMode) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(kind | 0o600)
		f, err := z.CreateHeader(h)
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	}
	return add, z.Close
}
