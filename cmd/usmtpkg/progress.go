package main

import (
	"fmt"
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
	return &progress{env: p.environment, silent: p.output.quiet}
}

// Start begins a phase. On a terminal its bar is shown at once: only the
// beginning of a phase can be held up by a terminal that blocks.
func (p *progress) Start(phase string, files int, bytes int64) {
	if p.silent {
		return
	}
	p.mu.Lock()
	p.phase, p.allFiles, p.total, p.began = phase, files, bytes, p.env.now()
	p.fresh = true
	p.files.Store(0)
	p.bytes.Store(0)
	p.mu.Unlock()
	if p.quit == nil {
		p.quit = make(chan struct{})
		p.done.Go(p.loop)
	}
	if p.env.terminal {
		p.draw()
	}
}

func newBar(env environment, total int64, phase string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(env.stderr), progressbar.OptionSetDescription(phase),
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
	if p.env.terminal {
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
	if !p.env.terminal {
		report.Say(p.env.stderr, "usmtpkg: %s: %d of %d files, %s of %s%s\n",
			phase, files, all, report.Size(bytes), report.Size(total), rate(bytes, total, p.env.now().Sub(began)))
		return
	}
	if fresh {
		p.endPhase()
		p.bar = newBar(p.env, max(total, 1), phase)
	}
	p.bar.Describe(fmt.Sprintf("%s, %d of %d files", phase, files, all))
	if bytes < total { // at the end the bar would finish, and a late event find it closed
		_ = p.bar.Set64(bytes)
	}
}

// rate is the speed and the time left, once there is enough to tell.
func rate(bytes, total int64, took time.Duration) string {
	if took < time.Second || bytes == 0 {
		return ""
	}
	speed := float64(bytes) / took.Seconds()
	left := time.Duration(float64(total-bytes) / speed * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf(", %s/s, %s left", report.Size(int64(speed)), left)
}

// endPhase takes the bar of the last phase away.
func (p *progress) endPhase() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// stop ends the display; it may be called more than once.
func (p *progress) stop() {
	if p.quit == nil {
		return
	}
	close(p.quit)
	p.done.Wait()
	p.quit = nil
	p.endPhase()
}
