package contentlib

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/pkgdef/cmlog"
)

// distmgrLog is the log of the site server's Distribution Manager.
const distmgrLog = "distmgr.log"

// SearchLogFiles is SearchLogs for logs on disk, oldest first. Each may be a log or the folder
// that contains distmgr.log; the older logs beside it are read
// before it (see package cmlog). A log that comes up twice is read where it comes up last.
func SearchLogFiles(ctx context.Context, names []string, id, want string) (_ LogResult, err error) {
	var all []string
	named := map[string]bool{}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			if name, err = logIn(name); err != nil {
				return LogResult{}, err
			}
		}
		files, err := cmlog.Rotated(name)
		if err != nil {
			return LogResult{}, err
		}
		named[name] = true
		all = slices.DeleteFunc(all, func(n string) bool { return slices.Contains(files, n) })
		all = append(all, files...)
	}
	var logs []Log
	defer func() {
		for _, l := range logs {
			err = errors.Join(err, l.R.(io.Closer).Close())
		}
	}()
	for _, n := range all {
		logs = append(logs, Log{Name: n, R: cmlog.Open(n, !named[n])})
	}
	return SearchLogs(ctx, id, want, logs...)
}

// logIn finds distmgr.log in a folder, in any case.
func logIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), distmgrLog) && !e.IsDir() {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", &fs.PathError{Op: "open", Path: filepath.Join(dir, distmgrLog), Err: fs.ErrNotExist}
}
