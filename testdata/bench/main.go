//go:build linux

// Command bench tells how many times as long as usmtpkg the best other tools
// take for the same work, and how much memory usmtpkg takes for it.
//
//	go run ./testdata/bench              measure, and print tables as Markdown
//	go run ./testdata/bench -quick       a tenth of the work, two rounds: does it run at all?
//	go run ./testdata/bench check DIR    validate a genuine kit, against hashing it alone
//	go run ./testdata/bench make W1 DIR  only make a workload
//	go run ./testdata/bench flip DIR     swap the 5 % variants of one; twice restores it
//
// Rules:
//   - All tools work in one run, turn by turn, in an order that rotates from
//     round to round. A ratio compares two times of one round; what is printed
//     is the median of the rounds.
//   - A run that was disturbed by other processes, or by the hypervisor, is
//     repeated; the least disturbed one counts.
//   - A tool that is absent or fails has a row that says so.
//   - Workloads are made anew from fixed seeds: the same bytes everywhere.
//
// It does not judge: a target that is missed is printed, not an exit status.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	fl := flag.NewFlagSet("bench", flag.ContinueOnError)
	var s settings
	s.flags(fl)
	if err := fl.Parse(args); err != nil {
		return err
	}
	switch args = fl.Args(); {
	case len(args) == 0:
		return measureAll(ctx, s)
	case len(args) == 3 && args[0] == "make":
		return makeWorkload(args[1], args[2], s.scale)
	case len(args) == 2 && args[0] == "check":
		return measureCheck(ctx, s, args[1])
	case len(args) == 2 && args[0] == "hash":
		return hashAll(ctx, args[1])
	case len(args) == 2 && args[0] == "hold":
		return hold(args[1])
	case len(args) == 2 && args[0] == "flip":
		return flip(args[1])
	}
	fl.Usage()
	return fmt.Errorf("unknown arguments %q, want none, make W1|W2|W3 DIR, check DIR, hash DIR or flip DIR", args)
}
