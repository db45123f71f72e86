package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/pkgdef/contentlib/fakelib"
)

func cmdContentLib(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 4 || len(args) == 5), "contentlib DIR[,DIR] FROM ID VERSION [HASH]")
	version, err := strconv.Atoi(args[3])
	ts.Check(err)
	c := fakelib.Content{PackageID: args[2], Version: version, Files: map[string]string{}}
	if len(args) == 5 {
		c.Hash = args[4]
	}
	for v := 1; v < version; v++ {
		if _, err := os.Stat(filepath.Join(drives(ts, args[0])[0], "DataLib", fmt.Sprintf("%s.%d", c.PackageID, v))); err == nil {
			c.Others = append(c.Others, v)
		}
	}
	from := os.DirFS(ts.MkAbs(args[1]))
	ts.Check(fs.WalkDir(from, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if d.IsDir() {
			c.Dirs = append(c.Dirs, p)
			return nil
		}
		content, err := fs.ReadFile(from, p)
		c.Files[p] = string(content)
		return err
	}))
	ts.Check(fakelib.Write(drives(ts, args[0]), c))
}

// drives are the folders of a content library.
func drives(ts *testscript.TestScript, list string) (dirs []string) {
	for _, dir := range split(list) {
		dirs = append(dirs, ts.MkAbs(dir))
	}
	return dirs
}

func cmdObject(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "object NAME DIR[,DIR] FILE")
	name, err := fakelib.Object(drives(ts, args[1]), ts.ReadFile(args[2]))
	ts.Check(err)
	ts.Setenv(args[0], name)
}

func cmdDistmgr(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 4, "distmgr FILE ID VERSION HASH")
	id, version, hash := args[1], args[2], args[3]
	var b strings.Builder
	for _, line := range []string{
		"Start updating the package " + id + "...",
		`Taking package snapshot for package ` + id + ` from source \\cm01\Sources\OSD\USMT`,
		"The size of package " + id + ", version " + version + " is 204800 KBytes",
		"Creating hash for algorithm 32780",
		"The hash for algorithm 32780 is " + hash,
		"The RDC signature hash for algorithm 32780 is " + strings.Repeat("C", 64),
		"~Exiting package processing thread for package " + id + ".",
	} {
		fmt.Fprintf(&b, "%s  $$<SMS_DISTRIBUTION_MANAGER><05-17-2026 18:31:23.782+240><thread=5776 (0x1690)>\r\n", line)
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	ts.Check(err)
	_, err = f.WriteString(b.String())
	ts.Check(err)
	ts.Check(f.Close())
}
