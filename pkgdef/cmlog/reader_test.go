package cmlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	simpleTail = "  $$<SMS_X><05-17-2016 18:31:23.782+240><thread=5776 (0x1690)>\r\n"
	ccmTail    = `]LOG]!><time="18:31:23.782+240" date="05-17-2016" component="X" context="" type="1" thread="5776" file="x.cpp:12">` + "\r\n"
	when       = "05-17-2016 18:31:23.782+240"
)

type entry struct {
	Message, Thread, When string
	Line                  int
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", maxLine+1)
	tests := []struct {
		name    string
		text    string
		want    []entry // without Plain
		plain   []entry // with it; nil: the same
		skipped int
	}{
		{"nothing", "", nil, nil, 0},
		{"simple", "a" + simpleTail + "b" + simpleTail, []entry{{"a", "5776", when, 1}, {"b", "5776", when, 2}}, nil, 0},
		{"CCM", "<![LOG[a" + ccmTail, []entry{{"a", "5776", when, 1}}, nil, 0},
		{"CCM of several lines", "<![LOG[a\nb\r\nc" + ccmTail + "d" + simpleTail, []entry{{"a\nb\nc", "5776", when, 3}, {"d", "5776", when, 4}}, nil, 0},
		{"no thread", "a  $$<X><05-17-2016 18:31:23.782+240>\n", []entry{{"a", "", when, 1}}, nil, 0},
		{"lines in no form", "a\nb\n", nil, []entry{{"a", "", "", 1}, {"b", "", "", 2}}, 0},
		{"one before", "a\nb" + simpleTail, []entry{{"a\nb", "5776", when, 2}}, []entry{{"a", "", "", 1}, {"b", "5776", when, 2}}, 0},
		{"torn before", "torn<![LOG[\n<![LOG[x\n<![LOG[a" + ccmTail, []entry{{"a", "5776", when, 3}}, []entry{{"torn<![LOG[", "", "", 1}, {"a", "5776", when, 3}}, 0},
		{"too long", long + "\na" + simpleTail + "b" + simpleTail, []entry{{"b", "5776", when, 3}}, []entry{{"a", "5776", when, 2}, {"b", "5776", when, 3}}, 1},
	}
	for _, tt := range tests {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, plain), func(t *testing.T) {
				r := NewReader(strings.NewReader(tt.text))
				r.Plain = plain
				var got []entry
				for {
					rec, err := r.Next(t.Context())
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, entry{strings.TrimRight(string(rec.Message), " "), rec.Thread, rec.When, rec.Line})
				}
				want := tt.want
				if plain && tt.plain != nil {
					want = tt.plain
				}
				if diff := cmp.Diff(want, got); diff != "" || r.Skipped() != tt.skipped {
					t.Errorf("records (-want +got), %d skipped, want %d:\n%s", r.Skipped(), tt.skipped, diff)
				}
			})
		}
	}
}

func TestRotated(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.log", "A.LO_", "a-20260102-030405.log", "a-20260101-030405.log", "a-other.log", "b.lo_"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Rotated(filepath.Join(dir, "a.log"))
	for i := range got {
		got[i] = filepath.Base(got[i])
	}
	if want := []string{"a-20260101-030405.log", "a-20260102-030405.log", "A.LO_", "a.log"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Rotated = %q, %v, want %q", got, err, want)
	}
	if _, err := Rotated(filepath.Join(dir, "nowhere", "a.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Rotated = %v, want that there is no folder", err)
	}
}

func TestOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gone.log")
	for _, mayBeGone := range []bool{true, false} {
		f := Open(name, mayBeGone)
		_, err := io.ReadAll(f)
		if (err == nil) != mayBeGone {
			t.Errorf("reading a log that is gone, which may be: %t: %v", mayBeGone, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An endless line is not read on once that is no longer wanted.
func TestNextCancelledWithinLine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := NewReader(&endless{cancel: cancel, after: 100})
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, want context.Canceled", err)
	}
}

// endless is one line that never ends; it cancels the reading of it.
type endless struct {
	cancel func()
	after  int // reads
}

func (e *endless) Read(p []byte) (int, error) {
	if e.after--; e.after == 0 {
		e.cancel()
	}
	if e.after < -10_000 {
		return 0, errors.New("read on after it was cancelled")
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestReaderComponent(t *testing.T) {
	for text, want := range map[string]string{"a" + simpleTail: "SMS_X", "<![LOG[a" + ccmTail: "X", "a\n": ""} {
		r := NewReader(strings.NewReader(text))
		r.Plain = true
		if rec, err := r.Next(t.Context()); err != nil || rec.Component != want {
			t.Errorf("Next(%q) = %+v, %v, want component %q", text, rec, err, want)
		}
	}
}
