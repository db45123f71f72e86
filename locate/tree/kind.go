package tree

import "io/fs"

// Kind names what a file mode says an entry is, as it is written in messages: "a folder".
func Kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeIrregular != 0:
		return "a reparse point (a junction, a mount point or a file stored elsewhere)"
	}
	return "something of type " + m.Type().String()
}
