package contentlib

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// An OrderError says that logs were not given oldest first.
type OrderError struct {
	Before, After LogEntry // the last of the package in two logs, in the order given
	What          string   // what falls between them
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("the logs are not in order, oldest first: the %s falls from %s (%s:%d) to %s (%s:%d)",
		e.What, e.value(e.Before), e.Before.Log, e.Before.Line, e.value(e.After), e.After.Log, e.After.Line)
}

func (e *OrderError) value(x LogEntry) string {
	if e.What == sourceVersion {
		return strconv.Itoa(x.Version)
	}
	return x.When
}

const sourceVersion = "source version"

// note takes down the last that a log says of the package.
func (s *search) note(e LogEntry) {
	n := len(s.last)
	if n == 0 || s.last[n-1].Log != e.Log {
		s.last = append(s.last, e)
		return
	}
	if e.Version == 0 {
		e.Version = s.last[n-1].Version
	}
	s.last[n-1] = e
}

// inOrder makes sure that neither the source version of the package nor the time
// falls from one log to the next: then the last entry would not be the newest.
func (s *search) inOrder() error {
	var before LogEntry
	var at time.Time
	for _, e := range s.last {
		if e.Version > 0 && e.Version < before.Version {
			return &OrderError{Before: before, After: e, What: sourceVersion}
		}
		now, known := moment(e.When)
		if known && now.Before(at) {
			return &OrderError{Before: before, After: e, What: "time"}
		}
		if e.Version == 0 {
			e.Version = before.Version
		}
		if known {
			at = now
		}
		before = e
	}
	return nil
}

// printedTime is the time of a line, with the minutes that have to be added for UTC.
var printedTime = regexp.MustCompile(`^(\d{1,2}-\d{1,2}-\d{4})\s+(\d{1,2}:\d{2}:\d{2})(?:\.\d*)?([+-]\d{1,4})?$`)

// moment reads the time of a line; known is false where it has another form.
func moment(when string) (at time.Time, known bool) {
	m := printedTime.FindStringSubmatch(when)
	if m == nil {
		return at, false
	}
	at, err := time.Parse("1-2-2006 15:04:05", m[1]+" "+m[2])
	bias, _ := strconv.Atoi(m[3]) // without one the time is taken as it is
	return at.Add(time.Duration(bias) * time.Minute), err == nil
}
