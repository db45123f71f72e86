package locate

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
)

// The arches of USMT, spelled like its folders.
const (
	AMD64 = "amd64"
	ARM64 = "arm64"
	X86   = "x86"
)

// ArchDir is one arch folder of a USMT folder.
type ArchDir struct {
	Arch string // AMD64, ARM64 or X86
	Dir  string // its name as it is spelled on disk
}

// Arches lists the arch folders directly in fsys, a USMT folder, in the order
// amd64, arm64, x86. Names are matched without regard to case: a file system
// that tells amd64 from AMD64 may give an arch twice. Only real folders count,
// not links to folders; Arches does not check whether they are empty.
func Arches(fsys fs.FS) ([]ArchDir, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var dirs []ArchDir
	for _, e := range entries {
		if arch, ok := archOf(e.Name()); ok && e.IsDir() {
			dirs = append(dirs, ArchDir{Arch: arch, Dir: e.Name()})
		}
	}
	slices.SortFunc(dirs, func(a, b ArchDir) int {
		return cmp.Or(cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.Dir, b.Dir))
	})
	return dirs, nil
}

// archOf returns the arch a folder name stands for.
func archOf(name string) (string, bool) {
	for _, arch := range archNames {
		if strings.EqualFold(name, arch) {
			return arch, true
		}
	}
	return "", false
}
