package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// anOutage is an error that a share gives while its server is away.
func anOutage() error { return &os.PathError{Op: "read", Path: "x", Err: outages[0]} }

func TestRetryOutage(t *testing.T) {
	tests := []struct {
		name  string
		fails int // how often, before it goes well
		err   error
		calls int // 0: until the time is over
		want  error
	}{
		{"nothing wrong", 0, nil, 1, nil},
		{"passes", 3, anOutage(), 4, nil},
		{"lasts", 1 << 30, anOutage(), 0, outages[0]},
		{"no outage", 1, os.ErrPermission, 1, os.ErrPermission},
		{"a broken disk", 1, broken[0], 1, broken[0]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, calls := time.Now(), 0
				err := retryOutage(t.Context(), func() error {
					if calls++; calls <= tt.fails {
						return tt.err
					}
					return nil
				})
				if !errors.Is(err, tt.want) {
					t.Errorf("retryOutage = %v, want %v", err, tt.want)
				}
				if tt.calls != 0 && calls != tt.calls {
					t.Errorf("%d calls, want %d", calls, tt.calls)
				}
				if waited := time.Since(began); waited > outageFor+time.Second || tt.calls == 0 && waited < outageFor {
					t.Errorf("waited for %v, want %v", waited, outageFor)
				}
			})
		})
	}
}

// An awayFile lies on a server that does not answer.
type awayFile struct{ file }

func (awayFile) Read([]byte) (int, error)          { return 0, anOutage() }
func (awayFile) ReadAt([]byte, int64) (int, error) { return 0, anOutage() }
func (awayFile) Stat() (fs.FileInfo, error)        { return nil, anOutage() }

func TestRetryOutageIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := retryOutage(ctx, anOutage); !errors.Is(err, context.Canceled) {
			t.Errorf("retryOutage = %v, want context.Canceled", err)
		}
	})
}

// A file whose handle died is read on where it was.
func TestSteadyFileReadsOn(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b", "a.txt"), "0123456789")
	in, err := folders(t, dir).OpenSteady("b/a.txt", os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.ReadFull(in, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	dead := in.file
	in.file = awayFile{dead}
	if info, err := in.Stat(); err != nil || info.Size() != 10 || in.file == (awayFile{dead}) {
		t.Fatalf("Stat = %v, %v, want the file opened again", info, err)
	}
	in.file = awayFile{in.file}
	rest, err := io.ReadAll(in)
	if err != nil || string(rest) != "456789" {
		t.Errorf("ReadAll = %q, %v, want the rest from byte 4", rest, err)
	}
	if err := dead.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close of the dead file = %v, want it closed before", err)
	}
	p := make([]byte, 2)
	in.file = awayFile{in.file}
	if _, err := in.ReadAt(p, 8); err != nil || string(p) != "89" {
		t.Errorf("ReadAt = %q, %v", p, err)
	}
	if at, err := in.Seek(2, io.SeekStart); err != nil || at != 2 || in.offset != 2 {
		t.Errorf("Seek = %d, %v, and the file is at %d, want 2", at, err, in.offset)
	}
	var b strings.Builder
	if n, err := io.Copy(&b, in); err != nil || n != 8 || in.offset != 10 {
		t.Errorf("Copy = %d, %v, and the file is at %d, want 8 bytes to 10", n, err, in.offset)
	}
}

func TestIsIOFault(t *testing.T) {
	for _, err := range []error{outages[0], broken[0], fmt.Errorf("writing a file: %w", anOutage())} {
		if !IsIOFault(err) {
			t.Errorf("IsIOFault(%v) = false", err)
		}
	}
	for _, err := range []error{nil, os.ErrPermission, os.ErrNotExist, io.ErrUnexpectedEOF, ErrBusy, context.Canceled, syscall.EINVAL} {
		if IsIOFault(err) {
			t.Errorf("IsIOFault(%v) = true", err)
		}
	}
}
