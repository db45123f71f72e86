package smplog

import (
	"path/filepath"
	"regexp"

	"usmtpkg/pkgdef/cmlog"
)

// An owner says whose line a line is.
type owner int

const (
	unclear owner = iota // nothing names a role: such a line is never a success
	ours                 // of the state migration point
	foreign              // of another role or product: not looked at
)

var (
	ourLog       = regexp.MustCompile(`(?i)smssmpsetup|smpmsi|smpmgr`)
	ourComponent = regexp.MustCompile(`(?i)^(?:SMS_?)?SMP|STATE_MIGRATION_POINT`)
	setupStart   = regexp.MustCompile(`(?i)^(SMS[A-Z0-9_]{1,32}) Setup Started\b`)
	product      = regexp.MustCompile(`(?i)\bProduct(?: Name)?: (.{1,200}?)(?:\. |\.$| -- )`)
	ourInstaller = regexp.MustCompile(`(?i)\bsmp\.msi\b`)
	ourProduct   = regexp.MustCompile(`(?i)State Migration Point|\bSMP\b`)
)

// A log's role is what its lines say, one after the other.
type role struct {
	named bool  // by the name of the file
	setup owner // by the last "Setup Started"
}

// of says whose line this is: the line itself counts first, then its component,
// then the set-up that began before it, then the name of the log.
func (r *role) of(rec cmlog.Record, subject Subject, line string) owner {
	if m := product.FindStringSubmatch(line); m != nil {
		return ownerIf(ourProduct.MatchString(m[1]))
	}
	switch {
	case ourComponent.MatchString(rec.Component):
		return ours
	case rec.Component != "" && r.named:
		return unclear // its own log may have failures under another component
	case rec.Component != "":
		return foreign
	case ourInstaller.MatchString(line):
		return ours
	case subject == Setup && r.setup != unclear:
		return r.setup
	case r.named:
		return ours
	}
	return unclear
}

// start notes which role's set-up begins on a line.
func (r *role) start(line string) {
	if m := setupStart.FindStringSubmatch(line); m != nil {
		r.setup = ownerIf(ourComponent.MatchString(m[1]))
	}
}

func ownerIf(isOurs bool) owner {
	if isOurs {
		return ours
	}
	return foreign
}

func isOurLog(name string) bool { return ourLog.MatchString(filepath.Base(name)) }
