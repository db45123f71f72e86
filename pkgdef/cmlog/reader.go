// Package cmlog reads the logs of ConfigMgr: it cuts them into records, and finds
// the older logs that one was rotated from.
//
// A line has one of two forms (seen, in the patterns that CMTrace is said to use).
// In the first, of clients and of some site systems, a message may span lines:
//
//	<![LOG[message]LOG]!><time="18:31:23.782+240" date="05-17-2016" … thread="5776" …>
//
// The second is that of the site server:
//
//	message  $$<SMS_DISTRIBUTION_MANAGER><05-17-2016 18:31:23.782+240><thread=5776 (0x1690)>
//
// Rules: a log may be of any length and contain anything; memory stays bounded, what is
// longer than a message can be is passed over and counted. Both forms may be mixed.
//
// It does not understand messages, and takes no time from them: the order of the
// records is that of the log.
package cmlog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
)

// A Record is one message of a log.
type Record struct {
	Message []byte // may have several lines; valid until the next call of Next
	Thread  string // in decimal digits, as printed; empty where the log does not tell
	When    string // as printed: date, time and difference to UTC in minutes
	Line    int    // the line that it ends on, from 1

	Component string // as printed; empty where the log does not name one
}

// Limits of a log: what is longer is passed over and counted.
const (
	maxLine   = 64 << 10 // bytes
	maxRecord = 64 << 10 // bytes of a message with all its lines
)

var (
	ccmBegin    = []byte("<![LOG[")
	ccmEnd      = []byte("]LOG]!><")
	ccmTime     = regexp.MustCompile(`\btime="([0-9:.+-]{1,32})" date="([0-9-]{1,16})"`)
	ccmPart     = regexp.MustCompile(`\bcomponent="([^"]{1,64})"`)
	ccmThread   = regexp.MustCompile(`\bthread="([0-9]{1,10})"`)
	simpleEnd   = []byte("$$<")
	simpleParts = regexp.MustCompile(`^\$\$<([^<>]*)><([0-9-]{1,16}\s+[0-9:.+-]{1,32})>(?:<thread=([0-9]{1,10})\b[^>]*>)?`)
)

// A Reader cuts a log into records, whichever forms it is in.
type Reader struct {
	// Plain makes a record of every line that is in neither form, as in the logs of
	// Windows Installer. Without it such a line belongs to the message that ends behind it.
	Plain bool

	src     *source
	br      *bufio.Reader
	line    int
	buf     []byte
	pending []byte // the lines of a message that has not ended
	within  bool   // a message of the first form has begun
	lost    bool   // the message that has not ended is too long
	skipped int
}

// NewReader returns a reader of a log.
func NewReader(r io.Reader) *Reader {
	src := &source{r: r, ended: func() error { return nil }}
	return &Reader{src: src, br: NewText(src), buf: make([]byte, 0, maxLine+2)}
}

// A source is a log that is not read on when that is no longer wanted: a line may never end.
type source struct {
	r     io.Reader
	ended func() error
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ended(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// Skipped is how many messages were passed over so far, since they are too long.
func (r *Reader) Skipped() int { return r.skipped }

// Next returns the next record; at the end of the log it is io.EOF. Lines at the end that
// make no whole record are left out: the log is still being written.
func (r *Reader) Next(ctx context.Context) (Record, error) {
	r.reset()
	r.src.ended = func() error { return context.Cause(ctx) }
	for {
		if r.line%1024 == 0 && ctx.Err() != nil {
			return Record{}, context.Cause(ctx)
		}
		line, cut, err := ReadLine(r.br, r.buf, maxLine)
		if err != nil {
			if errors.Is(err, io.EOF) && r.lost {
				r.skipped++
				r.lost = false
			}
			return Record{}, err
		}
		r.line++
		if rec, ended := r.take(line, cut); ended {
			return rec, nil
		}
	}
}

func (r *Reader) reset() { r.pending, r.within, r.lost = r.pending[:0], false, false }

// take adds a line to the message that has not ended, and reports whether it ends there.
func (r *Reader) take(line []byte, cut bool) (rec Record, ended bool) {
	if bytes.HasPrefix(line, ccmBegin) { // whatever was before it is torn
		r.reset()
		r.within = true
		line = line[len(ccmBegin):]
	}
	rec, ended = parseEnd(line)
	if r.Plain && !r.within {
		ended = true
	}
	r.lost = r.lost || cut || len(r.pending)+len(rec.Message) > maxRecord
	switch {
	case ended && r.lost:
		r.skipped++
		r.reset()
		return rec, false
	case ended:
		r.pending = append(r.pending, rec.Message...)
		rec.Message, rec.Line = r.pending, r.line
	case !r.lost:
		r.pending = append(append(r.pending, rec.Message...), '\n')
	}
	return rec, ended
}

// parseEnd looks for the end of a record in a line; the message is what comes before it.
func parseEnd(line []byte) (rec Record, ended bool) {
	if i := bytes.LastIndex(line, ccmEnd); i >= 0 {
		tail := line[i+len(ccmEnd)-1:]
		at, thread := ccmTime.FindSubmatch(tail), ccmThread.FindSubmatch(tail)
		if at != nil && thread != nil {
			rec := Record{Message: line[:i], Thread: string(thread[1]), When: string(at[2]) + " " + string(at[1])}
			if part := ccmPart.FindSubmatch(tail); part != nil {
				rec.Component = string(part[1])
			}
			return rec, true
		}
	}
	if i := bytes.LastIndex(line, simpleEnd); i >= 0 {
		if parts := simpleParts.FindSubmatch(line[i:]); parts != nil {
			return Record{Message: line[:i], Thread: string(parts[3]), When: string(parts[2]), Component: string(parts[1])}, true
		}
	}
	return Record{Message: line}, false
}
