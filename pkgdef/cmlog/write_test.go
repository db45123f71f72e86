package cmlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// read returns the messages of a log, and the records.
func read(t *testing.T, r io.Reader) (messages []string, records []Record) {
	t.Helper()
	rr := NewReader(r)
	rr.Plain = true // a line that is in no form would be a message
	for {
		rec, err := rr.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, string(rec.Message))
		rec.Message = nil
		records = append(records, rec)
	}
	if rr.Skipped() > 0 {
		t.Errorf("%d messages are too long", rr.Skipped())
	}
	return messages, records
}

// What is written is read back, one entry an entry, whatever its text looks like; what would end the entry
// or begin another is taken apart.
func TestWrittenIsReadBack(t *testing.T) {
	parts := []string{
		"]LOG]!>", "<![LOG[", "]LOG]!><", "]LOG]", "!>", `time="18:31:23.782+240" date="05-17-2016" thread="1">`, "$$<", "$$<X><05-17-2016 18:31:23.782+240><thread=5776 (0x1690)>",
		"\n", "\r\n", "\r", " ", "x", "ä", "€", "\x00", `"`, "<", ">", "\ufeff", "\xff", "",
	}
	r := rand.New(rand.NewPCG(1, 2))
	zones := []*time.Location{time.UTC, time.FixedZone("", 2*3600), time.FixedZone("", -4*3600), time.FixedZone("", 5*3600+1800)}
	var text strings.Builder
	var want []string
	for range 5000 {
		var message strings.Builder
		for range r.IntN(8) {
			message.WriteString(parts[r.IntN(len(parts))])
		}
		e := Entry{
			Message: message.String(), Time: time.Unix(r.Int64N(2e9), r.Int64N(1e9)).In(zones[r.IntN(len(zones))]),
			Component: `a"b<c>`, File: parts[r.IntN(len(parts))], Severity: Warning, Thread: r.IntN(1e9),
		}
		line := e.String()
		if strings.Count(line, "<![LOG[") != 1 || strings.Count(line, "]LOG]!>") != 1 || strings.Count(line, "\n") != 1 || strings.Count(line, "\r") != 1 {
			t.Fatalf("%q gives %q", e.Message, line)
		}
		text.WriteString(line)
		want = append(want, strings.NewReplacer("]LOG]!>", "]LOG]! >", "<![LOG[", "<! [LOG[", "\n", `\n`, "\r", `\r`).Replace(e.Message))
	}
	got, records := read(t, strings.NewReader(text.String()))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if records[0].Component != "a'b(c)" {
		t.Errorf("component %q", records[0].Component)
	}
}

func TestEntryString(t *testing.T) {
	at := time.Date(2016, 5, 17, 18, 31, 23, 782e6, time.FixedZone("EDT", -4*3600))
	e := Entry{Message: "m", Time: at, Component: "usmtpkg", File: "refresh", Severity: Error, Thread: 7}
	const want = `<![LOG[m]LOG]!><time="18:31:23.782+240" date="05-17-2016" component="usmtpkg" context="" type="3" thread="7" file="refresh">` + "\r\n"
	if got := e.String(); got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	e.Time = at.In(time.FixedZone("CEST", 2*3600))
	if got := e.String(); !strings.Contains(got, `time="00:31:23.782-120" date="05-18-2016"`) {
		t.Errorf("String = %q", got)
	}
}

// Several processes write, and none of their messages is lost, torn or there twice, before, while and
// after the log is rolled. A log begins with the byte order mark, and has it nowhere else.
func TestAppendTogether(t *testing.T) {
	if underWine() {
		t.Skip("Wine looks for the end of a file, then writes there: not at once, as Windows")
	}
	name := filepath.Join(t.TempDir(), "usmtpkg.log")
	const writers, each = 6, 100
	filler := strings.Repeat("x", 4000) // 2.4 MB in all
	var want []string
	var wg sync.WaitGroup
	for w := range writers {
		for i := range each {
			want = append(want, fmt.Sprint(w, " ", i, " ", filler))
		}
		wg.Go(func() {
			for i := range each {
				e := Entry{Message: fmt.Sprint(w, " ", i, " ", filler), Time: time.Unix(0, 0), Severity: Info, Thread: w}
				if err := Append(name, []Entry{e}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var got []string
	logs, err := Rotated(name)
	if err != nil || runtime.GOOS != "windows" && (len(logs) != 2 || filepath.Base(logs[0]) != "usmtpkg.lo_") { // there, one that is open is not renamed
		t.Fatalf("logs %q, %v, want one that was rolled", logs, err)
	}
	for _, l := range logs {
		b, err := os.ReadFile(l)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, []byte(mark)) || bytes.Count(b, []byte(mark)) != 1 {
			t.Errorf("%s has the mark %d times", l, bytes.Count(b, []byte(mark)))
		}
		messages, _ := read(t, bytes.NewReader(b))
		got = append(got, messages...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) != len(logs) {
		t.Errorf("beside the logs: %v, %v", entries, err)
	}
}

func TestAppendCannot(t *testing.T) {
	dir := t.TempDir()
	one := []Entry{{Message: "x", Severity: Info}}
	for _, name := range []string{dir, filepath.Join(dir, "nowhere", "x.log")} {
		if err := Append(name, one); err == nil {
			t.Errorf("Append(%q) = nil", name)
		}
	}
	// A log that was made by a run that was killed before it wrote; a log that cannot be rolled grows on.
	name := filepath.Join(dir, "x.log")
	if err := os.WriteFile(name, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Append(name, one); err != nil {
		t.Errorf("Append = %v", err)
	}
	roll(name, 1, time.Now()) // another process has done it by now
	if _, err := os.Stat(name); err != nil {
		t.Errorf("a log that is small was rolled: %v", err)
	}
	large := []Entry{{Message: strings.Repeat("x", 60<<10), Severity: Info}}
	if err := os.WriteFile(name+".rolling", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if err := Append(name, large); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil || len(b) < 40*60<<10 || !bytes.HasPrefix(b, []byte(mark+"<![LOG[x]LOG]!>")) {
		t.Errorf("the log has %d bytes, %v", len(b), err)
	}
	// What a process that was killed left in the way of rolling does not stay there for ever.
	large[0].Time = time.Now().Add(2 * time.Minute)
	if err := Append(name, large); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() > 61<<10 {
		t.Errorf("the log was not rolled: %v, %v", info, err)
	}
}
