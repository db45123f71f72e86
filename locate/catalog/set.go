package catalog

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/winname"
)

// Limits of a folder of catalogs. ADK 10.1.26100.2454 has 182 of 2.5 MB in all; other kits put theirs
// into the same folder.
const (
	maxCatalogs = 4096
	maxTotal    = 64 << 20 // bytes
)

// A Set is several catalogs, and answers what their members vouch for. A nil Set is empty. It does not
// change, so it may be asked from several goroutines.
type Set struct {
	catalogs []*Catalog
	bySum    map[sumKey]Member
	byName   map[string][]Member
	nameless map[Kind][]crypto.Hash // hash functions of the members without a name
}

type sumKey struct {
	kind Kind
	hash crypto.Hash
	sum  string
}

// NewSet makes a Set of catalogs. Of several that list the same file, the newest vouches for it, and of
// equally new ones the first.
func NewSet(catalogs ...*Catalog) *Set {
	s := &Set{catalogs: catalogs, bySum: make(map[sumKey]Member), byName: make(map[string][]Member), nameless: make(map[Kind][]crypto.Hash)}
	newestFirst := slices.SortedStableFunc(slices.Values(catalogs), func(a, b *Catalog) int { return b.Listed.Compare(a.Listed) })
	for _, c := range newestFirst {
		for _, m := range c.Members {
			key := sumKey{m.Kind, m.Hash, string(m.Sum)}
			if first, ok := s.bySum[key]; !ok || first.Name != "" && m.Name == "" {
				s.bySum[key] = m
			}
			switch name := winname.Fold(m.Name); {
			case name != "":
				s.byName[name] = append(s.byName[name], m)
			case !slices.Contains(s.nameless[m.Kind], m.Hash):
				s.nameless[m.Kind] = append(s.nameless[m.Kind], m.Hash)
			}
		}
	}
	return s
}

// Catalogs returns all catalogs, also those that do not count: see Refused.
func (s *Set) Catalogs() []*Catalog {
	if s == nil {
		return nil
	}
	return s.catalogs
}

// Refused returns the catalogs that do not count, each with the reason in its Signature.
func (s *Set) Refused() []*Catalog {
	var list []*Catalog
	for _, c := range s.Catalogs() {
		if c.Signature.Verdict != pe.Valid {
			list = append(list, c)
		}
	}
	return list
}

// Digests returns the hash functions by which members of a kind may list a file with this base name:
// those of the members with that name, and of all that have no name.
func (s *Set) Digests(base string, kind Kind) []crypto.Hash {
	if s == nil {
		return nil
	}
	hashes := slices.Clone(s.nameless[kind])
	for _, m := range s.Named(base) {
		if m.Kind == kind && m.Hash != 0 && !slices.Contains(hashes, m.Hash) {
			hashes = append(hashes, m.Hash)
		}
	}
	return hashes
}

// Flat returns the member that is a file with this hash.
func (s *Set) Flat(h crypto.Hash, sum []byte) (Member, bool) { return s.find(Flat, h, sum) }

// Image returns the member that is a program with this Authenticode digest.
func (s *Set) Image(h crypto.Hash, digest []byte) (Member, bool) { return s.find(Image, h, digest) }

func (s *Set) find(kind Kind, h crypto.Hash, sum []byte) (Member, bool) {
	if s == nil {
		return Member{}, false
	}
	m, ok := s.bySum[sumKey{kind, h, string(sum)}]
	return m, ok
}

// Under returns the member with the digest of m that has this base name, or has none, and reports
// whether there is one. Without one, the content is that of another file: m.
func (s *Set) Under(base string, m Member) (Member, bool) {
	if m.Name == "" || winname.Same(m.Name, base) {
		return m, true
	}
	for _, n := range s.Named(base) {
		if n.Kind == m.Kind && n.Hash == m.Hash && bytes.Equal(n.Sum, m.Sum) {
			return n, true
		}
	}
	return m, false
}

// Named returns the members with this base name, as Windows compares names, those of the newest catalog first. Files of different folders
// and of other kits may have the same name.
func (s *Set) Named(base string) []Member {
	if s == nil {
		return nil
	}
	return s.byName[winname.Fold(base)]
}

// ReadFS reads and verifies the catalogs (*.cat, in any case) at the top of fsys, in the order of their
// names. What has such a name and is not a regular file, or is too large, is in the Set as refused. The
// error is a failure to look, or more catalogs than the limits allow.
func ReadFS(ctx context.Context, v *pe.Verifier, fsys fs.FS) (*Set, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var catalogs []*Catalog
	total := 0
	for _, e := range entries {
		if !strings.EqualFold(path.Ext(e.Name()), ".cat") {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if len(catalogs) == maxCatalogs {
			return nil, fmt.Errorf("more than %d catalogs", maxCatalogs)
		}
		c, size, err := readFile(v, fsys, e)
		if err != nil {
			return nil, err
		}
		if total += size; total > maxTotal {
			return nil, fmt.Errorf("the catalogs up to %s have %d MiB; at most %d MiB are read", e.Name(), total>>20, maxTotal>>20)
		}
		catalogs = append(catalogs, c)
	}
	return NewSet(catalogs...), nil
}

// readFile reads one catalog and returns how many bytes it has. What is not a regular file is not opened:
// opening a pipe could wait forever.
func readFile(v *pe.Verifier, fsys fs.FS, e fs.DirEntry) (c *Catalog, size int, err error) {
	info, err := fs.Lstat(fsys, e.Name())
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return refused(e.Name(), "it is not a regular file"), 0, nil
	}
	f, err := fsys.Open(e.Name())
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	var b bytes.Buffer
	b.Grow(int(min(info.Size(), MaxSize)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(f, MaxSize+1)); err != nil {
		return nil, 0, err
	}
	return Read(v, e.Name(), b.Bytes()), b.Len(), nil
}
