package kitdiff

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A View shows folders of a file system as the arch folders of a kit, in lower case, and nothing else.
type View struct {
	FS   fs.FS
	Dirs map[string]string // arch to folder; "." if the file system is the arch folder
}

var (
	_ fs.StatFS    = View{}
	_ fs.ReadDirFS = View{}
)

// Arches are the arches of the kit, sorted.
func (v View) Arches() []string {
	var list []string
	for arch := range v.Dirs {
		list = append(list, arch)
	}
	slices.Sort(list)
	return list
}

// Only returns the view without the arches that are not listed.
func (v View) Only(arches []string) View {
	dirs := map[string]string{}
	for arch, dir := range v.Dirs {
		if slices.Contains(arches, arch) {
			dirs[arch] = dir
		}
	}
	return View{v.FS, dirs}
}

// inside is the path of a name in the file system.
func (v View) inside(op, name string) (string, error) {
	if name == "." {
		return name, nil
	}
	arch, rest, _ := strings.Cut(name, "/")
	dir, ok := v.Dirs[arch]
	if !ok {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return path.Join(dir, rest), nil
}

// Open opens a file.
func (v View) Open(name string) (fs.File, error) {
	p, err := v.inside("open", name)
	if err != nil {
		return nil, err
	}
	return v.FS.Open(p)
}

// Stat describes a file or folder.
func (v View) Stat(name string) (fs.FileInfo, error) {
	p, err := v.inside("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Stat(v.FS, p)
	if err == nil && v.Dirs[name] != "" {
		info = renamed{info, name}
	}
	return info, err
}

// ReadDir lists a folder; in the root are the arch folders.
func (v View) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		p, err := v.inside("readdir", name)
		if err != nil {
			return nil, err
		}
		return fs.ReadDir(v.FS, p)
	}
	var list []fs.DirEntry
	for _, arch := range v.Arches() {
		info, err := v.Stat(arch)
		if err != nil {
			return nil, err
		}
		list = append(list, fs.FileInfoToDirEntry(info))
	}
	return list, nil
}

// renamed is what is known of an arch folder, under the name of its arch.
type renamed struct {
	fs.FileInfo
	name string
}

func (r renamed) Name() string { return r.name }
