package cab

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Reader gives the files of a cabinet one after the other: those in the
// folders that begin in it. It is not for several goroutines at once.
type Reader struct {
	first  *Cabinet
	open   func(name string) (*Cabinet, error)
	linked []*Cabinet // those that the last folder of first continues in, as far as they were needed

	files  []File // of first, that are to come
	in     int    // how many of the linked cabinets had their files added
	data   *folderData
	folder int // of data
	file   File
	left   int64 // bytes of file that are to be read
	err    error // of the last read
}

// NewReader returns a Reader for c. Where a folder continues in the next
// cabinet, open is called with its name; it may be nil.
//
// A folder that begins in the previous cabinet is left out: the Reader of the
// cabinet where it begins gives all its files, also those that only later
// cabinets list. So reading every cabinet of a set gives each file once.
func NewReader(c *Cabinet, open func(name string) (*Cabinet, error)) *Reader {
	r := &Reader{first: c, open: open, folder: -1}
	for _, f := range c.Files {
		if !c.folders[f.folder].fromPrevious {
			r.files = append(r.files, f)
		}
	}
	return r
}

// Next goes to the next file, which Read and WriteTo then read. Its error is
// io.EOF after the last one.
func (r *Reader) Next() (*File, error) {
	r.left, r.err = 0, nil
	for len(r.files) == 0 {
		more, err := r.more()
		if err != nil {
			return nil, err
		}
		if !more {
			return nil, io.EOF
		}
	}
	r.file, r.files = r.files[0], r.files[1:]
	if r.file.folder != r.folder {
		r.data, r.folder = nil, r.file.folder
	}
	r.left = r.file.Size
	f := r.file
	return &f, nil
}

// more adds the files that begin in the next cabinet and are in the folder that
// continues there. It reports whether there is such a cabinet.
func (r *Reader) more() (bool, error) {
	c := r.first
	if r.in > 0 {
		c = r.linked[r.in-1]
	}
	if f := c.folders[len(c.folders)-1]; !f.toNext || c == r.first && f.fromPrevious {
		return false, nil
	}
	next, err := r.link(r.in)
	if err != nil {
		return false, err
	}
	r.in++
	for _, f := range next.Files {
		if f.folder == 0 && !f.fromPrevious {
			f.folder = len(r.first.folders) - 1
			r.files = append(r.files, f)
		}
	}
	return true, nil
}

// link returns the cabinet that the last folder continues in after i others.
func (r *Reader) link(i int) (*Cabinet, error) {
	if i < len(r.linked) {
		return r.linked[i], nil
	}
	c := r.first
	if i > 0 {
		c = r.linked[i-1]
	}
	if c.next == "" {
		return nil, c.malformed(0, "its last folder continues in another cabinet, but no next cabinet is named")
	}
	if r.open == nil {
		return nil, fmt.Errorf("%s continues in the cabinet %q: %w", c.Name, c.next, errors.ErrUnsupported)
	}
	next, err := r.open(c.next)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the end of a file has another meaning here
	}
	if err != nil {
		return nil, fmt.Errorf("%s continues in the cabinet %q: %w", c.Name, c.next, err)
	}
	if err := follows(next, c); err != nil {
		return nil, err
	}
	r.linked = append(r.linked, next)
	return next, nil
}

// follows checks that next is the cabinet after c, and that both describe the
// folder and the files that they share in the same way.
func follows(next, c *Cabinet) error {
	if next.set != c.set || next.index != c.index+1 {
		return next.malformed(32, "it is cabinet %d of the set %d; the one after %s is cabinet %d of the set %d",
			next.index, next.set, c.Name, c.index+1, c.set)
	}
	a, b := c.folders[len(c.folders)-1], next.folders[0]
	if a.compression != b.compression {
		return next.malformed(0, "folder 0 has the compression %#04x; it continues one of %s that has %#04x", b.compression, c.Name, a.compression)
	}
	var shared []File
	for _, f := range c.Files {
		if f.toNext {
			shared = append(shared, f)
		}
	}
	for _, f := range next.Files {
		if !f.fromPrevious {
			continue
		}
		if len(shared) == 0 || f.Name != shared[0].Name || f.Size != shared[0].Size || f.start != shared[0].start || !slices.Equal(f.Twins, shared[0].Twins) {
			return next.malformed(f.offset, "the file %q of %d bytes is said to begin in %s, which lists no such file as continued", f.Name, f.Size, c.Name)
		}
		shared = shared[1:]
	}
	if len(shared) > 0 {
		return next.malformed(0, "the file %q of %s continues here, but is not listed", shared[0].Name, c.Name)
	}
	return nil
}

// Read reads from the file that Next gave last.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.ready()
	if err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b)
	r.take(n)
	return n, nil
}

// WriteTo writes the rest of the file that Next gave last to w.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		b, err := r.ready()
		if err != nil || len(b) == 0 {
			return written, err
		}
		n, err := w.Write(b)
		r.take(n)
		written += int64(n)
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return written, err
		}
	}
}

// ready returns bytes of the file that are decompressed, none at its end.
func (r *Reader) ready() ([]byte, error) {
	if r.err == nil && r.left == 0 {
		return nil, nil
	}
	if r.err == nil && r.data == nil {
		r.data, r.err = r.openFolder()
	}
	if r.err == nil {
		r.err = r.data.seek(r.file.start + r.file.Size - r.left)
	}
	if r.err != nil {
		r.err = fmt.Errorf("reading %q: %w", r.file.Name, r.err)
		return nil, r.err
	}
	b := r.data.ready
	return b[:min(int64(len(b)), r.left)], nil
}

func (r *Reader) take(n int) {
	r.left -= int64(n)
	r.data.take(n)
}
