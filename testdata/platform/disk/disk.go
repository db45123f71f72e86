// Package disk makes file systems that are full, small, read-only or closed,
// and processes that may not have much.
package disk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"usmtpkg/testdata/platform"
)

// Tmpfs mounts a file system in memory with these options, such as "size=8m",
// and returns its folder.
func Tmpfs(tb testing.TB, options string) string {
	tb.Helper()
	return mount(tb, "tmpfs", tb.TempDir(), "tmpfs", 0, options)
}

// Ext4 makes and mounts an ext4 file system of that size in an image file, and
// returns its folder.
func Ext4(tb testing.TB, bytes int64) string {
	tb.Helper()
	platform.Need(tb, "mkfs.ext4", "mount", "losetup")
	image := filepath.Join(tb.TempDir(), "image")
	platform.Write(tb, image, nil)
	if err := os.Truncate(image, bytes); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", image).CombinedOutput(); err != nil {
		tb.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	out, err := exec.Command("losetup", "--find", "--show", image).CombinedOutput()
	if err != nil {
		platform.Missing(tb, "no loop device can be had here: "+string(out))
	}
	device := strings.TrimSpace(string(out))
	tb.Cleanup(func() { _ = exec.Command("losetup", "--detach", device).Run() })
	return mount(tb, device, tb.TempDir(), "ext4", 0, "")
}

// Bind shows a folder at another place, too, which it returns.
func Bind(tb testing.TB, dir string) string {
	tb.Helper()
	return mount(tb, dir, tb.TempDir(), "", syscall.MS_BIND, "")
}

// ReadOnly shows a folder read-only at another place, which it returns.
func ReadOnly(tb testing.TB, dir string) string {
	tb.Helper()
	at := Bind(tb, dir)
	if err := syscall.Mount("", at, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		tb.Fatal(err)
	}
	return at
}

func mount(tb testing.TB, what, at, kind string, flags uintptr, options string) string {
	tb.Helper()
	if err := syscall.Mount(what, at, kind, flags, options); err != nil {
		platform.Missing(tb, "mounting "+what+" is not possible here: "+err.Error())
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
	return at
}

// Change sets an attribute of a folder, such as "+i" (nothing in it may be
// changed) or "+a" (things may be added only), until the test is over.
func Change(tb testing.TB, attribute, dir string) {
	tb.Helper()
	platform.Need(tb, "chattr")
	if out, err := exec.Command("chattr", attribute, dir).CombinedOutput(); err != nil {
		platform.Missing(tb, "attributes of files cannot be set here: "+string(out))
	}
	tb.Cleanup(func() { _ = exec.Command("chattr", "-"+attribute[1:], dir).Run() })
}

// Fill writes a file into dir until nothing more fits, and returns its name.
func Fill(dir string) (string, error) {
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		return "", err
	}
	for size := 1 << 20; size > 0; size /= 2 { // to the last byte
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if pe, ok := err.(*os.PathError); !ok || pe.Err != syscall.ENOSPC {
			break
		}
		err = nil
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return f.Name(), err
}
