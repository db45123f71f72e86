// Helper does on Windows what the tests need others to do there: hold files open, lock them, press
// Ctrl-C.
//
//	helper hold NONE|READ|ALL FILE   open a file, sharing that with others
//	helper lock FILE                 open a file and lock all its bytes
//	helper press FIRST PROGRAM ARG…  run a program; at a line on its standard error that holds FIRST
//	                                 press Ctrl-C; end with its exit status; needs a console
//
// Whoever holds or locks says "held" and does so until its standard input ends.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"golang.org/x/sys/windows"
)

func main() {
	status, err := 0, errors.New("usage: helper hold|lock|press …")
	switch a := os.Args[1:]; {
	case len(a) == 3 && a[0] == "hold":
		err = hold(a[1], a[2])
	case len(a) == 2 && a[0] == "lock":
		err = lock(a[1])
	case len(a) > 2 && a[0] == "press":
		status, err = pressControlC(a[1], a[2], a[3:]...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// open opens a file for reading and writing, or only for reading, as a virus scanner does, if it is
// shared for reading.
func open(name, share string) (windows.Handle, error) {
	modes := map[string]uint32{
		"NONE": 0,
		"READ": windows.FILE_SHARE_READ,
		"ALL":  windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE,
	}
	mode, ok := modes[share]
	if !ok {
		return 0, fmt.Errorf("share mode %q, want NONE, READ or ALL", share)
	}
	access := uint32(windows.GENERIC_READ)
	if share != "READ" {
		access |= windows.GENERIC_WRITE
	}
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(p, access, mode, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
}

func hold(share, name string) error {
	h, err := open(name, share)
	if err != nil {
		return fmt.Errorf("opening %s: %w", name, err)
	}
	return errors.Join(wait(), windows.CloseHandle(h))
}

func lock(name string) error {
	h, err := open(name, "ALL")
	if err != nil {
		return fmt.Errorf("opening %s: %w", name, err)
	}
	const all = ^uint32(0)
	if err := windows.LockFileEx(h, windows.LOCKFILE_EXCLUSIVE_LOCK, 0, all, all, new(windows.Overlapped)); err != nil {
		return fmt.Errorf("locking %s: %w", name, err)
	}
	return errors.Join(wait(), windows.CloseHandle(h))
}

func wait() error {
	fmt.Fprintln(os.Stdout, "held")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// pressControlC runs a program and presses the keys for everybody at this console, itself included.
func pressControlC(first, program string, args ...string) (int, error) {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	cmd := exec.Command(program, args...)
	cmd.Stdout = os.Stdout
	said, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pressed := false
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if !pressed && strings.Contains(lines.Text(), first) {
			pressed = true
			if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_C_EVENT, 0); err != nil {
				return 0, fmt.Errorf("pressing Ctrl-C: %w", err)
			}
		}
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
