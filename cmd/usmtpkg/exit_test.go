package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-multierror"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/stage/bag"
)

func TestExitStatus(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}
	device := syscall.EIO
	if runtime.GOOS == "windows" {
		device = 1117 // ERROR_IO_DEVICE
	}
	broken := &fs.PathError{Op: "read", Path: "x", Err: errors.New("input/output error")}
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, exitOK},
		{"anything", errors.New("oops"), exitOther},
		{"usage", &usageError{msg: "x"}, exitUsage},
		{"refused target", &stage.RefusedError{Path: "/", Reason: "x"}, exitUsage},
		{"no content library", fmt.Errorf("x: %w", &contentlib.LibraryError{Dir: "x", Err: fs.ErrNotExist}), exitDestination},
		{"content library that cannot be understood", &contentlib.FormatError{File: "PkgLib/x.INI"}, exitInvalid},
		{"not recovered", &advisedError{err: &stage.MismatchError{What: "x"}}, exitMismatch},
		{"role not installed", errNotInstalled, exitMismatch},
		{"downgrade", &stage.DowngradeError{}, exitInvalid},
		{"same version, other content", &stage.SameVersionError{}, exitInvalid},
		{"not found", &locate.NotFoundError{}, exitNotFound},
		{"finding", &finding.Error{Rule: "x"}, exitInvalid},
		{"findings", multierror.Append(nil, &finding.Error{Rule: "x"}), exitInvalid},
		{"printed findings", marked(multierror.Append(nil, &finding.Error{})), exitInvalid},
		{"layout", &locate.LayoutError{}, exitInvalid},
		{"link in the source", &stage.EntryError{Path: "x", Type: fs.ModeSymlink}, exitInvalid},
		{"unreadable record", &stage.FormatError{File: "release.json"}, exitInvalid},
		{"bag", &bag.SyntaxError{File: "bagit.txt"}, exitInvalid},
		{"inventory", &inventory.SyntaxError{File: "site.txt"}, exitInvalid},
		{"field", &pkgdef.FieldError{Field: "name"}, exitUsage},
		{"mismatch", &stage.MismatchError{What: "x"}, exitMismatch},
		{"differences printed", errDiffers, exitMismatch},
		{"destination", &stage.DestinationError{Doing: "x", Err: errors.New("full")}, exitDestination},
		{"marker of a newer version", &stage.DestinationError{Doing: "x", Err: &stage.FormatError{}}, exitDestination},
		{"destination denied", &stage.DestinationError{Doing: "x", Err: denied}, exitDestination},
		{"source denied", &stage.SourceError{Err: denied}, exitDestination},
		{"busy", fmt.Errorf("x: %w", tree.ErrBusy), exitBusy},
		{"file locked", &stage.DestinationError{Doing: "x", Err: tree.ErrBusy}, exitBusy},
		{"changed", fmt.Errorf("x: %w", tree.ErrChanged), exitChanged},
		{"disk behind the library broken", &stage.DestinationError{Doing: "x", Err: &fs.PathError{Op: "write", Path: "x", Err: device}}, exitIO},
		{"disk behind the source broken", &locate.SourceError{Path: "x", Err: device}, exitIO},
		{"lock unreadable", &stage.DestinationError{Doing: "x", Err: fmt.Errorf("x: %w", device)}, exitIO},
		{"source broken", &stage.SourceError{Err: broken}, exitIO},
		{"reading a bag", broken, exitIO},
		{"cancelled", fmt.Errorf("x: %w", context.Canceled), exitCanceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitStatus(tt.err); got != tt.want {
				t.Errorf("exitStatus(%v) = %d, want %d", tt.err, got, tt.want)
			}
			if tt.err == nil {
				return
			}
			if got := exitStatus(fmt.Errorf("doing: %w", errors.Join(errors.New("other"), tt.err))); got != tt.want {
				t.Errorf("exitStatus, wrapped and joined = %d, want %d", got, tt.want)
			}
		})
	}
}

// When several things go wrong the most particular one counts.
func TestExitStatusOrder(t *testing.T) {
	order := []struct {
		status int
		err    error
	}{
		{exitCanceled, context.Canceled},
		{exitUsage, &usageError{}},
		{exitNotFound, &locate.NotFoundError{}},
		{exitMismatch, &stage.MismatchError{}},
		{exitChanged, tree.ErrChanged},
		{exitBusy, tree.ErrBusy},
		{exitInvalid, &finding.Error{}},
		{exitDestination, &stage.DestinationError{Err: errors.New("full")}},
		{exitIO, &stage.SourceError{Err: errors.New("broken")}},
		{exitOther, errors.New("oops")},
	}
	for i, first := range order {
		for _, second := range order[i+1:] {
			if got := exitStatus(errors.Join(second.err, first.err)); got != first.status {
				t.Errorf("exitStatus(%d and %d) = %d, want %d", second.status, first.status, got, first.status)
			}
		}
	}
}

// Every status that can be chosen is in the help.
func TestExitHelp(t *testing.T) {
	for status := exitOK; status <= exitIO; status++ {
		if !strings.Contains(exitHelp, fmt.Sprintf("%d ", status)) {
			t.Errorf("the help does not name exit status %d", status)
		}
	}
	if !strings.Contains(exitHelp, fmt.Sprint(exitCanceled)) {
		t.Errorf("the help does not name exit status %d", exitCanceled)
	}
}

// Who is denied a library learns which, as whom and for what; other errors stay as they are.
func TestDenied(t *testing.T) {
	closed := &stage.DestinationError{Doing: "taking the lock", Err: &fs.PathError{Op: "openat", Path: ".lock", Err: syscall.EACCES}}
	tests := []struct {
		name, command, library string
		err                    error
		want, hint             string
	}{
		{"writing", "refresh", "lib", closed, "cannot write to the library ", "grant write access, or choose another --library"},
		{"reading", "list", "lib", closed, "cannot open the library ", "grant read access, or choose another --library"},
		{"no library", "recover", "", closed, "taking the lock: openat .lock: ", ""},
		{"the source", "refresh", "lib", &stage.SourceError{Err: closed.Err}, "reading the source: ", ""},
		{"no space", "refresh", "lib", &stage.DestinationError{Doing: "staging", Err: errors.New("full")}, "staging: full", ""},
	}
	for _, tt := range tests {
		cmd, _, err := newRootCmd(&program{}).Find([]string{tt.command})
		if err == nil && tt.library != "" {
			err = cmd.Flags().Set("library", tt.library)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := denied(cmd, tt.err)
		if !strings.HasPrefix(got.Error(), tt.want) || exitStatus(got) != exitDestination {
			t.Errorf("%s: %v, status %d, want %q and status %d", tt.name, got, exitStatus(got), tt.want, exitDestination)
		}
		if tt.hint == "" {
			continue
		}
		if dir, _ := filepath.Abs("lib"); !strings.Contains(got.Error(), dir+": "+syscall.EACCES.Error()+" (as ") || hintFor(got) != tt.hint {
			t.Errorf("%s: %v, hint %q, want the whole path, the account and %q", tt.name, got, hintFor(got), tt.hint)
		}
	}
}

// What of a release cannot be read is not called the source; its whole path is named.
func TestUnread(t *testing.T) {
	denied := &fs.PathError{Op: "openat", Path: "data/a", Err: fs.ErrPermission}
	tests := []struct {
		err        error
		want, hint string
	}{
		{&stage.SourceError{Err: denied}, "cannot read " + filepath.Join("lib", "data", "a") + ": permission denied", "give this account permission to read it"},
		{&stage.SourceError{Err: fmt.Errorf("a: at byte 3: %w", syscall.EIO)}, "reading lib: a: at byte 3: " + syscall.EIO.Error(), ""},
		{denied, denied.Error(), "choose another folder, or free space and grant write access"},
	}
	for _, tt := range tests {
		got := unread("lib", tt.err)
		if got.Error() != tt.want || exitStatus(got) != exitStatus(tt.err) || tt.hint != "" && hintFor(got) != tt.hint {
			t.Errorf("unread(%v) = %v, hint %q, want %q, hint %q, and the same status", tt.err, got, hintFor(got), tt.want, tt.hint)
		}
	}
}
