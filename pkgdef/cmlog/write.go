package cmlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An Entry is one message that is written to a log.
type Entry struct {
	Message   string
	Time      time.Time // printed in its time zone
	Component string
	File      string // what printed it, as CMTrace shows it
	Severity  Severity
	Thread    int
}

// A Severity is the type of a message; CMTrace shows warnings in yellow and errors in red.
type Severity int

// The severities.
const (
	Info    Severity = 1
	Warning Severity = 2
	Error   Severity = 3
)

// A message must not end before its end, nor begin another one.
var unforgeable = strings.NewReplacer("]LOG]!>", "]LOG]! >", "<![LOG[", "<! [LOG[", "\n", `\n`, "\r", `\r`)

// String is the entry as a line, in the first form, with its end. The difference to UTC is in minutes, and
// positive west of it (seen: +240 in New York in summer; inferred: three digits at least).
func (e Entry) String() string {
	_, east := e.Time.Zone()
	attribute := strings.NewReplacer(`"`, "'", "<", "(", ">", ")", "\n", " ", "\r", " ")
	return fmt.Sprintf("<![LOG[%s]LOG]!><time=\"%s%+04d\" date=\"%s\" component=\"%s\" context=\"\" type=\"%d\" thread=\"%d\" file=\"%s\">\r\n",
		unforgeable.Replace(e.Message), e.Time.Format("15:04:05.000"), -east/60, e.Time.Format("01-02-2006"),
		attribute.Replace(e.Component), e.Severity, e.Thread, attribute.Replace(e.File))
}

// rollAt is the size at which a log is rolled, in bytes; it is also that of ConfigMgr's own.
const rollAt = 2 << 20

// mark is the byte order mark of UTF-8. Without it, CMTrace reads a log in the code page of the machine.
const mark = "\ufeff"

// Append adds entries to the log on disk with that name, and makes it if it is not there. A log that has
// grown too large gets the ending .lo_ first, in place of an older one. Several processes may append to
// one log: each opens it anew and adds its entries in one write. sleep waits for a log that another process
// has made and not begun.
func Append(name string, entries []Entry, sleep func()) error {
	if len(entries) == 0 {
		return nil
	}
	var text strings.Builder
	for _, e := range entries {
		text.WriteString(e.String())
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case err == nil && info.Size()+int64(text.Len()) > rollAt && info.Size() > int64(len(mark)):
		roll(name, int64(text.Len()), entries[0].Time)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
	begin := mark // whoever makes the log begins it
	if errors.Is(err, fs.ErrExist) {
		begin = ""
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	}
	if err != nil {
		return err
	}
	for range 10 {
		if info, err = f.Stat(); begin == mark || err != nil || info.Size() > 0 {
			break
		}
		sleep()
	}
	if err == nil && begin == "" && info.Size() == 0 { // it was killed before it had begun it
		begin = mark
	}
	if err == nil {
		_, err = f.WriteString(begin + text.String())
	}
	return errors.Join(err, f.Close())
}

// roll moves a log that is too large for so many bytes more aside. Of several processes one does, and looks
// again before. If it cannot, because another program has the log open, the log grows on and the next
// message tries again.
func roll(name string, more int64, now time.Time) {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	lock := name + ".rolling"
	if info, err := os.Stat(lock); err == nil && now.Sub(info.ModTime()) > time.Minute {
		_ = os.Remove(lock) // of a process that was killed: it is there for a moment otherwise
	}
	f, err := os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return
	}
	if info, err := os.Stat(name); err == nil && info.Size()+more > rollAt {
		_ = os.Rename(name, stem+".lo_")
	}
	_ = errors.Join(f.Close(), os.Remove(lock))
}
