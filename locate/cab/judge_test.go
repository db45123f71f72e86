package cab_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/cab"
)

// TestGcab reads what another program wrote.
func TestGcab(t *testing.T) {
	program, err := exec.LookPath("gcab")
	if err != nil {
		t.Skip("gcab, the judge of this test, is not installed: NOT TESTED")
	}
	dir := t.TempDir()
	want := map[string]string{}
	args := []string{"-c", "-n", "a.cab"}
	for i, size := range []int{0, 1, 70_000, 32_768, 500_000} {
		name := fmt.Sprintf("ä%d.xml", i)
		b := content(size, uint64(i))
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		want[name], args = string(b), append(args, name)
	}
	for _, zip := range []bool{false, true} {
		if zip {
			args = append([]string{"-z"}, args...)
		}
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcab: %v: %s", err, text)
		}
		file, err := os.ReadFile(filepath.Join(dir, "a.cab"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(map[string][]byte{"a.cab": file}, "a.cab")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "Reader", got, want)
	}
}

// Where the folder Installers of an ADK layout is at hand, named by USMTPKG_TEST_LAYOUT, all its cabinets are read, and
// compared with what cabextract makes of them: Microsoft's files are no part of this project.
func TestGenuine(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NO GENUINE CABINET WAS READ: USMTPKG_TEST_LAYOUT is not set")
	}
	program, err := exec.LookPath("cabextract")
	if err != nil {
		t.Skip("cabextract, the judge of this test, is not installed: NOT TESTED")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.cab"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cabinets in %s: %v", dir, err)
	}
	files, total := 0, int64(0)
	for _, name := range names {
		out := t.TempDir()
		if text, err := exec.CommandContext(t.Context(), program, "-q", "-d", out, name).CombinedOutput(); err != nil {
			t.Fatalf("cabextract: %v: %s", err, text)
		}
		open := func(name string) (*cab.Cabinet, error) {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { _ = f.Close() })
			info, err := f.Stat()
			if err != nil {
				return nil, err
			}
			return cab.Open(name, f, info.Size())
		}
		c, err := open(filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		for r := cab.NewReader(c, open); ; files++ {
			f, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			n, err := io.Copy(h, r)
			if err != nil || n != f.Size {
				t.Fatalf("%s: %s: %d bytes of %d, %v", name, f.Name, n, f.Size, err)
			}
			total += n
			for _, twin := range append(f.Twins, f.Name) {
				judged, err := os.ReadFile(filepath.Join(out, twin))
				if err != nil || sha256.Sum256(judged) != [32]byte(h.Sum(nil)) {
					t.Errorf("%s: %s differs from what cabextract makes of it (%v)", name, twin, err)
				}
				if err := os.Remove(filepath.Join(out, twin)); err != nil {
					t.Error(err)
				}
			}
		}
		err = filepath.WalkDir(out, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				t.Errorf("%s: only cabextract found %s", name, strings.TrimPrefix(path, out))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d cabinets, %d files, %d bytes", len(names), files, total)
}
