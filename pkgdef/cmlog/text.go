package cmlog

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
)

// NewText reads a text of Windows as UTF-8: UTF-16 with a byte order mark or
// where its first character shows the byte order, UTF-8 with or without a mark. Any
// other text passes as it is: it does not guess code pages, and of such a text only
// the ASCII characters can be relied on.
func NewText(r io.Reader) *bufio.Reader {
	br := bufio.NewReaderSize(r, bufferSize)
	head, _ := br.Peek(3) // an error comes again when it is read
	var order unicode.Endianness
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = br.Discard(3) // they were peeked at
		return br
	case len(head) < 2:
		return br
	case head[0] == 0xff && head[1] == 0xfe, head[0] != 0 && head[1] == 0:
		order = unicode.LittleEndian
	case head[0] == 0xfe && head[1] == 0xff, head[0] == 0 && head[1] != 0:
		order = unicode.BigEndian
	default:
		return br
	}
	return bufio.NewReaderSize(unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(br), bufferSize)
}

const bufferSize = 4 << 10 // bytes

// ReadLine reads a line without its end into buf. Of one longer than limit bytes it gives
// the first limit bytes, and says that it was cut. At the end of the text it is io.EOF.
func ReadLine(br *bufio.Reader, buf []byte, limit int) (line []byte, cut bool, err error) {
	line = buf[:0]
	for {
		part, err := br.ReadSlice('\n')
		room := limit - len(line)
		cut = cut || len(part) > room+2 // the line's end is no part of it
		line = append(line, part[:min(len(part), room+2)]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, false, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		return line[:min(len(line), limit)], cut || len(line) > limit, nil
	}
}
