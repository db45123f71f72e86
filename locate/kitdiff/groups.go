package kitdiff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"usmtpkg/locate/migration"
	"usmtpkg/locate/tree"
)

// Unread is a text that could not be compared.
type Unread struct {
	Path   string `json:"path"`
	Side   string `json:"side"` // "before" or "after"
	Reason string `json:"reason"`
}

// Groups are the files of an arch folder that are compared with one another: each file is a group, but
// the manifests of a folder are one, because several may be of one assembly.
type groups struct {
	v     View
	arch  string
	files map[string][]string // by the lower-case name of the group; sorted
}

// groupsOf lists the groups of an arch folder.
func groupsOf(ctx context.Context, v View, arch string) (groups, error) {
	g := groups{v, arch, map[string][]string{}}
	err := fs.WalkDir(v, arch, func(p string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return err
		}
		name, below := strings.CutPrefix(p, arch+"/")
		if !below || !d.Type().IsRegular() || !migration.Wants(name) {
			return nil
		}
		key := strings.ToLower(name)
		if path.Ext(key) == ".man" {
			key = path.Dir(key) + "/*.man"
		}
		g.files[key] = append(g.files[key], name)
		return nil
	})
	return g, err
}

// names are the names of the groups of both sides, sorted.
func (g groups) names(other groups) []string {
	all := maps.Clone(g.files)
	maps.Copy(all, other.files)
	return slices.Sorted(maps.Keys(all))
}

// A text is a file that was read.
type text struct {
	path    string // below the arch folder
	content []byte
	problem string // why there is no content
}

func (t text) equal(u text) bool {
	return strings.EqualFold(t.path, u.path) && t.problem == "" && u.problem == "" && bytes.Equal(t.content, u.content)
}

// maxArch bounds what is read of an arch folder, in bytes. Microsoft's have 16 MB of these texts.
const maxArch = 128 << 20

// load reads the files of some groups, several at once.
func (g groups) load(ctx context.Context, names []string) (map[string][]text, error) {
	var all []*text
	loaded := map[string][]text{}
	for _, name := range names {
		list := make([]text, len(g.files[name]))
		for i, p := range g.files[name] {
			list[i].path = p
			all = append(all, &list[i])
		}
		loaded[name] = list
	}
	var total atomic.Int64
	workers := tree.WorkersFor(0, g.v, g.arch, g.arch, g.arch)
	err := tree.Each(ctx, len(all), workers, func(_ context.Context, i int, _ []byte) (err error) {
		t := all[i]
		if t.content, t.problem, err = readText(g.v, g.arch+"/"+t.path); err != nil {
			return err
		}
		if total.Add(int64(len(t.content))) > maxArch {
			t.content, t.problem = nil, fmt.Sprintf("the texts of its arch folder have more than %d bytes", maxArch)
		}
		return nil
	})
	return loaded, err
}

// readText reads a text, or says why it is not read.
func readText(fsys fs.FS, name string) (content []byte, problem string, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	content, err = io.ReadAll(io.LimitReader(f, migration.MaxText+1))
	if err == nil && len(content) > migration.MaxText {
		return nil, fmt.Sprintf("it has more than %d bytes", migration.MaxText), nil
	}
	return content, "", err
}

// contents are the components of a group, by what names them.
type contents map[string]*migration.Component

// parse returns the components of a group. Those with one name become one. It is not whole if a text
// could not be read.
func (c *Components) parse(texts []text, side string) (all contents, whole bool) {
	all, whole = contents{}, true
	for _, t := range texts {
		problem := t.problem
		var list []migration.Component
		if problem == "" {
			var err error
			if list, err = migration.Read(t.path, t.content); err != nil {
				problem = err.Error()
			}
		}
		if problem != "" {
			c.Unread = append(c.Unread, Unread{c.Arches[len(c.Arches)-1] + "/" + t.path, side, problem})
			whole = false
			continue
		}
		for _, m := range list {
			key := strings.ToLower(strings.Join([]string{string(m.Kind), m.Place, m.ID}, "\x00"))
			if known := all[key]; known != nil {
				known.Rules = append(known.Rules, m.Rules...)
			} else {
				all[key] = &m
			}
		}
	}
	return all, whole
}

// findElsewhere looks for the assemblies of removed manifests in the other folders of the side.
func (g groups) findElsewhere(ctx context.Context, changes []ComponentChange) error {
	removed := map[string][]*ComponentChange{}
	for i := range changes {
		if c := &changes[i]; c.Change == Removed && c.Kind == migration.Manifest {
			removed[strings.ToLower(c.ID)] = append(removed[strings.ToLower(c.ID)], c)
		}
	}
	if len(removed) == 0 {
		return nil
	}
	manifests := slices.DeleteFunc(g.names(groups{}), func(name string) bool { return path.Ext(name) != ".man" })
	loaded, err := g.load(ctx, manifests)
	if err != nil {
		return err
	}
	for _, name := range manifests {
		all, _ := (&Components{Arches: []string{g.arch}}).parse(loaded[name], "") // what is unread is reported already
		for _, m := range all {
			for _, c := range removed[strings.ToLower(m.ID)] {
				c.Elsewhere = append(c.Elsewhere, m.Place)
			}
		}
	}
	return nil
}
