package cmlog

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usmtpkg/locate/tree"
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
// one log: each opens it anew and adds its entries in one write.
func Append(name string, entries []Entry) error {
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
	var f *os.File
	err = tree.ReadRetry(func() (err error) { // Windows lets nobody open a log while it is renamed
		if err = begin(name); err == nil {
			f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	return errors.Join(err, f.Close())
}

// begin makes a log that is not there. It has the mark from its first moment, where the file system has hard
// links: another process may append to it at once.
func begin(name string) error {
	if info, err := os.Stat(name); err == nil && info.Size() > 0 {
		return nil
	}
	young := fmt.Sprintf("%s.%016x.new", name, rand.Uint64())
	if err := writeMark(young, os.O_EXCL); err != nil {
		return err
	}
	linked := os.Link(young, name)
	if err := os.Remove(young); err != nil {
		return err
	}
	if linked == nil {
		return nil
	}
	if info, err := os.Stat(name); err == nil && info.Size() > 0 {
		return nil // another process made it
	}
	return writeMark(name, os.O_APPEND)
}

func writeMark(name string, how int) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|how, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(mark)
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
