package cmlog

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"usmtpkg/locate/tree"
)

// maxLog bounds a log on disk, in bytes. Those of ConfigMgr are rotated at some MiB, and may be set
// to more; the limit is ours.
const maxLog = 1 << 30

// Rotated lists a log on disk and those that it was rotated from, which are beside it, oldest
// first: for distmgr.log first distmgr-<date>-<time>.log in the order of their names, then
// distmgr.lo_, then the log itself (seen: both endings; inferred: which is the older).
func Rotated(name string) ([]string, error) {
	dir, base := filepath.Split(name)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return nil, err
	}
	var names []string
	var older string
	dated := regexp.MustCompile(`(?i)^` + regexp.QuoteMeta(stem) + `-[0-9]{8}-[0-9]{6}\.log$`)
	for _, e := range entries { // sorted by name
		switch {
		case e.Name() == base || e.IsDir():
		case dated.MatchString(e.Name()):
			names = append(names, dir+e.Name())
		case strings.EqualFold(e.Name(), stem+".lo_"):
			older = dir + e.Name()
		}
	}
	if older != "" {
		names = append(names, older)
	}
	return append(names, name), nil
}

// Open returns a log on disk, which is opened when it is first read. One that may be gone,
// since it may be rotated away before its turn, is then empty. Anything that is not a regular file, and a
// log of more than 1 GiB, is a *tree.FileError.
func Open(name string, mayBeGone bool) io.ReadCloser { return &lazyFile{name: name, gone: mayBeGone} }

type lazyFile struct {
	name string
	gone bool // it may be gone
	f    *tree.Handle
}

func (l *lazyFile) Read(p []byte) (int, error) {
	if l.f == nil {
		f, err := tree.Open(l.name, maxLog)
		if l.gone && errors.Is(err, fs.ErrNotExist) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		l.f = f
	}
	return l.f.Read(p)
}

func (l *lazyFile) Close() error {
	if l.f == nil {
		return nil
	}
	return l.f.Close()
}
