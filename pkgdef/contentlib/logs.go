package contentlib

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/cmlog"
)

// Verdicts on the content hash in a log, beside tree.Same, which says that the newest of the
// package is the one wanted.
const (
	Different  tree.Verdict = "different"  // it is another; see LogResult.Earlier
	Unfinished tree.Verdict = "unfinished" // ConfigMgr began to process the package again and printed no whole hash; see LogResult.Attempt
	NotFound   tree.Verdict = "not-found"  // there is none of that package
)

// A LogEntry is one content hash that distmgr printed.
type LogEntry struct {
	Hash    string `json:"hash"`              // 64 upper-case hex digits; of an attempt what was printed of them
	Version int    `json:"version,omitempty"` // the source version of the package; 0 where the log does not tell
	When    string `json:"when"`              // as printed: date, time and difference to UTC in minutes
	Log     string `json:"log"`               // the name of the log, as it was given
	Line    int    `json:"line"`              // from 1
}

// String says where the entry is, and of which version it is.
func (e LogEntry) String() string {
	s := fmt.Sprintf("%s:%d, %s", finding.Printable(e.Log), e.Line, finding.Printable(e.When))
	if e.Version > 0 {
		s = fmt.Sprintf("source version %d, %s", e.Version, s)
	}
	return s
}

// A LogResult is what logs say of a package.
type LogResult struct {
	Verdict tree.Verdict
	Newest  LogEntry // the last of the package; empty if there is none

	// Earlier is the last entry before the newest that has the hash wanted: the package held
	// that content then, and was given another since. Without one, a hash that differs may mean
	// that the package was not refreshed after its source changed: an older version is still
	// there. It is nil if there is none.
	Earlier *LogEntry

	// Attempt is where ConfigMgr began, after the newest entry, to process the content of the
	// package and printed no hash, or one that is not whole. Nil if there is none.
	Attempt *LogEntry

	Unattributed int // hashes that no package could be told for: the log begins within a run
	Skipped      int // messages passed over, since they are too long to be one of these
}

// Log is one log to be searched.
type Log struct {
	Name string
	R    io.Reader
}

// SearchLogs looks in distmgr.log for the content hash that ConfigMgr computed for a package,
// and compares the newest with want. Logs come oldest first, as they followed one another;
// the last entry is the newest. Where the source version or the time of the package falls from
// one log to the next, that order is wrong: an OrderError. Memory is bounded, however
// long the logs are.
//
// The line "The hash for algorithm 32780 is …" (seen; 32780 is SHA-256) does not name its
// package: it belongs to the last one that the same thread named (inferred: a package is
// processed by one thread, as all logs seen show). "The RDC signature hash …" is another
// value and is not looked at. A refresh that was begun and printed no hash, such as one that is
// under way, failed, or whose line is torn, may have given the package other content: the hash
// before it no longer shows what the package has.
func SearchLogs(ctx context.Context, id, want string, logs ...Log) (LogResult, error) {
	if err := CheckPackageID(id); err != nil {
		return LogResult{}, err
	}
	if !isSHA256(want) {
		return LogResult{}, fmt.Errorf("found hash %q, wanted 64 hex digits", want)
	}
	s := &search{id: strings.ToUpper(id), want: strings.ToUpper(want), threads: map[string]*thread{}}
	for _, l := range logs {
		rr := cmlog.NewReader(l.R)
		for {
			rec, err := rr.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return LogResult{}, fmt.Errorf("reading %s: %w", l.Name, err)
			}
			for line := range bytes.Lines(rec.Message) {
				s.take(rec, string(bytes.Trim(line, "~ \t\r\n")), l.Name)
			}
		}
		s.result.Skipped += rr.Skipped()
	}
	if err := s.inOrder(); err != nil {
		return LogResult{}, err
	}
	return s.finish(), nil
}

// A search is the state of SearchLogs.
type search struct {
	id      string
	want    string
	threads map[string]*thread
	newest  *LogEntry
	earlier *LogEntry  // the last with the hash wanted that is not the newest
	attempt *LogEntry  // begun after the newest; nil: none
	last    []LogEntry // what each log says last of the package
	result  LogResult
}

// A thread is what one thread of distmgr is at.
type thread struct {
	pkg     string    // in upper case
	version int       // of pkg; 0: not told yet
	hash    *LogEntry // the one it printed last for pkg
}

// maxThreads bounds how many threads are remembered. A site has some dozens; when there are
// more, all are forgotten, and the hashes they print next may stay unattributed.
const maxThreads = 4096

// What distmgr prints of a package on the thread that processes it (seen). Those with a
// second group give the version that is processed; "Processing package" gives the one before.
var (
	hashLine = regexp.MustCompile(`^The hash for algorithm ` + calgSHA256 + ` is ([0-9A-Fa-f]{64})$`)
	tornHash = regexp.MustCompile(`^The hash for algorithm ` + calgSHA256 + `\b(?: is)? *([0-9A-Fa-f]{0,64})`)
	begin    = regexp.MustCompile(`^(?:Start (?:adding|updating)(?: the)?|Taking package snapshot for) package ([0-9A-Za-z]{8})\b`)
	naming   = regexp.MustCompile(`^(?:(Start (?:adding|updating)(?: the)? package|Processing package)|Taking package snapshot for package|Writing package definition for) ([0-9A-Za-z]{8})\b`)
	version  = regexp.MustCompile(`^(?:The size of package ([0-9A-Za-z]{8}), version|Successfully created RDC signatures for package ([0-9A-Za-z]{8}) version|Adding these contents to the package ([0-9A-Za-z]{8}) version) ([0-9]{1,9})\b`)
	exiting  = regexp.MustCompile(`^Exiting package processing thread for package\b`)
)

// take looks at one line of a message.
func (s *search) take(rec cmlog.Record, line, name string) {
	if !strings.Contains(line, "package ") && !strings.HasPrefix(line, "The hash ") {
		return // nearly all lines; the rest of this takes longer
	}
	if rec.Thread == "" { // nothing ties such a line to another
		if hashLine.MatchString(line) {
			s.result.Unattributed++
		}
		return
	}
	t := s.threads[rec.Thread]
	if t == nil {
		if len(s.threads) >= maxThreads {
			clear(s.threads)
		}
		t = &thread{}
		s.threads[rec.Thread] = t
	}
	if m := begin.FindStringSubmatch(line); m != nil && strings.EqualFold(m[1], s.id) && s.attempt == nil {
		s.attempt = &LogEntry{When: rec.When, Log: name, Line: rec.Line}
	}
	if m := version.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[4]) // at most nine digits
		s.versionLine(t, strings.ToUpper(m[1]+m[2]+m[3]), n, m[3] != "")
	} else if m := naming.FindStringSubmatch(line); m != nil {
		t.name(strings.ToUpper(m[2]), m[1] != "")
	} else if m := hashLine.FindStringSubmatch(line); m != nil {
		s.hashLine(t, &LogEntry{Hash: strings.ToUpper(m[1]), Version: t.version, When: rec.When, Log: name, Line: rec.Line})
	} else if m := tornHash.FindStringSubmatch(line); m != nil {
		s.torn(t, &LogEntry{Hash: strings.ToUpper(m[1]), Version: t.version, When: rec.When, Log: name, Line: rec.Line})
	} else if exiting.MatchString(line) {
		delete(s.threads, rec.Thread)
	} else {
		return
	}
	if t.pkg == s.id {
		s.note(LogEntry{Version: t.version, When: rec.When, Log: name, Line: rec.Line})
	}
}

// name notes which package the thread is at; begin: it begins with it.
func (t *thread) name(pkg string, begin bool) {
	if begin || t.pkg != pkg {
		*t = thread{pkg: pkg}
	}
}

// versionLine notes package and version. One after the hash is the version of that hash,
// and where the log began in between also its package.
func (s *search) versionLine(t *thread, pkg string, n int, behind bool) {
	e, loose := t.hash, t.pkg == ""
	t.name(pkg, false)
	t.version = n
	if s.attempt != nil && pkg == s.id {
		s.attempt.Version = n
	}
	if !behind || e == nil || !loose && t.hash == nil {
		return
	}
	if e.Version == 0 {
		e.Version = n
	}
	if loose {
		s.result.Unattributed--
		t.hash = e
		s.add(t)
	}
}

func (s *search) hashLine(t *thread, e *LogEntry) {
	t.hash = e
	if t.pkg == "" {
		s.result.Unattributed++
		return
	}
	s.add(t)
}

// add enters the hash of a thread, if it is that of the package looked for.
func (s *search) add(t *thread) {
	if t.pkg != s.id {
		return
	}
	if s.newest != nil && s.newest.Hash == s.want {
		s.earlier = s.newest
	}
	s.newest, s.attempt = t.hash, nil
}

// torn notes a hash that is not whole.
func (s *search) torn(t *thread, e *LogEntry) {
	switch t.pkg {
	case "":
		s.result.Unattributed++
	case s.id:
		s.attempt = e
	}
}

func (s *search) finish() LogResult {
	r := s.result
	r.Attempt = s.attempt
	switch {
	case s.newest == nil:
		r.Verdict = NotFound
		return r
	case s.attempt != nil:
		r.Verdict = Unfinished
	case s.newest.Hash == s.want:
		r.Verdict = tree.Same
	default:
		r.Verdict, r.Earlier = Different, s.earlier
	}
	r.Newest = *s.newest
	return r
}
