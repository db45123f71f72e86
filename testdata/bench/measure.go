//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A session is one measurement.
type session struct {
	set   settings
	tools []tool
	log   *os.File
	out   io.Writer // tables; nobody's with -json
	doc   document
}

func measureAll(ctx context.Context, s settings) (err error) {
	if err := s.apply(); err != nil {
		return err
	}
	if s.base, err = filepath.Abs(s.base); err != nil {
		return err
	}
	if _, err := os.Lstat(s.base); err == nil {
		return fmt.Errorf("%s exists already; remove it, or choose another folder with -base", s.base)
	}
	if err := os.MkdirAll(s.base, 0o777); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = os.RemoveAll(s.base)
		} else {
			fmt.Fprintf(os.Stderr, "bench: what the tools said is in %s\n", filepath.Join(s.base, "log"))
		}
	}()
	m := &session{set: s, out: os.Stdout, doc: document{CPUs: runtime.NumCPU(), Kernel: kernel(), Floor: floor()}}
	if s.json {
		m.out = io.Discard
	}
	if m.log, err = os.Create(filepath.Join(s.base, "log")); err != nil {
		return err
	}
	defer m.log.Close() //nolint:errcheck // for people; what the tools could not write is not ours to report
	if err := m.prepare(ctx); err != nil {
		return err
	}
	if err := m.all(ctx); err != nil {
		return err
	}
	if s.json {
		return m.doc.writeJSON(os.Stdout)
	}
	m.summary()
	return nil
}

// build makes the program to be measured.
func build(ctx context.Context, name string) error {
	fmt.Fprintln(os.Stderr, "bench: building usmtpkg")
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", name, "usmtpkg/cmd/usmtpkg").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building usmtpkg: %w\n%s", err, out)
	}
	return nil
}

// prepare builds usmtpkg and finds the other tools.
func (m *session) prepare(ctx context.Context) error {
	built := filepath.Join(m.set.base, "usmtpkg")
	if m.set.bins == "" {
		if err := build(ctx, built); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(m.set.base, "rclone.conf"), nil, 0o666); err != nil {
		return err
	}
	var err error
	if m.tools, err = chosen(ctx, m.set, built); err != nil {
		return err
	}
	if m.tools[0].faulty != "" {
		return errors.New(m.tools[0].faulty)
	}
	m.doc.Remarks = append(m.doc.Remarks, missing(m.tools)...)
	fmt.Fprintf(m.out, "# Benchmark\n\n%d processors, %s. Peak memory below %.0f MiB cannot be told.\n", m.doc.CPUs, m.doc.Kernel, m.doc.Floor)
	return nil
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown kernel"
	}
	return "Linux " + strings.TrimSpace(string(b))
}

// caches are the states of the page cache that can be brought about here.
func (m *session) caches() []string {
	var can []string
	for _, c := range split(m.set.caches) {
		if c == cold {
			if err := dropCaches(); err != nil {
				m.remark(fmt.Sprintf("cold cache not measured: %v; it needs root", err))
				continue
			}
		}
		can = append(can, c)
	}
	return can
}

func (m *session) remark(s string) {
	m.doc.Remarks = append(m.doc.Remarks, s)
	fmt.Fprintf(m.out, "\n%s\n", s)
}

func (m *session) all(ctx context.Context) error {
	caches := m.caches()
	for _, name := range split(m.set.works) {
		if err := m.workload(ctx, name, caches); err != nil {
			return err
		}
	}
	if !m.set.checks {
		return nil
	}
	m.checkPeaks()
	return errors.Join(m.checkLarge(ctx), m.checkGrowth(ctx))
}

// workload measures all jobs on one workload.
func (m *session) workload(ctx context.Context, name string, caches []string) (err error) {
	r, err := newRunner(ctx, m.set, name, m.set.scale, m.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, r.cache = range caches {
		for _, job := range split(m.set.jobs) {
			fmt.Fprintf(os.Stderr, "bench: %s %s %s\n", name, job, r.cache)
			list, err := r.job(ctx, m.tools, job)
			if err != nil {
				return err
			}
			m.doc.Rows = append(m.doc.Rows, list...)
			m.doc.Checks = append(m.doc.Checks, judge(list)...)
			printRows(m.out, list, m.set.rounds)
		}
	}
	return nil
}

func (m *session) summary() {
	fmt.Fprintf(m.out, "\n## Targets\n\n")
	for _, c := range m.doc.Checks {
		fmt.Fprintln(m.out, c)
	}
	for _, r := range m.doc.Remarks {
		fmt.Fprintf(m.out, "- %s\n", r)
	}
}

// self runs this program.
func self(ctx context.Context, args ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
