//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The variants of the files that change lie beside the workload.
const (
	variantSuffix = ".alt"
	listSuffix    = ".alt.list"
)

// makeWorkload makes a workload in dir, which must not exist, and its 5 %
// variants beside it: every other one has the size of the original.
func makeWorkload(name, dir string, scale float64) error {
	files, err := plan(name, scale)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making %s: %s exists already", name, dir)
	}
	// Fixed times, in the 100 ns steps that NTFS can store.
	at := func(i int) time.Time { return time.Unix(1_690_000_000+61*int64(i), 700) }
	for i, f := range files {
		if err := put(dir, f, "", at(i)); err != nil {
			return err
		}
	}
	var list strings.Builder
	for n, i := range changing(files) {
		f := files[i]
		if n%2 == 0 {
			f.size += 512
		}
		if err := put(dir+variantSuffix, f, "changed", at(i).Add(time.Hour)); err != nil {
			return err
		}
		fmt.Fprintln(&list, f.path)
	}
	return os.WriteFile(dir+listSuffix, []byte(list.String()), 0o666)
}

func put(dir string, f file, variant string, modified time.Time) error {
	name := filepath.Join(dir, filepath.FromSlash(f.path))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, blockSize)
	if err := errors.Join(f.write(w, variant), w.Flush(), out.Close()); err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	return os.Chtimes(name, modified, modified)
}

// flip swaps the 5 % of the files of dir with their variants.
func flip(dir string) error {
	dir = filepath.Clean(dir)
	list, err := os.ReadFile(dir + listSuffix)
	if err != nil {
		return fmt.Errorf("reading the list of variants: %w", err)
	}
	for p := range strings.Lines(string(list)) {
		p = filepath.FromSlash(strings.TrimSuffix(p, "\n"))
		here, there := filepath.Join(dir, p), filepath.Join(dir+variantSuffix, p)
		away := there + ".flipping"
		if err := errors.Join(os.Rename(here, away), os.Rename(there, here), os.Rename(away, there)); err != nil {
			return err
		}
	}
	return nil
}

// survey tells how much a folder holds.
func survey(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}

// readAll reads every file of a folder, so that the page cache holds it.
func readAll(dir string) error {
	buf := make([]byte, blockSize)
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		for {
			if _, err := f.Read(buf); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}
