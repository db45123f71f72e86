//go:build unix

package tree

import "syscall"

// AtOnce has a pipe opened without waiting for its other end. It also saves four system calls
// for each file: without it Go sets and unsets it itself, to find out what kind of file it has.
const AtOnce = syscall.O_NONBLOCK

// asFolder returns a path that the system opens only if it leads to a folder: os.OpenRoot does not ask
// for one, and would wait for the other end of a pipe. The root has a slash at the end of its name.
func asFolder(dir string) string {
	if dir == "" {
		return dir
	}
	return dir + "/"
}
