package pe_test

import (
	"os"
	"runtime"
	"testing"

	"usmtpkg/locate/pe"
)

// The running test is a PE file of a third writer, Go's linker.
func TestReadOwnProgram(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	machine := map[string]pe.Machine{"amd64": pe.AMD64, "arm64": pe.ARM64, "386": pe.I386}[runtime.GOARCH]
	got, err := pe.Read(f, info.Size())
	if want := (pe.Info{Machine: machine}); err != nil || got != want {
		t.Errorf("Read(%s) = %v, %v, want %v", name, got, err, want)
	}
}
