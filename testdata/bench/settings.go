//go:build linux

package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The jobs, in the order in which they are run.
const (
	jobCopy    = "J1"
	jobCopyV   = "J1v"
	jobNothing = "J3"
	jobVerify  = "J4"
	jobChanged = "J5"
)

func jobTitle(job string) string {
	return map[string]string{
		jobCopy:    "copy with a hash manifest, on disk at exit",
		jobCopyV:   "copy with a hash manifest, on disk at exit, and read back",
		jobNothing: "nothing changed: all content of both sides read",
		jobVerify:  "the copy verified against its manifest",
		jobChanged: "5 % of the files changed",
	}[job]
}

// settings are the flags.
type settings struct {
	base    string
	copies  string
	works   string
	jobs    string
	caches  string
	peers   string
	bins    string
	workers string
	rclones string
	rounds  int
	retries int
	noise   float64
	wait    float64
	scale   float64
	quick   bool
	checks  bool
	json    bool
}

func (s *settings) flags(fl *flag.FlagSet) {
	fl.StringVar(&s.base, "base", "build/bench", "scratch folder, on the file system to be measured; made and removed")
	fl.StringVar(&s.copies, "copies", "", "folder for the copies, such as one on a share, which is not cleared (default: in -base)")
	fl.StringVar(&s.works, "works", "W1,W2", "workloads: W1 a realistic kit, W2 20,000 small files")
	fl.StringVar(&s.jobs, "jobs", "J1,J1v,J3,J4,J5", "jobs")
	fl.StringVar(&s.caches, "cache", "warm,cold", "states of the page cache; cold needs root")
	fl.StringVar(&s.peers, "peers", "all", "other tools: all, none, or names")
	fl.StringVar(&s.bins, "usmtpkg", "", "programs to measure, the first is the reference (default: built from this tree)")
	fl.StringVar(&s.workers, "workers", "0", "numbers of workers to measure, the first is the reference; 0 is the program's default")
	fl.StringVar(&s.rclones, "rclone", "rclone", "rclone programs to measure")
	fl.IntVar(&s.rounds, "rounds", 5, "rounds that count; where the cache is warm one more comes first")
	fl.IntVar(&s.retries, "retries", 3, "how often a disturbed run is repeated")
	fl.Float64Var(&s.noise, "noise", 0.08, "share of the machine that others may take before a run counts as disturbed")
	fl.Float64Var(&s.wait, "wait", 20, "seconds to wait for a quiet machine before each run")
	fl.Float64Var(&s.scale, "scale", 1, "size of the workloads, 1 is full")
	fl.BoolVar(&s.quick, "quick", false, "scale 0.1, two rounds, warm only, no waiting: a smoke run")
	fl.BoolVar(&s.checks, "checks", true, "check memory and growth too")
	fl.BoolVar(&s.json, "json", false, "print one JSON document instead of Markdown")
}

// apply makes the settings of a smoke run, if it is one, and checks the lists.
func (s *settings) apply() error {
	if s.quick {
		s.scale, s.rounds, s.retries, s.wait, s.caches = 0.1, 2, 0, 0, warm
	}
	for _, l := range []struct{ name, list, known string }{
		{"works", s.works, "W1,W2,W3"},
		{"jobs", s.jobs, "J1,J1v,J3,J4,J5"},
		{"cache", s.caches, warm + "," + cold},
	} {
		for _, v := range split(l.list) {
			if !slices.Contains(split(l.known), v) {
				return fmt.Errorf("-%s %s, want some of %s", l.name, v, l.known)
			}
		}
	}
	for _, v := range split(s.workers) {
		if _, err := strconv.Atoi(v); err != nil {
			return fmt.Errorf("-workers %s, want numbers", s.workers)
		}
	}
	if s.rounds < 1 || s.scale <= 0 {
		return fmt.Errorf("-rounds %d -scale %g, want at least one round and a scale above 0", s.rounds, s.scale)
	}
	return nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
