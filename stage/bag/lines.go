package bag

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Bounds of one tag file. The RFC has none; these are far above what a package
// of 20,000 files needs.
const (
	maxLine  = 32 << 10  // bytes of a line, without its end
	maxFile  = 64 << 20  // bytes of a file, as stored
	maxLines = 1_000_000 // lines of a file, hence rows of a manifest
)

const byteOrderMark = "\uFEFF"

// lineReader splits a tag file into lines and refuses what no tag file may
// hold. It reads no further than the bounds.
type lineReader struct {
	sc       *bufio.Scanner
	file     string
	strict   bool
	encoding encoding
	line     int  // number of the line returned last, from 1
	ended    bool // that line had an end
}

// newLineReader reads the tag file of that name. The rules give encoding and
// strictness.
func newLineReader(r io.Reader, file string, rules Rules) *lineReader {
	l := &lineReader{file: file, strict: rules.Strict, encoding: rules.encoding}
	l.sc = bufio.NewScanner(rules.encoding.decode(&boundedReader{r: r, left: maxFile}))
	l.sc.Buffer(make([]byte, 0, 64<<10), maxLine+8)
	l.sc.Split(l.split)
	return l
}

// split is a [bufio.SplitFunc] for lines ending in LF, CR or CRLF.
func (l *lineReader) split(data []byte, atEOF bool) (int, []byte, error) {
	l.ended = false
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		end = len(data)
	}
	if cr := bytes.IndexByte(data[:end], '\r'); cr >= 0 {
		end = cr
	}
	switch {
	case end == len(data) && !atEOF:
		return 0, nil, nil // the line goes on
	case end == len(data) && end == 0:
		return 0, nil, nil // the end of the file
	case end == len(data):
		return end, data, nil
	case data[end] == '\n':
		l.ended = true
		return end + 1, data[:end], nil
	}
	// A CR. Whether an LF belongs to it may need one byte more.
	if end+1 == len(data) && !atEOF {
		return 0, nil, nil
	}
	l.ended = true
	if l.strict {
		return 0, nil, l.syntax(l.line+1, "a carriage return", "lines ending in LF alone")
	}
	if end+1 < len(data) && data[end+1] == '\n' {
		return end + 2, data[:end], nil
	}
	return end + 1, data[:end], nil
}

// next returns the next line without its end, valid until the next call, and
// false after the last line.
func (l *lineReader) next() ([]byte, bool, error) {
	if !l.sc.Scan() {
		return nil, false, l.failure()
	}
	line := l.sc.Bytes()
	if !l.ended {
		// After a failed read the rest of the buffer looks like a last line.
		if err := l.failure(); err != nil {
			return nil, false, err
		}
	}
	l.line++
	return line, true, l.check(line)
}

// check looks at what every line of every tag file must keep to.
func (l *lineReader) check(line []byte) error {
	switch {
	case l.line > maxLines:
		return l.syntax(l.line, "more lines", fmt.Sprintf("at most %d lines", maxLines))
	case len(line) > maxLine:
		return l.longLine(l.line)
	case l.line == 1 && bytes.HasPrefix(line, []byte(byteOrderMark)):
		return l.syntax(1, "a byte order mark", "text without one")
	case !utf8.Valid(line):
		return l.syntax(l.line, "bytes that are not UTF-8 in "+quote(string(line)), "UTF-8")
	case !l.encoding.clean(line):
		return l.syntax(l.line, "characters that cannot be decoded", "text in "+l.encoding.String())
	case l.strict && !l.ended:
		return l.syntax(l.line, "the end of the file", "a line feed after the last line")
	}
	return nil
}

// failure returns why the scan ended, nil at the end of the file.
func (l *lineReader) failure() error {
	err := l.sc.Err()
	var syntax *SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bufio.ErrTooLong):
		return l.longLine(l.line + 1)
	case errors.Is(err, errFileTooLong):
		return l.syntax(0, "more bytes", fmt.Sprintf("a file of at most %d MiB", maxFile>>20))
	case errors.As(err, &syntax):
		return syntax
	}
	return fmt.Errorf("reading %s: %w", l.file, err)
}

func (l *lineReader) longLine(line int) error {
	return l.syntax(line, "a longer line", fmt.Sprintf("at most %d KiB a line", maxLine>>10))
}

func (l *lineReader) syntax(line int, found, wanted string) *SyntaxError {
	return &SyntaxError{File: l.file, Line: line, Found: found, Wanted: wanted}
}

// errFileTooLong ends a read after maxFile bytes.
var errFileTooLong = errors.New("file too long")

// boundedReader passes left bytes on and then fails if there are more.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	// One byte over the bound distinguishes a file of just that length from a longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, errFileTooLong
	}
	return n, err
}
