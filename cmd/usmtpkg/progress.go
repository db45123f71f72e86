package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"usmtpkg/cmd/usmtpkg/report"
)

// Intervals of the progress shown on a terminal, and of the lines written
// where there is none.
const (
	barInterval  = 100 * time.Millisecond
	lineInterval = 5 * time.Second
)

// progress shows how far a run has come. The run only adds to counters; a
// goroutine of its own draws, so that a terminal that blocks or breaks cannot
// slow down or end a copy.
type progress struct {
	env    environment
	out    io.Writer // what is drawn goes there, and not into the log
	log    *logbook
	json   bool // as JSON, a line a moment
	silent bool
	bytes  atomic.Int64
	files  atomic.Int64

	mu       sync.Mutex
	phase    string
	total    int64
	allFiles int
	began    time.Time
	fresh    bool // the phase has not been drawn yet

	drawing sync.Mutex
	bar     *progressbar.ProgressBar
	quit    chan struct{}
	done    sync.WaitGroup
}

func (p *program) newProgress() *progress {
	return &progress{env: p.environment, out: p.screen(), log: p.log, json: p.output.progress == progressJSON, silent: p.output.quiet}
}

// Start begins a phase, and takes the one before down in the log. On a terminal its bar is shown at once: only the
// beginning of a phase can be held up by a terminal that blocks.
func (p *progress) Start(phase string, files int, bytes int64) {
	p.change(phase, files, bytes)
	if p.silent {
		return
	}
	if p.quit == nil {
		p.quit = make(chan struct{})
		p.done.Go(p.loop)
	}
	if p.env.terminal || p.json {
		p.draw()
	}
}

// A progressForm is how progress is printed.
type progressForm string

const (
	progressText progressForm = "text"
	progressJSON progressForm = "json"
)

var progressForms = []progressForm{progressText, progressJSON}

// A moment of a phase, for programs; docs/formats.md describes it.
type moment struct {
	Format   string  `json:"format"`
	Version  int     `json:"version"`
	Phase    string  `json:"phase"` // such as copying
	Files    int64   `json:"files"` // so far
	AllFiles int     `json:"all_files"`
	Bytes    int64   `json:"bytes"` // so far
	AllBytes int64   `json:"all_bytes"`
	Seconds  float64 `json:"seconds"`          // since the phase began
	Rate     int64   `json:"bytes_per_second"` // 0: too early to tell
	Left     float64 `json:"seconds_left"`     // 0: too early to tell
	Done     bool    `json:"done"`             // the phase has ended
}

// tell prints a moment.
func (p *progress) tell(m moment, took time.Duration) {
	m.Format, m.Version, m.Seconds = "usmtpkg progress", 1, took.Seconds()
	if speed, left, ok := rateOf(m.Bytes, m.AllBytes, took); ok {
		m.Rate, m.Left = int64(speed), left.Seconds()
	}
	if b, err := json.Marshal(m); err == nil {
		report.Say(p.out, "%s\n", report.Lines(b))
	}
}

func newBar(out io.Writer, total int64, phase string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(phase),
		progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true), progressbar.OptionShowTotalBytes(true),
		progressbar.OptionSetWidth(24), progressbar.OptionThrottle(barInterval),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionClearOnFinish())
}

// Add counts work done.
func (p *progress) Add(files int, bytes int64) {
	p.files.Add(int64(files))
	p.bytes.Add(bytes)
}

func (p *progress) loop() {
	every := lineInterval
	if p.json {
		every = time.Second
	} else if p.env.terminal {
		every = barInterval
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
			p.draw()
		}
	}
}

// draw shows the counters; the bar's own errors are of no interest. Nothing is
// written under the lock, which Start takes too.
func (p *progress) draw() {
	p.drawing.Lock()
	defer p.drawing.Unlock()
	p.mu.Lock()
	phase, all, total, began, fresh := p.phase, p.allFiles, p.total, p.began, p.fresh
	p.fresh = false
	p.mu.Unlock()
	files, bytes := p.files.Load(), min(p.bytes.Load(), total)
	if p.json {
		p.tell(moment{Phase: phase, Files: files, AllFiles: all, Bytes: bytes, AllBytes: total}, p.env.now().Sub(began))
		return
	}
	if !p.env.terminal {
		report.Say(p.out, "usmtpkg: %s: %d of %d files, %s of %s%s\n",
			phase, files, all, report.Size(bytes), report.Size(total), rate(bytes, total, p.env.now().Sub(began)))
		return
	}
	if fresh {
		p.endPhase()
		p.bar = newBar(p.out, max(total, 1), phase)
	}
	p.bar.Describe(fmt.Sprintf("%s, %d of %d files", phase, files, all))
	if bytes < total { // at the end the bar would finish, and a late event find it closed
		_ = p.bar.Set64(bytes)
	}
}

// rate is the speed and the time left, once there is enough to tell.
func rate(bytes, total int64, took time.Duration) string {
	speed, left, ok := rateOf(bytes, total, took)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", %s/s, %s left", report.Size(int64(speed)), left)
}

func rateOf(bytes, total int64, took time.Duration) (speed float64, left time.Duration, ok bool) {
	if took < time.Second || bytes == 0 {
		return 0, 0, false
	}
	speed = float64(bytes) / took.Seconds()
	return speed, time.Duration(float64(total-bytes) / speed * float64(time.Second)).Round(time.Second), true
}

// endPhase takes the bar of the last phase away.
func (p *progress) endPhase() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// change ends a phase, if one had begun, and begins the next, if there is one.
func (p *progress) change(phase string, files int, bytes int64) {
	now := p.env.now()
	p.mu.Lock()
	took := now.Sub(p.began)
	last := moment{Phase: p.phase, Files: p.files.Load(), AllFiles: p.allFiles, Bytes: p.bytes.Load(), AllBytes: p.total, Done: true}
	p.phase, p.allFiles, p.total, p.began, p.fresh = phase, files, bytes, now, true
	p.files.Store(0)
	p.bytes.Store(0)
	p.mu.Unlock()
	if last.Phase == "" {
		return
	}
	p.log.step(last.Phase, int(last.Files), last.Bytes, took)
	if p.json && !p.silent {
		p.tell(last, took)
	}
}

// stop ends the display; it may be called more than once.
func (p *progress) stop() {
	if p.quit != nil {
		close(p.quit)
		p.done.Wait()
		p.quit = nil
		p.endPhase()
	}
	p.change("", 0, 0)
}
