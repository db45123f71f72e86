package locate

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// TakeInventory lists the files in the arch folders of the USMT folder at the root of fsys, with
// size and SHA-256, for texts also with LF line ends. A folder with faults gives no list, because
// the list would turn the faults into the rule: the release is nil then, and the report has the
// findings. The error is a failure to read.
func TakeInventory(ctx context.Context, fsys fs.FS, o Options) (*inventory.Release, *Report, error) {
	files, report, err := ListFiles(ctx, fsys, o)
	if err != nil || report.Err(false) != nil {
		return nil, report, err
	}
	release := &inventory.Release{Version: report.Version, Files: files}
	for _, a := range report.Arches {
		release.Arches = append(release.Arches, a.Arch)
	}
	release.Sort()
	return release, report, nil
}

// ListFiles lists the same files, whatever the faults of the folder, which the report has.
func ListFiles(ctx context.Context, fsys fs.FS, o Options) ([]inventory.File, *Report, error) {
	v, err := NewValidator(o)
	if err != nil {
		return nil, nil, err
	}
	v.all = true
	report, err := v.walk(ctx, fsys, o.Workers)
	if err != nil {
		return nil, nil, err
	}
	var files []inventory.File
	for _, name := range slices.Sorted(maps.Keys(v.entries)) {
		if e := v.entries[name]; e.read() { // else a folder, or what lies beside the arch folders
			files = append(files, listed(e))
		}
	}
	return files, report, nil
}

// listed makes the line of one file.
func listed(e *entry) inventory.File {
	dir, rest, _ := strings.Cut(e.path, "/")
	arch, _ := archOf(dir)
	f := inventory.File{Path: arch + "/" + rest, Size: e.size, SHA256: e.sum}
	switch {
	case e.image != nil:
		f.Machine, f.Version = e.image.Machine.String(), e.image.FileVersion
		f.Signature = listedSignature(e.signature)
	case e.text:
		f.LFSHA256 = e.lf
	}
	return f
}

// listedSignature returns the word of a list for a signature. A folder with any that is wrong gives no
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
