package locate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// TakeInventory lists what the USMT folder that fsys is rooted at consists of: the files of its
// arch folders, and of the binary ones size and SHA-256. A folder with faults gives no list, since
// the list would make them the rule: the release is nil then, and the report has the findings.
// The error is a failure to look.
func TakeInventory(ctx context.Context, fsys fs.FS, o Options) (*inventory.Release, *Report, error) {
	v, err := NewValidator(o)
	if err != nil {
		return nil, nil, err
	}
	report, err := v.walk(ctx, fsys, o.Workers)
	if err != nil || report.Err(false) != nil {
		return nil, report, err
	}
	release := &inventory.Release{Version: report.Version}
	for _, a := range report.Arches {
		release.Arches = append(release.Arches, a.Arch)
	}
	for _, name := range slices.Sorted(maps.Keys(v.entries)) {
		if err := context.Cause(ctx); err != nil {
			return nil, nil, err
		}
		e := v.entries[name]
		if !e.read {
			continue // a folder, or what lies beside the arch folders
		}
		f, err := listed(fsys, e)
		if err != nil {
			return nil, nil, failure(name, err)
		}
		release.Files = append(release.Files, f)
	}
	release.Sort()
	return release, report, nil
}

// listed makes the line of one file.
func listed(fsys fs.FS, e *entry) (inventory.File, error) {
	dir, rest, _ := strings.Cut(e.path, "/")
	arch, _ := archOf(dir)
	f := inventory.File{Path: arch + "/" + rest, Size: -1}
	if e.image != nil {
		f.Machine, f.Version = e.image.Machine.String(), e.image.FileVersion
		f.Signature = listedSignature(e.signature)
	}
	if kindOf(e.path) == markup {
		return f, nil
	}
	file, err := fsys.Open(e.path)
	if err != nil {
		return f, err
	}
	defer file.Close()
	size, sum, err := hashBinary(file, e.image != nil)
	if sum == "" || err != nil {
		return f, err
	}
	if size != e.size {
		return f, fmt.Errorf("found %d bytes, wanted the %d of a moment ago: it changed during the run", size, e.size)
	}
	f.Size, f.SHA256 = size, sum
	return f, nil
}

// sniffed is how much of a file tells whether it is a text, in bytes: a text has no zero byte there.
// Version control systems decide by the same, which is what changes line ends.
// Source: https://git-scm.com/docs/gitattributes (text, set to auto); the number is git's own.
const sniffed = 8000

// hashBinary returns size and SHA-256 of what r reads, and nothing of a text.
func hashBinary(r io.Reader, binary bool) (size int64, sum string, err error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, "", err
	}
	if !binary && bytes.IndexByte(head[:n], 0) < 0 {
		return 0, "", nil
	}
	h := sha256.New()
	h.Write(head[:n])
	rest, err := io.Copy(h, r)
	return int64(n) + rest, hex.EncodeToString(h.Sum(nil)), err
}

// listedSignature is the word of a list for a signature. A folder with any that is wrong gives no
// list; of one that could not be checked nothing is said.
func listedSignature(sig *pe.Signature) inventory.Signature {
	switch {
	case sig == nil:
		return ""
	case sig.Verdict == pe.Valid:
		return inventory.Signed
	case sig.Verdict == pe.Unsigned:
		return inventory.Unsigned
	}
	return ""
}
