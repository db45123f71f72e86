package contentlib

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/tree"
)

// A Content is one content of a package, as DataLib describes it.
type Content struct {
	ID string

	// Hash is the content hash that ConfigMgr recorded, in upper-case hex, to be compared with a
	// Prediction. It is empty where the library has none.
	Hash  string
	Files []Entry // sorted by path

	// Dirs are the folders below the package source, empty ones too, sorted.
	Dirs []string
}

// An Entry is one file of a content. Either Err is nil, or only Path is valid; the
// attributes are apart from that.
type Entry struct {
	Path   string // slash-separated, relative to the package source
	Size   int64  // in bytes
	SHA256 string // 64 upper-case hex digits: the name of the object in FileLib
	Err    error  // a *FormatError: what is there does not describe a file

	// Attributes are those that the file had in the package source; AttributesErr, a *FormatError,
	// says that the value is not such a number. Neither is part of the content.
	Attributes    Attributes
	AttributesErr error

	stray bool // it has not even the name of a record
}

// Limits of a content; those of a USMT package stay far below.
const (
	maxFiles = 1 << 20 // and folders
	maxDepth = 100     // folders
)

// suffix is what a name has in DataLib beyond its own; a file foo.ini is foo.ini.INI there.
const suffix = ".INI"

// Content reads what DataLib says of a content; id is one that Package gave. A content that
// is not there is ErrNotThere. An entry that cannot be understood is not an error: it has one.
func (l *Library) Content(ctx context.Context, id string) (Content, error) {
	if !contentID.MatchString(id) {
		return Content{}, fmt.Errorf("found content id %.120q, wanted one such as P0100012.1", id)
	}
	c := Content{ID: id}
	dir, info, err := entryIn(l.drives[0], l.data, id)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return Content{}, fmt.Errorf("content %s: %w", id, ErrNotThere)
	}
	if err != nil {
		return Content{}, err
	}
	if c.Hash, err = l.contentHash(id); err != nil {
		return Content{}, err
	}
	names, dirs, err := l.list(ctx, dir)
	if err != nil {
		return Content{}, err
	}
	c.Dirs = dirs
	c.Files = make([]Entry, len(names))
	err = tree.Each(ctx, len(names), 0, func(_ context.Context, i int, _ []byte) (err error) {
		c.Files[i], err = l.entry(dir, names[i])
		return err
	})
	if err != nil {
		return Content{}, err
	}
	slices.SortFunc(c.Files, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

// contentHash reads the content hash, if the library has it.
func (l *Library) contentHash(id string) (string, error) {
	name, _, err := entryIn(l.drives[0], l.data, id+suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := l.readINI(name)
	if err != nil {
		return "", err
	}
	v, ok := text["info"].value("hash", "hashalgorithm")
	if !ok {
		return "", nil
	}
	if !isSHA256(v) {
		return "", &FormatError{File: name, Found: fmt.Sprintf("Hash=%.80q", v), Wanted: "64 hex digits"}
	}
	return strings.ToUpper(v), nil
}

// list lists the files and folders below dir, relative to it.
func (l *Library) list(ctx context.Context, dir string) (names, dirs []string, err error) {
	err = fs.WalkDir(l.drives[0].FS(), dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir() && strings.Count(p, "/") > maxDepth:
			return &FormatError{File: p, Found: fmt.Sprintf("more than %d nested folders", maxDepth), Wanted: "fewer"}
		case len(names)+len(dirs) == maxFiles:
			return &FormatError{File: dir, Found: fmt.Sprintf("more than %d files and folders", maxFiles), Wanted: "fewer"}
		case p == dir:
			return nil
		case d.IsDir():
			dirs = append(dirs, strings.TrimPrefix(p, dir+"/"))
			return nil
		}
		names = append(names, strings.TrimPrefix(p, dir+"/"))
		return nil
	})
	slices.Sort(dirs)
	return names, dirs, err
}

// entry reads one file of DataLib.
func (l *Library) entry(dir, name string) (Entry, error) {
	p := path.Join(dir, name)
	own := name
	if n := len(name) - len(suffix); n > 0 && strings.EqualFold(name[n:], suffix) {
		own = name[:n]
	}
	e := Entry{Path: own}
	info, err := l.drives[0].Lstat(p)
	switch {
	case err != nil:
		return e, err
	case own == name || strings.HasSuffix(own, "/"):
		return Entry{Path: name, stray: true, Err: &FormatError{File: p, Found: "a name without " + suffix, Wanted: "an INI file"}}, nil
	case !info.Mode().IsRegular():
		e.Err = &FormatError{File: p, Found: "a link or device", Wanted: "an INI file"}
		return e, nil
	}
	text, err := l.readINI(p)
	if err == nil {
		err = e.read(p, text["file"])
	}
	if bad := (*FormatError)(nil); errors.As(err, &bad) {
		return Entry{Path: own, Err: bad}, nil
	}
	return e, err
}

// calgSHA256 is the number of SHA-256 in CryptoAPI, as ConfigMgr prints it.
const calgSHA256 = "32780"

// read takes size, hash and attributes of a file.
func (e *Entry) read(name string, s section) error {
	size, _ := s.value("size")
	sum, _ := s.value("hash", "hashalgorithm")
	n, err := strconv.ParseUint(size, 10, 63)
	switch {
	case err != nil:
		return &FormatError{File: name, Found: fmt.Sprintf("Size=%.80q", size), Wanted: "a number of bytes in [File]"}
	case !isSHA256(sum):
		return &FormatError{File: name, Found: fmt.Sprintf("Hash=%.80q", sum), Wanted: "64 hex digits in [File]"}
	case s["hashalgorithm"] != "" && s["hashalgorithm"] != calgSHA256:
		return &FormatError{File: name, Found: fmt.Sprintf("HashAlgorithm=%.80q", s["hashalgorithm"]), Wanted: calgSHA256 + " (SHA-256)"}
	}
	e.Size, e.SHA256 = int64(n), strings.ToUpper(sum)
	e.Attributes, e.AttributesErr = readAttributes(name, s)
	return nil
}
