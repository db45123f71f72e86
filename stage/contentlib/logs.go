package contentlib

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A LogVerdict is the outcome of a search in a log.
type LogVerdict string

// The outcomes.
const (
	LogSame      LogVerdict = "same"      // the newest hash of the package is the one wanted
	LogDifferent LogVerdict = "different" // it is another; see LogResult.Earlier
	LogNotFound  LogVerdict = "not-found" // there is none of that package
)

// A LogEntry is one content hash that distmgr printed.
type LogEntry struct {
	Hash    string // 64 upper-case hex digits
	Version int    // the source version of the package; 0 where the log does not tell
	When    string // as printed: date, time and difference to UTC in minutes
	Log     string // the name of the log
	Line    int    // from 1
}

// A LogResult is what logs say of a package.
type LogResult struct {
	Verdict LogVerdict
	Newest  LogEntry // the last of the package; empty if there is none

	// Earlier is the last entry before the newest that has the hash wanted: the package held
	// that content then, and was given another since. Without one, a hash that differs may mean
	// that the package was not refreshed after its source changed: an older version is still
	// there. It is nil if there is none.
	Earlier *LogEntry

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
// which entry is the newest is told by that order, not by clocks. Memory is bounded, however
// long the logs are.
//
// The line "The hash for algorithm 32780 is …" (seen; 32780 is SHA-256) does not name its
// package: it belongs to the last one that the same thread named (inferred: a package is
// processed by one thread, as all logs seen show). "The RDC signature hash …" is another
// value and is not looked at.
func SearchLogs(ctx context.Context, id, want string, logs ...Log) (LogResult, error) {
	if err := checkPackageID(id); err != nil {
		return LogResult{}, err
	}
	if !sha256Hex.MatchString(want) {
		return LogResult{}, fmt.Errorf("found hash %q, wanted 64 hex digits", want)
	}
	s := &search{id: strings.ToUpper(id), want: strings.ToUpper(want), threads: map[string]*thread{}}
	for _, l := range logs {
		rr := newRecordReader(l.R)
		for {
			rec, err := rr.next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return LogResult{}, fmt.Errorf("reading %s: %w", l.Name, err)
			}
			for line := range bytes.Lines(rec.message) {
				s.take(rec, string(bytes.Trim(line, "~ \t\r\n")), l.Name)
			}
		}
		s.result.Skipped += rr.skipped
	}
	return s.finish(), nil
}

// A search is the state of SearchLogs.
type search struct {
	id      string
	want    string
	threads map[string]*thread
	newest  *LogEntry
	earlier *LogEntry // the last with the hash wanted that is not the newest
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
// second group tell the version that is processed; "Processing package" tells the one before.
var (
	hashLine = regexp.MustCompile(`^The hash for algorithm ` + calgSHA256 + ` is ([0-9A-Fa-f]{64})$`)
	naming   = regexp.MustCompile(`^(?:(Start (?:adding|updating)(?: the)? package|Processing package)|Taking package snapshot for package|Writing package definition for) ([0-9A-Za-z]{8})\b`)
	version  = regexp.MustCompile(`^(?:The size of package ([0-9A-Za-z]{8}), version|Successfully created RDC signatures for package ([0-9A-Za-z]{8}) version|Adding these contents to the package ([0-9A-Za-z]{8}) version) ([0-9]{1,9})\b`)
	exiting  = regexp.MustCompile(`^Exiting package processing thread for package\b`)
)

// take looks at one line of a message.
func (s *search) take(rec record, line, name string) {
	if !strings.Contains(line, "package ") && !strings.HasPrefix(line, "The hash ") {
		return // nearly all lines; the rest of this takes longer
	}
	if rec.thread == "" { // nothing ties such a line to another
		if hashLine.MatchString(line) {
			s.result.Unattributed++
		}
		return
	}
	t := s.threads[rec.thread]
	if t == nil {
		if len(s.threads) >= maxThreads {
			clear(s.threads)
		}
		t = &thread{}
		s.threads[rec.thread] = t
	}
	if m := version.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[4]) // at most nine digits
		s.versionLine(t, strings.ToUpper(m[1]+m[2]+m[3]), n, m[3] != "")
	} else if m := naming.FindStringSubmatch(line); m != nil {
		t.name(strings.ToUpper(m[2]), m[1] != "")
	} else if m := hashLine.FindStringSubmatch(line); m != nil {
		s.hashLine(t, &LogEntry{Hash: strings.ToUpper(m[1]), Version: t.version, When: rec.when, Log: name, Line: rec.line})
	} else if exiting.MatchString(line) {
		delete(s.threads, rec.thread)
	}
}

// name notes which package the thread is at; begin: it begins with it.
func (t *thread) name(pkg string, begin bool) {
	if begin || t.pkg != pkg {
		*t = thread{pkg: pkg}
	}
}

// versionLine notes package and version. One behind the hash tells the version of that hash,
// and where the log began in between also its package.
func (s *search) versionLine(t *thread, pkg string, n int, behind bool) {
	e, loose := t.hash, t.pkg == ""
	t.name(pkg, false)
	t.version = n
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
	s.newest = t.hash
}

func (s *search) finish() LogResult {
	r := s.result
	switch {
	case s.newest == nil:
		r.Verdict = LogNotFound
		return r
	case s.newest.Hash == s.want:
		r.Verdict = LogSame
	default:
		r.Verdict, r.Earlier = LogDifferent, s.earlier
	}
	r.Newest = *s.newest
	return r
}

// SearchLogFile is SearchLogs for a log on disk and those that it was rotated from, which lie
// beside it: for distmgr.log first distmgr-<date>-<time>.log in the order of their names, then
// distmgr.lo_ (seen: both endings; inferred: which is the older).
func SearchLogFile(ctx context.Context, name, id, want string) (_ LogResult, err error) {
	dir, base := filepath.Split(name)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	var names []string
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return LogResult{}, err
	}
	var older string
	dated := regexp.MustCompile(`(?i)^` + regexp.QuoteMeta(stem) + `-[0-9]{8}-[0-9]{6}\.log$`)
	for _, e := range entries { // sorted by name
		switch {
		case e.Name() == base || e.IsDir():
		case dated.MatchString(e.Name()):
			names = append(names, dir+e.Name())
		case strings.EqualFold(e.Name(), stem+".lo_"):
			older = dir + e.Name()
		}
	}
	if older != "" {
		names = append(names, older)
	}
	var logs []Log
	defer func() {
		for _, l := range logs {
			err = errors.Join(err, l.R.(*lazyFile).Close())
		}
	}()
	for _, n := range append(names, name) {
		logs = append(logs, Log{Name: filepath.Base(n), R: &lazyFile{name: n, gone: n != name}})
	}
	return SearchLogs(ctx, id, want, logs...)
}

// A lazyFile is opened when it is first read: a log may be rotated away before its turn.
type lazyFile struct {
	name string
	gone bool // it may be gone
	f    *os.File
}

func (l *lazyFile) Read(p []byte) (int, error) {
	if l.f == nil {
		f, err := os.Open(l.name)
		if l.gone && errors.Is(err, fs.ErrNotExist) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		l.f = f
	}
	return l.f.Read(p)
}

func (l *lazyFile) Close() error {
	if l.f == nil {
		return nil
	}
	return l.f.Close()
}
