//go:build unix

package tree

import "syscall"

// AtOnce has a pipe opened without waiting for its other end. It also saves four system calls
// for each file: without it Go sets and unsets it itself, to find out what kind of file it has.
const AtOnce = syscall.O_NONBLOCK
