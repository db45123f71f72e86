package smplog

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// names of the role's logs, in the order in which they come to be.
func logNames() []string { return []string{"smssmpsetup.log", "smpmsi.log", "smpmgr.log"} }

// find lists the logs that the names mean.
func find(names []string) (files []string, err error) {
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		before := len(files)
		for _, want := range logNames() {
			i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return strings.EqualFold(e.Name(), want) && !e.IsDir() })
			if i >= 0 {
				files = append(files, filepath.Join(name, entries[i].Name()))
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: found none of %s: %w", name, strings.Join(logNames(), ", "), fs.ErrNotExist)
		}
	}
	return files, nil
}
