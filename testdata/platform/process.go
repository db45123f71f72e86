package platform

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Process is a command that was started and has not been waited for.
type Process struct {
	tb   testing.TB
	cmd  *exec.Cmd
	ctx  context.Context
	stop context.CancelFunc
	out  buffer
	errs buffer
}

// Start starts a command in a home of its own. What is not waited for is
// killed at the end of the test.
func Start(tb testing.TB, command ...string) *Process {
	tb.Helper()
	p := &Process{tb: tb}
	p.ctx, p.stop = context.WithTimeout(context.Background(), limit)
	p.cmd = exec.CommandContext(p.ctx, command[0], command[1:]...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = tb.TempDir(), &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		p.stop()
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		p.stop()
		_ = p.cmd.Wait()
	})
	return p
}

// Signal sends the process a signal.
func (p *Process) Signal(s syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.tb.Fatal(err)
	}
}

// Await waits until the process has said something.
func (p *Process) Await(words string) {
	p.tb.Helper()
	for !strings.Contains(p.out.String()+p.errs.String(), words) {
		if p.ctx.Err() != nil {
			p.tb.Fatalf("%s: never said %q\n%s%s", strings.Join(p.cmd.Args, " "), words, &p.out, &p.errs)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Wait waits for the end.
func (p *Process) Wait() Result {
	p.tb.Helper()
	err := p.cmd.Wait()
	if p.ctx.Err() != nil {
		p.tb.Fatalf("%s: not over after %v\n%s%s", strings.Join(p.cmd.Args, " "), limit, &p.out, &p.errs)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.tb.Fatal(err)
	}
	return Result{p.cmd.ProcessState.ExitCode(), p.out.String(), p.errs.String()}
}

// A buffer may be read while the process writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
