// Package fakelib writes synthetic content libraries for tests, in the layout
// that package contentlib documents. It knows nothing of that package, so that
// what one of them gets wrong the other does not repeat.
package fakelib

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Content is one version of one package.
type Content struct {
	PackageID string
	Version   int               // the one that is distributed
	Others    []int             // other versions that are still listed
	Files     map[string]string // content by path, slash-separated
	Dirs      []string          // empty folders
	Hash      string            // the content hash to record; empty: none is

	Attributes map[string]string // what is recorded of a file, by path, such as 22; others have 20, archive
}

// ID returns the content id.
func (c Content) ID() string { return fmt.Sprintf("%s.%d", c.PackageID, c.Version) }

// Write writes a content into a library whose folders SCCMContentLib are given, one a drive.
// The first gets PkgLib and DataLib; the objects of FileLib go to one drive after the other.
func Write(drives []string, c Content) error {
	pkg := "[Packages]\r\n"
	for _, v := range append(slices.Clone(c.Others), c.Version) {
		pkg += fmt.Sprintf("%s.%d=\r\n", c.PackageID, v)
	}
	pkg += fmt.Sprintf("[Info]\r\nVersion=%d\r\n", c.Version)
	if err := write(filepath.Join(drives[0], "PkgLib", c.PackageID+".INI"), pkg); err != nil {
		return err
	}
	if c.Hash != "" {
		if err := write(filepath.Join(drives[0], "DataLib", c.ID()+".INI"), "[Info]\r\nHash="+c.Hash+"\r\n"); err != nil {
			return err
		}
	}
	for _, d := range append(slices.Clone(c.Dirs), "") {
		if err := os.MkdirAll(filepath.Join(drives[0], "DataLib", c.ID(), filepath.FromSlash(d)), 0o777); err != nil {
			return err
		}
	}
	for i, name := range slices.Sorted(maps.Keys(c.Files)) {
		content := c.Files[name]
		attributes, ok := c.Attributes[name]
		if !ok {
			attributes = "20"
		}
		record := fmt.Sprintf("[File]\r\nAttributes=%s\r\nSize=%d\r\nTimeModified=133563168000000000\r\nHash=%s\r\n", attributes, len(content), Sum(content))
		if err := write(Record(drives[0], c.ID(), name), record); err != nil {
			return err
		}
		if _, err := Object(drives, content); err == nil {
			continue // it is there once, whoever uses it
		}
		object := filepath.Join(drives[i%len(drives)], "FileLib", Sum(content)[:4], Sum(content))
		if err := write(object, content); err != nil {
			return err
		}
		if err := write(object+".INI", "[Users]\r\n"+c.ID()+"=\r\n"); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(drives[len(drives)-1], "FileLib"), 0o777)
}

// Record returns the INI file that describes a file of a content.
func Record(drive, contentID, name string) string {
	return filepath.Join(drive, "DataLib", contentID, filepath.FromSlash(name)+".INI")
}

// Object finds the object with a content.
func Object(drives []string, content string) (string, error) {
	var err error
	for _, d := range drives {
		name := filepath.Join(d, "FileLib", Sum(content)[:4], Sum(content))
		if _, err = os.Stat(name); err == nil {
			return name, nil
		}
	}
	return "", err
}

// Sum returns the SHA-256 of a content as ConfigMgr writes it.
func Sum(content string) string {
	return strings.ToUpper(fmt.Sprintf("%x", sha256.Sum256([]byte(content))))
}

func write(name, content string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(content), 0o666)
}
