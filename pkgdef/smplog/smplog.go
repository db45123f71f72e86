package smplog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"usmtpkg/pkgdef/cmlog"
)

// A Verdict is what logs come to.
type Verdict string

// The verdicts, best first.
const (
	Installed Verdict = "installed"
	Waiting   Verdict = "waiting"   // for the site, a restart, a certificate or the end of set-up
	LowSpace  Verdict = "low-space" // captures are or will be refused
	Failed    Verdict = "failed"
	Unknown   Verdict = "unknown" // no sign of any other was found
)

// A Subject is what a sign is about.
type Subject string

// The subjects.
const (
	Setup  Subject = "set-up"
	Answer Subject = "answer" // whether the role answers
	Space  Subject = "space"
)

// A Basis is what the meaning of a line is based on; see the package.
type Basis string

// The bases.
const (
	Seen     Basis = "seen"
	Recalled Basis = "recalled"
)

// A Finding is the last sign of a subject in a log.
type Finding struct {
	Subject Subject `json:"subject"`
	Verdict Verdict `json:"verdict"`
	Meaning string  `json:"meaning"`
	Basis   Basis   `json:"basis"`
	Log     string  `json:"log"`
	Line    int     `json:"line"`           // from 1
	When    string  `json:"when,omitempty"` // as printed; empty where the line does not tell
	Text    string  `json:"text"`           // the message, shortened
}

// A Report is what the logs say.
type Report struct {
	Verdict  Verdict
	Findings []Finding // of each log those of its subjects, in the order of the logs
	Lines    int       // messages read
	Skipped  int       // messages passed over, since they are too long
}

// A Log is one log, with what it was rotated from before it.
type Log struct {
	Name  string
	Parts []Part
}

// A Part is one file of a log.
type Part struct {
	Name string
	R    io.Reader
}

// maxText bounds what is repeated of a message, in bytes.
const maxText = 400

// Read reads logs. It needs little memory, however long they are.
func Read(ctx context.Context, logs ...Log) (Report, error) {
	var rep Report
	known := signs()
	for _, l := range logs {
		last := map[Subject]Finding{}
		whose := role{named: isOurLog(l.Name)}
		for _, p := range l.Parts {
			rr := cmlog.NewReader(p.R)
			rr.Plain = true
			for {
				rec, err := rr.Next(ctx)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return Report{}, fmt.Errorf("reading %s: %w", p.Name, err)
				}
				rep.Lines++
				for line := range bytes.Lines(rec.Message) {
					when, text := cutStamp(strings.Trim(string(line), "~ \t\r\n"))
					whose.start(text)
					if f, ok := judge(known, &whose, rec, text); ok {
						f.Log, f.Line, f.When = p.Name, rec.Line, cmp.Or(rec.When, when)
						last[f.Subject] = f
					}
				}
			}
			rep.Skipped += rr.Skipped()
		}
		for _, s := range []Subject{Setup, Answer, Space} {
			if f, ok := last[s]; ok {
				rep.Findings = append(rep.Findings, f)
			}
		}
	}
	rep.Verdict = verdict(rep.Findings)
	return rep, nil
}

// stamp begins a line that rolesetup.exe wrote; see the package.
var stamp = regexp.MustCompile(`^<([0-9]{2}/[0-9]{2}/[0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2})>[~ \t]*`)

// cutStamp cuts the time from the beginning of a line.
func cutStamp(line string) (when, text string) {
	if m := stamp.FindStringSubmatch(line); m != nil {
		return m[1], line[len(m[0]):]
	}
	return "", line
}

// judge returns what a line of a message says.
func judge(known []sign, whose *role, rec cmlog.Record, line string) (Finding, bool) {
	for _, s := range known {
		groups := s.pattern.FindStringSubmatch(line)
		if groups == nil {
			continue
		}
		v, meaning := s.read(groups)
		f := Finding{Subject: s.subject, Verdict: v, Meaning: meaning, Basis: s.basis, Text: line}
		if s.subject == statusSubject {
			f.Subject = statusMessages[groups[1]].subject
		}
		if len(f.Text) > maxText {
			f.Text = strings.ToValidUTF8(f.Text[:maxText], "") + "…"
		}
		if s.self {
			return f, v != ""
		}
		switch whose.of(rec, s.subject, line) {
		case foreign:
			return f, false
		case unclear:
			return f, v == Failed
		case ours:
			return f, v != ""
		}
	}
	return Finding{}, false
}

// verdict returns the worst of the findings. That there is space says nothing of the rest.
func verdict(findings []Finding) Verdict {
	order := []Verdict{Installed, Waiting, LowSpace, Failed}
	worst := -1
	for _, f := range findings {
		if f.Subject == Space && f.Verdict == Installed {
			continue
		}
		worst = max(worst, slices.Index(order, f.Verdict))
	}
	if worst < 0 {
		return Unknown
	}
	return order[worst]
}

// ReadFiles is Read for logs on disk. Each name is a log, or a folder: then of the role's logs
// those that are in it. What a log was rotated from is read before it.
func ReadFiles(ctx context.Context, names ...string) (_ Report, err error) {
	files, err := find(names)
	if err != nil {
		return Report{}, err
	}
	var logs []Log
	defer func() {
		for _, l := range logs {
			for _, p := range l.Parts {
				err = errors.Join(err, p.R.(io.Closer).Close())
			}
		}
	}()
	for _, name := range files {
		parts, err := cmlog.Rotated(name)
		if err != nil {
			return Report{}, err
		}
		l := Log{Name: name}
		for _, p := range parts {
			l.Parts = append(l.Parts, Part{Name: p, R: cmlog.Open(p, p != name)})
		}
		logs = append(logs, l)
	}
	return Read(ctx, logs...)
}
