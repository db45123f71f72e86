package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef/cmlog"
)

// A logbook is the log of a run, in the format of ConfigMgr's own. What is written to it gets an entry a
// line. A log that cannot be written is told once, and does not end the run.
type logbook struct {
	name    string
	command string
	began   time.Time
	now     func() time.Time
	stderr  io.Writer // without the log

	mu     sync.Mutex
	failed bool

	failing bool // what is printed now is the error of the run
}

// startLog opens the log of a run, if one is wanted: from then on every message on standard error is in it.
func (p *program) startLog(command string, args []string) {
	name := p.output.log
	if name == "" || p.log != nil {
		return
	}
	p.log = &logbook{name: absolute(name), command: command, began: p.now(), now: p.now, stderr: p.stderr}
	p.stderr = &tee{p.stderr, p.log}
	if err := checkHere("--log", name); err != nil {
		p.log.fail(err)
	}
	p.log.add(cmlog.Info, string(report.Textf("usmtpkg %s begins: usmtpkg %s", version(), strings.Join(args, " "))))
}

// screen is standard error without the log, for what is drawn there.
func (p *program) screen() io.Writer {
	if p.log != nil {
		return p.log.stderr
	}
	return p.stderr
}

// end takes down how the run ended.
func (l *logbook) end(status int) {
	if l == nil {
		return
	}
	severity := cmlog.Info
	if status != exitOK {
		severity = cmlog.Error
	}
	l.add(severity, string(report.Textf("exit status %d, after %s", status, took(l.now().Sub(l.began)))))
}

// step takes down the end of a step.
func (l *logbook) step(phase string, files int, size int64, duration time.Duration) {
	if l != nil {
		l.add(cmlog.Info, string(report.Textf("%s: %s, %s in %s", phase, report.CountOf(files, "file", "files"), report.Size(size), took(duration))))
	}
}

// took is a duration as people read it.
func took(d time.Duration) string { return d.Round(time.Millisecond).String() }

// Write takes down lines of text. It never fails.
func (l *logbook) Write(text []byte) (int, error) {
	if l != nil {
		var entries []cmlog.Entry
		for line := range bytes.Lines(text) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				entries = append(entries, l.entry(l.severityOf(string(line)), string(line)))
			}
		}
		l.append(entries)
	}
	return len(text), nil
}

// severityOf is how a message is shown.
func (l *logbook) severityOf(line string) cmlog.Severity {
	switch {
	case strings.HasPrefix(line, "usmtpkg: hint: "):
	case strings.HasPrefix(line, "error "), l.failing:
		return cmlog.Error
	case strings.HasPrefix(line, "warning "), strings.HasPrefix(line, "usmtpkg: warning: "):
		return cmlog.Warning
	}
	return cmlog.Info
}

func (l *logbook) add(severity cmlog.Severity, message string) {
	l.append([]cmlog.Entry{l.entry(severity, message)})
}

func (l *logbook) entry(severity cmlog.Severity, message string) cmlog.Entry {
	return cmlog.Entry{Message: message, Time: l.now().Local(), Component: "usmtpkg", File: l.command, Severity: severity, Thread: os.Getpid()}
}

func (l *logbook) append(entries []cmlog.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed || len(entries) == 0 {
		return
	}
	if err := cmlog.Append(l.name, entries); err != nil {
		l.tell(err)
	}
}

// fail gives the log up.
func (l *logbook) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell(err)
}

func (l *logbook) tell(err error) {
	l.failed = true
	report.Say(l.stderr, "usmtpkg: warning: the run goes on without its log: %v\n", err)
}

// A tee is standard error, with the log.
type tee struct {
	w   io.Writer
	log *logbook
}

func (t *tee) Write(text []byte) (int, error) {
	_, _ = t.log.Write(text)
	return t.w.Write(text)
}

// logResult takes down what the result says as text, whichever form it is printed in. An inventory is a list, and no message.
func (p *program) logResult(doc report.Document) {
	if p.log == nil {
		return
	}
	if _, list := doc.(*report.Inventory); list {
		return
	}
	c := report.Console{Out: p.log, Err: io.Discard} // notes are in the log already
	if p.output.format != report.FormatText {
		c.Err = p.log
	}
	var text bytes.Buffer
	c.Out = &text
	_ = report.WriteText(c, doc) // a buffer takes everything
	_, _ = p.log.Write(text.Bytes())
}
