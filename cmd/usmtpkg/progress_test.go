package main

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func zeroTime() time.Time { return time.Time{} }

// lines is a progress without a terminal, on a clock that the test sets.
func lines(took *time.Duration) (*progress, *stepWriter) {
	var out stepWriter
	env := environment{stderr: &out, now: func() time.Time { return time.Time{}.Add(*took) }}
	return (&program{environment: env}).newProgress(), &out
}

func TestProgressLines(t *testing.T) {
	defer goleak.VerifyNone(t)
	tests := []struct {
		name  string
		files int
		bytes int64
		took  time.Duration
		want  string
	}{
		{"at the beginning", 0, 0, 0, "usmtpkg: copying: 0 of 4 files, 0 bytes of 4.0 KiB\n"},
		{"too early for a rate", 1, 1024, 999 * time.Millisecond, "usmtpkg: copying: 1 of 4 files, 1.0 KiB of 4.0 KiB\n"},
		{"under way", 1, 1024, 2 * time.Second, "usmtpkg: copying: 1 of 4 files, 1.0 KiB of 4.0 KiB, 512 bytes/s, 6s left\n"},
		{"nothing done yet", 0, 0, 9 * time.Second, "usmtpkg: copying: 0 of 4 files, 0 bytes of 4.0 KiB\n"},
		{"done", 4, 4096, 4 * time.Second, "usmtpkg: copying: 4 of 4 files, 4.0 KiB of 4.0 KiB, 1.0 KiB/s, 0s left\n"},
		{"more than was listed", 4, 9999, 4 * time.Second, "usmtpkg: copying: 4 of 4 files, 4.0 KiB of 4.0 KiB, 1.0 KiB/s, 0s left\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var took time.Duration
			p, out := lines(&took)
			p.Start("copying", 4, 4096)
			defer p.stop()
			p.Add(tt.files, tt.bytes)
			took = tt.took
			p.draw()
			if got := out.String(); got != tt.want {
				t.Errorf("draw = %q, want %q", got, tt.want)
			}
		})
	}
}

// A new phase counts from nothing.
func TestProgressPhases(t *testing.T) {
	defer goleak.VerifyNone(t)
	var took time.Duration
	p, out := lines(&took)
	p.Start("copying", 2, 2048)
	p.Add(2, 2048)
	p.Start("re-reading", 2, 2048)
	p.draw()
	p.stop()
	p.stop()
	if got, want := out.String(), "usmtpkg: re-reading: 0 of 2 files, 0 bytes of 2.0 KiB\n"; got != want {
		t.Errorf("draw = %q, want %q", got, want)
	}
}

// On a terminal each phase shows its bar; with -q nothing is shown anywhere.
func TestProgressTerminal(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, quiet := range []bool{false, true} {
		var out stepWriter
		env := environment{stderr: &out, now: zeroTime, terminal: true}
		p := (&program{environment: env, output: outputFlags{quiet: quiet}}).newProgress()
		work(p)
		if got := strings.Contains(out.String(), "copying") && strings.Contains(out.String(), "re-reading"); got == quiet {
			t.Errorf("quiet %t: the bar = %q", quiet, &out)
		}
		if quiet && out.String() != "" {
			t.Errorf("quiet: standard error = %q, want nothing", &out)
		}
	}
}

// A terminal that is gone ends nothing, and events that come late, from several
// goroutines, find no closed bar.
func TestProgressTerminalGone(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := environment{stderr: deaf{}, now: zeroTime, terminal: true}
	p := (&program{environment: env}).newProgress()
	work(p)
	p.Add(1, 1)
	p.stop()

	var s session
	lib := t.TempDir()
	env = environment{stdout: &s.stdout, stderr: deaf{}, getenv: func(string) string { return "" }, now: zeroTime, terminal: true}
	if got := run(t.Context(), env, []string{"refresh", "--sample", "--library", lib}); got != exitOK {
		t.Errorf("refresh with a terminal that is gone = %d, want 0", got)
	}
}

type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("the terminal is gone") }

// work goes through two phases, several goroutines at a time, past their ends.
func work(p *progress) {
	for _, phase := range []string{"copying", "re-reading"} {
		p.Start(phase, 100, 100)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 30 {
					p.Add(1, 1)
					if p.silent {
						continue
					}
					p.draw()
				}
			})
		}
		wg.Wait()
	}
	p.stop()
}

// No progress is written to standard output, whatever it is.
func TestProgressNotAmongData(t *testing.T) {
	kit := kitDir(t, "")
	for _, args := range [][]string{{"refresh"}, {"verify"}, {"refresh", "--json"}} {
		var s session
		if got := s.run(t, append(args, "--source", kit, "--library", kit+"-lib")...); got != exitOK {
			t.Fatalf("%v = %d, want 0\n%s", args, got, &s.stderr)
		}
		if strings.ContainsAny(s.stdout.String(), "\r\x1b") || strings.Contains(s.stdout.String(), "copying") {
			t.Errorf("%v: standard output = %q, want no progress in it", args, &s.stdout)
		}
		if !strings.Contains(s.stderr.String(), "\r") {
			t.Errorf("%v: standard error = %q, want a bar in it", args, &s.stderr)
		}
	}
}

func TestDrawsBars(t *testing.T) {
	for _, tt := range []struct {
		width int
		kind  string
		want  bool
	}{{0, "xterm", false}, {59, "xterm", false}, {60, "xterm", true}, {60, "", true}, {200, "dumb", false}} {
		if got := drawsBars(tt.width, tt.kind); got != tt.want {
			t.Errorf("drawsBars(%d, %q) = %t", tt.width, tt.kind, got)
		}
	}
}
