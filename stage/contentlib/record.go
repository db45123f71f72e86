package contentlib

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
)

// A record is one message of a log of ConfigMgr.
type record struct {
	message []byte // may have several lines
	thread  string // in decimal digits, as printed
	when    string // as printed
	line    int    // the line that it ends on, from 1
}

// Limits of a log: what is longer is passed over and counted.
const (
	maxLogLine = 64 << 10 // bytes
	maxRecord  = 64 << 10 // bytes of a message with all its lines
)

// The two forms of a line (seen, in the patterns that CMTrace is said to use). In the
// first, of clients and of some site systems, a message may span lines:
//
//	<![LOG[message]LOG]!><time="18:31:23.782+240" date="05-17-2016" … thread="5776" …>
//
// The second is that of the site server:
//
//	message  $$<SMS_DISTRIBUTION_MANAGER><05-17-2016 18:31:23.782+240><thread=5776 (0x1690)>
var (
	ccmBegin    = []byte("<![LOG[")
	ccmEnd      = []byte("]LOG]!><")
	ccmTime     = regexp.MustCompile(`\btime="([0-9:.+-]{1,32})" date="([0-9-]{1,16})"`)
	ccmThread   = regexp.MustCompile(`\bthread="([0-9]{1,10})"`)
	simpleEnd   = []byte("$$<")
	simpleParts = regexp.MustCompile(`^\$\$<[^<>]*><([0-9-]{1,16}\s+[0-9:.+-]{1,32})>(?:<thread=([0-9]{1,10})\b[^>]*>)?`)
)

// A recordReader cuts a log into records, whichever forms it is in.
type recordReader struct {
	br      *bufio.Reader
	line    int
	buf     []byte
	pending []byte // the lines of a message that has not ended
	lost    bool   // the message that has not ended is too long
	skipped int    // messages that were too long
}

func newRecordReader(r io.Reader) *recordReader {
	return &recordReader{br: newTextReader(r), buf: make([]byte, 0, maxLogLine+2)}
}

// next returns the next record; at the end of the log it is io.EOF. Lines at the end that
// make no whole record are left out: the log is still being written. The record's message is
// valid until the next call.
func (r *recordReader) next(ctx context.Context) (record, error) {
	if r.pending = r.pending[:0]; r.lost {
		r.lost = false
	}
	for {
		if r.line%1024 == 0 && ctx.Err() != nil {
			return record{}, context.Cause(ctx)
		}
		line, cut, err := readLine(r.br, r.buf, maxLogLine)
		if err != nil {
			if errors.Is(err, io.EOF) && r.lost {
				r.skipped++
			}
			return record{}, err
		}
		r.line++
		if bytes.HasPrefix(line, ccmBegin) { // whatever was before it is torn
			r.pending, r.lost = r.pending[:0], false
			line = line[len(ccmBegin):]
		}
		rec, ended := parseEnd(line)
		if cut || len(r.pending)+len(rec.message) > maxRecord {
			r.lost = true
		}
		switch {
		case ended && r.lost:
			r.skipped++
			r.pending, r.lost = r.pending[:0], false
		case ended:
			r.pending = append(r.pending, rec.message...)
			rec.message, rec.line = r.pending, r.line
			return rec, nil
		case !r.lost:
			r.pending = append(append(r.pending, rec.message...), '\n')
		}
	}
}

// parseEnd looks for the end of a record in a line; the message is what stands before it.
func parseEnd(line []byte) (rec record, ended bool) {
	if i := bytes.LastIndex(line, ccmEnd); i >= 0 {
		tail := line[i+len(ccmEnd)-1:]
		at, thread := ccmTime.FindSubmatch(tail), ccmThread.FindSubmatch(tail)
		if at != nil && thread != nil {
			return record{message: line[:i], thread: string(thread[1]), when: string(at[2]) + " " + string(at[1])}, true
		}
	}
	if i := bytes.LastIndex(line, simpleEnd); i >= 0 {
		if parts := simpleParts.FindSubmatch(line[i:]); parts != nil {
			return record{message: line[:i], thread: string(parts[2]), when: string(parts[1])}, true
		}
	}
	return record{message: line}, false
}
