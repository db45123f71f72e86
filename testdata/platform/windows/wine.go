// Package windows runs usmtpkg as the Windows program it is, under Wine, and the tests of all its
// packages as Windows programs.
//
// Wine is not Windows. What it answers differently is listed in docs/faults.md; where a
// Samba server answers as Windows does, the tests of package samba have it.
package windows

import (
	_ "embed" // the library that Wine lacks
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usmtpkg/testdata/platform"
)

// wine is where Debian's package wine64 has its programs, beside wine64 itself: none is on PATH.
const wine = "/usr/lib/wine/"

// shim is the source of what Wine lacks for Go programs.
//
//go:embed testdata/bcryptprimitives.c
var shim []byte

// A Machine is a Windows of its own: registry, drive C, other drives, shares.
type Machine struct {
	dir    string // Wine's "prefix"
	env    []string
	mu     sync.Mutex
	drives []byte // letters that are free
}

// One machine serves all tests of a program; making it takes some seconds.
var machine struct {
	sync.Once
	m   *Machine
	err error
}

// Start makes the machine, with the first call, and skips the test where that cannot be.
func Start(tb testing.TB) *Machine {
	tb.Helper()
	platform.Need(tb, wine+"wine64", wine+"wineserver64", "x86_64-w64-mingw32-gcc")
	machine.Do(func() { machine.m, machine.err = start() })
	if machine.err != nil {
		tb.Fatalf("making a Windows machine: %v", machine.err)
	}
	return machine.m
}

// Main runs the tests of a package and stops the machine, if there is one.
func Main(m *testing.M) int {
	status := m.Run()
	if machine.m == nil {
		return status
	}
	if err := machine.m.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

func start() (*Machine, error) {
	dir, err := os.MkdirTemp("", "usmtpkg-wine-")
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: dir, drives: []byte("defghijklmnopqrstuvwxy"), env: []string{
		"WINEPREFIX=" + filepath.Join(dir, "prefix"),
		"WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=", // or it asks for what it could download
	}}
	library := filepath.Join(dir, "bcryptprimitives")
	err = errors.Join(os.WriteFile(library+".c", shim, 0o666), os.Mkdir(filepath.Join(dir, "prefix"), 0o777))
	for _, command := range [][]string{
		// The server stays between two programs, and with it the services of Windows: those that a later
		// program started anew would outlast it, with its output in their hands. 60 seconds after the
		// last program it goes, should nobody stop it.
		{wine + "wineserver64", "--persistent=60"},
		{"x86_64-w64-mingw32-gcc", "-O2", "-Wall", "-shared", "-s", "-o", library + ".dll", library + ".c", "-ladvapi32"},
		{wine + "wine64", "wineboot", "-i"},
		{wine + "wine64", "winecfg", "-v", "win10"},
	} {
		if err == nil {
			err = m.command(command...)
		}
	}
	if err == nil {
		err = os.Rename(library+".dll", m.C("windows/system32/bcryptprimitives.dll"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", err, m.stop())
	}
	return m, nil
}

// command runs a command that has to succeed. What it leaves running keeps its output, a file.
func (m *Machine) command(command ...string) error {
	out, err := os.Create(filepath.Join(m.dir, "output"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), m.env...), out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, said)
	}
	return nil
}

// stop ends whatever runs on the machine and removes it.
func (m *Machine) stop() error {
	cmd := exec.Command(wine+"wineserver64", "-k", "-w")
	cmd.Env = append(os.Environ(), m.env...)
	_ = cmd.Run() // it fails where nothing runs
	return os.RemoveAll(m.dir)
}

// C is the name, for this side, of a file on the machine's drive C.
func (m *Machine) C(name string) string { return filepath.Join(m.dir, "prefix", "drive_c", name) }

// Z is the name, on every machine, of a file of this side.
func Z(name string) string { return `Z:` + strings.ReplaceAll(name, "/", `\`) }

// Command is how a program is run on the machine from here.
func (m *Machine) Command(program string, args ...string) []string {
	return append(append(append([]string{"env"}, m.env...), wine+"wine64", program), args...)
}

// Run runs a program of the machine, or one of ours, to its end.
func (m *Machine) Run(tb testing.TB, program string, args ...string) platform.Result {
	tb.Helper()
	r := platform.Run(tb, m.Command(program, args...)...)
	r.Stdout, r.Stderr = lf(r.Stdout), lf(r.Stderr)
	return r
}

func lf(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// Drive gives a folder of this side a drive letter until the test is over.
func (m *Machine) Drive(tb testing.TB, dir string) string {
	tb.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.drives) == 0 {
		tb.Fatal("all drive letters are taken")
	}
	letter := m.drives[0]
	m.drives = m.drives[1:]
	tb.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.drives = append(m.drives, letter)
	})
	m.link(tb, dir, string(letter)+":")
	return strings.ToUpper(string(letter)) + ":"
}

// Share gives a folder of this side a UNC path until the test is over.
func (m *Machine) Share(tb testing.TB, name, dir string) string {
	tb.Helper()
	m.link(tb, dir, filepath.Join("unc", "cm01", name))
	return `\\cm01\` + name
}

func (m *Machine) link(tb testing.TB, dir, name string) {
	tb.Helper()
	link := filepath.Join(m.dir, "prefix", "dosdevices", name)
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.Symlink(dir, link); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.Remove(link) })
}
