//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// takeMemory makes sure that the memory which a run over a workload of this
// size takes, twice over (a copy and what holds it), is there: a virtual
// machine's host has to find each page that it took away earlier, and the tool
// whose turn it is would wait for that. The kernel hands large free blocks back
// to the host within seconds; so that it leaves these, another process keeps
// every other block until release is called. One of its own: the peak of this
// one's memory would count as that of the tools it starts.
func takeMemory(ctx context.Context, workload int64) (release func() error, err error) {
	const spare = 300 << 20 // for the tools themselves, in bytes
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "hold", strconv.FormatInt(2*(2*workload+spare), 10))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	release = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("taking memory: %w", err), release())
	}
	return release, nil
}

// hold takes that many bytes of memory, gives every other block of them back,
// says so, and keeps the others until its input ends.
func hold(bytes string) error {
	const block = 64 << 10 // as large as the page cache takes at once, in bytes
	size, err := strconv.Atoi(bytes)
	if err != nil {
		return err
	}
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	_ = unix.Madvise(mem, unix.MADV_NOHUGEPAGE) // of a huge page no part is given back
	for i := 0; i < len(mem); i += os.Getpagesize() {
		mem[i] = 1
	}
	for i := 0; i+block <= len(mem); i += 2 * block {
		if err := unix.Madvise(mem[i:i+block], unix.MADV_DONTNEED); err != nil {
			return os.NewSyscallError("madvise", err)
		}
	}
	if _, err := os.Stdout.WriteString("held\n"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
