package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(name, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(name, 5); err != nil || string(b) != "hello" {
		t.Errorf("ReadFile = %q, %v, want hello", b, err)
	}
	tests := []struct {
		name, file, want string
		limit            int64
	}{
		{"too large", name, "found 5 bytes, wanted at most 4", 4},
		{"folder", dir, "found a folder, wanted a file", 5},
		{"device", os.DevNull, "found a device, wanted a file", 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadFile(tt.file, tt.limit)
			if refused := (*FileError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ReadFile = %v, want an *FileError with %q", err, tt.want)
			}
		})
	}
	if _, err := Open(filepath.Join(dir, "none"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing = %v, want that it does not exist", err)
	}
}

// Random access has the same limit.
func TestReadAt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(name, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(name, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	b := make([]byte, 3)
	if n, err := f.ReadAt(b, 2); err != nil || string(b[:n]) != "llo" {
		t.Errorf("ReadAt = %q, %v, want llo", b[:n], err)
	}
	if err := os.WriteFile(name, []byte("hello!"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(b, 3); !errors.As(err, new(*FileError)) {
		t.Errorf("ReadAt beyond the limit = %v, want a *FileError", err)
	}
}

// A log may grow while it is read, but not for ever.
func TestReadGrowing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(name, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(name, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	for _, more := range []string{"123", "4"} {
		if err := os.WriteFile(name, []byte("hello"+"123"+more), 0o666); err != nil {
			t.Fatal(err)
		}
		if more == "123" {
			if err := os.Truncate(name, 8); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(f, make([]byte, 8)); err != nil {
				t.Fatalf("reading up to the limit: %v", err)
			}
		}
	}
	if _, err := f.Read(make([]byte, 8)); err == nil || !strings.Contains(err.Error(), "found 9 bytes, wanted at most 8") {
		t.Errorf("Read = %v, want that it is too large", err)
	}
}
