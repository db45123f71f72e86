package main

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// A packed file is one of an archive or package.
type packed struct {
	name string // in the archive, slash-separated
	from string // where it is
	mode int64
}

// contents are the files of the archive for a target.
func (d *dist) contents(t target) ([]packed, error) {
	files := []packed{{t.exe(), d.programs[t], 0o755}, {licensesFile, filepath.Join(d.tmp, licensesFile), 0o644}}
	for _, name := range []string{"README.md", "CHANGELOG.md", "LICENSE", "NOTICE"} {
		files = append(files, packed{name, filepath.Join(d.root, name), 0o644})
	}
	folders := map[string]string{"docs": filepath.Join(d.root, "docs"), "completions": filepath.Join(d.tmp, "completions")}
	if t.os != "windows" {
		folders["man"] = filepath.Join(d.tmp, "man")
	}
	for _, folder := range []string{"completions", "docs", "man"} {
		entries, err := os.ReadDir(folders[folder])
		if err != nil && folders[folder] != "" {
			return nil, err
		}
		for _, e := range entries {
			powershell := strings.HasSuffix(e.Name(), ".ps1")
			if e.IsDir() || folder == "completions" && powershell != (t.os == "windows") {
				continue
			}
			files = append(files, packed{folder + "/" + e.Name(), filepath.Join(folders[folder], e.Name()), 0o644})
		}
	}
	return files, nil
}

// archives writes a .zip for Windows and a .tar.gz for others.
func (d *dist) archives(context.Context) error {
	for _, t := range d.wanted() {
		files, err := d.contents(t)
		if err != nil {
			return err
		}
		name, write := d.file("_"+t.os+"_"+t.arch+".tar.gz"), d.writeTar
		if t.os == "windows" {
			name, write = d.file("_"+t.os+"_"+t.arch+".zip"), d.writeZip
		}
		out, err := os.Create(name)
		if err != nil {
			return err
		}
		if err := errors.Join(write(out, files), out.Close()); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// writeZip writes files to the top of an archive, where winget and scoop look for the program.
func (d *dist) writeZip(out io.Writer, files []packed) error {
	z := zip.NewWriter(out)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: d.time}
		h.SetMode(os.FileMode(f.mode))
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := copyFile(w, f.from); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeTar writes files below one folder.
func (d *dist) writeTar(out io.Writer, files []packed) error {
	gz, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	for i := range files {
		files[i].name = "usmtpkg-" + d.version + "/" + files[i].name
	}
	if err := d.tarOf(gz, files); err != nil {
		return err
	}
	return gz.Close()
}

// tarOf writes a tar without owners, everything of the time of the commit.
func (d *dist) tarOf(out io.Writer, files []packed) error {
	w := tar.NewWriter(out)
	for _, f := range files {
		info, err := os.Stat(f.from)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: info.Size(), ModTime: d.time, Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if err := copyFile(w, f.from); err != nil {
			return err
		}
	}
	return w.Close()
}

func copyFile(w io.Writer, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	_, err = io.Copy(w, in)
	return err
}
