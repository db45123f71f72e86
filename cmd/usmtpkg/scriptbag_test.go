package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib"
)

// cmdSeal does what somebody does who tampers with a bag and covers it up. It
// shares no code with the package that writes bags.
func cmdSeal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "seal DIR PART...")
	dir := ts.MkAbs(args[0])
	for _, part := range args[1:] {
		var err error
		switch part {
		case "manifest":
			err = sealFiles(dir, "manifest-sha256.txt", "data")
		case "record":
			err = sealRecord(dir)
		case "tags":
			err = sealFiles(dir, "tagmanifest-sha256.txt", ".")
		default:
			err = &unknownError{"part", part}
		}
		ts.Check(err)
	}
}

// sealFiles writes a manifest of the files below sub; in the bag's own folder
// these are the tag files.
func sealFiles(dir, manifest, sub string) error {
	var lines []string
	err := filepath.WalkDir(filepath.Join(dir, sub), func(name string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/")
		switch {
		case err != nil:
			return err
		case d.IsDir() && sub == "." && rel == "data":
			return fs.SkipDir
		case d.IsDir(), rel == "tagmanifest-sha256.txt":
			return nil
		}
		content, err := os.ReadFile(name)
		lines = append(lines, rel+"\x00"+sha256Of(content))
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(lines)
	var b strings.Builder
	for _, line := range lines {
		name, sum, _ := strings.Cut(line, "\x00")
		fmt.Fprintf(&b, "%s  %s\n", sum, name)
	}
	return os.WriteFile(filepath.Join(dir, manifest), []byte(b.String()), 0o666)
}

var (
	digestLine  = regexp.MustCompile(`"digest": "[0-9a-f]{64}"`)
	releaseLine = regexp.MustCompile(`"release": "([0-9.]+)-[0-9a-f]{12}"`)
	hashLine    = regexp.MustCompile(`"value": "[0-9A-F]{64}"`)
	fileLine    = regexp.MustCompile(`\{"path":"([^"]+)","size":[0-9]+,"sha256":"[0-9a-f]{64}"`)
)

// sealRecord makes release.json fit the manifest and the files: their sizes and
// sums, the content hash, digest and name.
func sealRecord(dir string) error {
	manifest, err := os.ReadFile(filepath.Join(dir, "manifest-sha256.txt"))
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "release.json")
	record, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var files []tree.FileSum
	record = fileLine.ReplaceAllFunc(record, func(line []byte) []byte {
		p := string(fileLine.FindSubmatch(line)[1])
		content, rerr := os.ReadFile(filepath.Join(dir, "data", filepath.FromSlash(p)))
		err = errors.Join(err, rerr)
		files = append(files, tree.FileSum{Path: p, SHA256: sha256Of(content)})
		return fmt.Appendf(nil, `{"path":"%s","size":%d,"sha256":"%s"`, p, len(content), sha256Of(content))
	})
	prediction, perr := contentlib.Predict(files, nil)
	if err := errors.Join(err, perr); err != nil {
		return err
	}
	digest := sha256Of(manifest)
	record = digestLine.ReplaceAll(record, []byte(`"digest": "`+digest+`"`))
	record = releaseLine.ReplaceAll(record, []byte(`"release": "${1}-`+digest[:12]+`"`))
	record = hashLine.ReplaceAll(record, []byte(`"value": "`+prediction.Hash+`"`))
	return os.WriteFile(name, record, 0o666)
}
