// Usmtpkg refreshes a ConfigMgr USMT package: it finds the Windows ADK's User
// State Migration Tool, checks it, copies it into a library of immutable,
// verified releases, and writes the package definition for the new one.
//
// This package only joins the packages locate, stage and pkgdef: it reads
// flags, environment and configuration, prints what they return, and chooses
// the exit status. Data goes to standard output, everything else to standard
// error.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"
)

// limitMemory tunes the collector of garbage, unless the user does. Little lives long here: collecting
// half as often makes a tenth of the time up where there are 20,000 files. From 40 MiB on, which
// 100,000 files come to, it works harder: a container may have no more than 64.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(40 << 20)
	}
}

// raiseMemory is for commands that compress: what they work on at once is more than limitMemory has room for.
func raiseMemory() {
	const room = 128 << 20
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(room)
	}
}

// leastColumns is how wide a terminal must be for a bar.
const leastColumns = 60

// drawsBars reports whether a bar can be drawn on a terminal: it is wide enough, and not a dumb one.
func drawsBars(width int, kind string) bool { return width >= leastColumns && kind != "dumb" }

func main() { os.Exit(start(os.Stdout)) }

// start runs the program in this process, with that standard output, and returns its exit status.
func start(stdout io.Writer) int {
	// A pipe or terminal that went away must not end a copy either: writing to it is an error, no more.
	signal.Ignore(syscall.SIGPIPE)
	limitMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)                       // a second Ctrl-C ends the process at once
	columns, _, _ := term.GetSize(int(os.Stderr.Fd())) // 0 if that is no terminal
	env := environment{
		stdin:    os.Stdin,
		stdout:   stdout,
		stderr:   os.Stderr,
		getenv:   os.Getenv,
		environ:  os.Environ(),
		now:      time.Now,
		terminal: drawsBars(columns, os.Getenv("TERM")),
	}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		env.askPassword, env.confirm = askPassword, confirm
	}
	return run(ctx, env, os.Args[1:])
}
