//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
)

const (
	peakLimit   = 48.0 // MiB, on every workload
	flatLimit   = 1.25 // peak with large files over the peak with files a sixteenth as large
	growthLimit = 20.0 // time for 20,000 files over the time for 1,000
)

// checkPeaks holds the memory that usmtpkg took in any job against the limit.
func (m *session) checkPeaks() {
	for _, name := range split(m.set.works) {
		var peak float64
		for _, x := range m.doc.Rows {
			if x.Work == name && x.Family == ours {
				peak = max(peak, x.RSS)
			}
		}
		m.peak(name, peak)
	}
}

func (m *session) peak(name string, found float64) {
	m.doc.Checks = append(m.doc.Checks, check{
		What: name + " peak memory", Found: found, Want: peakLimit, Met: found < peakLimit,
		Note: fmt.Sprintf("%.1f MiB, want below %.0f", found, peakLimit),
	})
}

// pairJobs are the jobs of usmtpkg that are compared on two workloads.
func pairJobs() []string { return []string{jobCopy, jobCopyV, jobVerify} }

// pairs runs usmtpkg on a small and a large workload in turn.
func (m *session) pairs(ctx context.Context, name string, small, large float64, use func(job string, s, l []outcome)) (err error) {
	a, err := newRunner(ctx, m.set, name, small*m.set.scale, m.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	b, err := newRunner(ctx, m.set, name, large*m.set.scale, m.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	t := m.tools[0]
	for _, job := range pairJobs() {
		var got [2][]outcome
		for round := range m.set.rounds + 1 { // the first to warm up
			for i, r := range []*runner{a, b} {
				if err := r.prepare(ctx, []tool{t}, job); err != nil {
					return err
				}
				o, err := r.leastDisturbed(ctx, t, job, round == 0)
				if err != nil {
					return err
				}
				if o.exit != 0 {
					return fmt.Errorf("usmtpkg on %s, %s: exit status %d", name, job, o.exit)
				}
				if round > 0 {
					got[i] = append(got[i], o)
				}
			}
		}
		use(job, got[0], got[1])
	}
	return nil
}

// checkLarge: memory must not grow with the size of files.
func (m *session) checkLarge(ctx context.Context) error {
	var small, large float64
	err := m.pairs(ctx, "W3", 1.0/16, 1, func(_ string, s, l []outcome) {
		for i := range s {
			small, large = max(small, s[i].rss), max(large, l[i].rss)
		}
	})
	if err != nil {
		return err
	}
	m.peak("W3", large)
	m.doc.Checks = append(m.doc.Checks, check{
		What: "W3 memory with the size of files", Found: large / small, Want: flatLimit, Met: large <= flatLimit*small,
		Note: fmt.Sprintf("%.1f MiB with files of %.0f MiB, %.1f MiB with files a sixteenth as large", large, 256*m.set.scale, small),
	})
	return nil
}

// checkGrowth: time must not grow faster than the number of files.
func (m *session) checkGrowth(ctx context.Context) error {
	return m.pairs(ctx, "W2", 1.0/20, 1, func(job string, s, l []outcome) {
		var ratios []float64
		for i := range s {
			ratios = append(ratios, l[i].wall/s[i].wall)
		}
		r := median(ratios)
		m.doc.Checks = append(m.doc.Checks, check{
			What: "W2 " + job + " growth", Found: r, Want: growthLimit, Met: r <= growthLimit,
			Note: fmt.Sprintf("%.1f times as long for 20 times as many files, want at most %.0f", r, growthLimit),
		})
	})
}
