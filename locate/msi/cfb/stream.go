package cfb

import (
	"bytes"
	"io"
)

// Copy writes the content of a stream to w.
func (f *File) Copy(w io.Writer, e *Entry) error {
	what := e.String()
	if e.Size >= miniCutoff {
		list, err := f.chain(e.start, (e.Size+f.sectorSize-1)/f.sectorSize, what)
		if err != nil {
			return err
		}
		return f.copySectors(w, list, e.Size, what)
	}
	sn := e.start
	for left := e.Size; left > 0; left -= miniSector {
		off := int64(sn) * miniSector
		n := min(left, miniSector)
		if int64(sn) >= int64(len(f.miniFAT)) || off+n > int64(len(f.mini)) {
			return malformed("%s leads out of the small streams", what)
		}
		if _, err := w.Write(f.mini[off : off+n]); err != nil {
			return err
		}
		sn = f.miniFAT[sn]
	}
	if e.Size > 0 && sn != endOfChain {
		return malformed("%s does not end after its %d bytes", what, e.Size)
	}
	return nil
}

// Open returns random access to the content of a stream.
func (f *File) Open(e *Entry) (io.ReaderAt, error) {
	if e.Size < miniCutoff {
		var b bytes.Buffer
		err := f.Copy(&b, e)
		return bytes.NewReader(b.Bytes()), err
	}
	what := e.String()
	list, err := f.chain(e.start, (e.Size+f.sectorSize-1)/f.sectorSize, what)
	return &stream{f, list, e.Size, what}, err
}

// A stream is one that has sectors of its own.
type stream struct {
	f    *File
	list []uint32 // its sectors
	size int64
	what string
}

func (s *stream) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= s.size {
			return n, io.EOF
		}
		in := at % s.f.sectorSize
		part := p[n:][:min(int64(len(p)-n), s.f.sectorSize-in, s.size-at)]
		if err := s.f.readAt(part, s.f.offset(s.list[at/s.f.sectorSize])+in, s.what); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// copySectors writes size bytes of these sectors to w; those in a row are read together.
func (f *File) copySectors(w io.Writer, list []uint32, size int64, what string) error {
	const most = 64 << 10 // bytes read at once
	buf := make([]byte, min(most, int64(len(list))*f.sectorSize))
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n] == list[i]+uint32(n) && int64(n+1)*f.sectorSize <= most {
			n++
		}
		part := buf[:min(size, int64(n)*f.sectorSize)]
		if err := f.readAt(part, f.offset(list[i]), what); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		size -= int64(len(part))
		i += n
	}
	return nil
}
