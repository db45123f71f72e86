//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A row is what one tool took for one job.
type row struct {
	Work   string    `json:"workload"`
	Files  int       `json:"files"`
	Bytes  int64     `json:"bytes"`
	Job    string    `json:"job"`
	Cache  string    `json:"cache"`
	Tool   string    `json:"tool"`
	Family family    `json:"family"`
	Ratio  float64   `json:"ratio"` // of its time to that of the reference, median of the rounds
	Median float64   `json:"medianSeconds"`
	Min    float64   `json:"minSeconds"`
	Max    float64   `json:"maxSeconds"`
	CPU    float64   `json:"cpuSeconds"`
	RSS    float64   `json:"peakMiB"` // the highest of all rounds
	Noise  float64   `json:"noise"`   // share of the machine that others took, median
	Walls  []float64 `json:"seconds"` // of each round
	Fault  string    `json:"fault,omitempty"`
}

// rows sums up a job. The first tool is the reference.
func rows(r *runner, tools []tool, job string, got map[string][]outcome) []row {
	var list []row
	for _, t := range tools {
		if t.lines[job] == "" {
			continue
		}
		x := row{
			Work: r.name, Files: r.files, Bytes: r.bytes, Job: job, Cache: r.cache,
			Tool: t.name, Family: t.family, Fault: t.faulty,
		}
		outcomes := got[t.name]
		var ratios []float64
		for i, o := range outcomes {
			if ref := got[tools[0].name]; i < len(ref) && ref[i].exit == 0 {
				ratios = append(ratios, o.wall/ref[i].wall)
			}
			x.Walls = append(x.Walls, o.wall)
			x.RSS = max(x.RSS, o.rss)
			switch {
			case o.exit == incomplete:
				x.Fault = "incomplete: its manifest does not list every file"
			case o.exit != 0:
				x.Fault = fmt.Sprintf("failed: exit status %d: %s", o.exit, o.said)
			}
		}
		x.Ratio, x.Median = median(ratios), median(x.Walls)
		x.CPU = median(pick(outcomes, func(o outcome) float64 { return o.cpu }))
		x.Noise = median(pick(outcomes, func(o outcome) float64 { return o.noise }))
		if len(x.Walls) > 0 {
			x.Min, x.Max = slices.Min(x.Walls), slices.Max(x.Walls)
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b row) int {
		if d := cmp.Compare(len(a.Fault), len(b.Fault)); d != 0 && (a.Fault == "") != (b.Fault == "") {
			return d
		}
		return cmp.Compare(a.Median, b.Median)
	})
	return list
}

func pick(outcomes []outcome, value func(outcome) float64) []float64 {
	values := make([]float64, len(outcomes))
	for i, o := range outcomes {
		values[i] = value(o)
	}
	return values
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// printRows prints one job as a table.
func printRows(w io.Writer, list []row, rounds int) {
	if len(list) == 0 {
		return
	}
	x := list[0]
	fmt.Fprintf(w, "\n### %s %s %s: %s\n\n%d files, %.0f MB, %d rounds\n\n", x.Work, x.Job, x.Cache, jobTitle(x.Job), x.Files, float64(x.Bytes)/1e6, rounds)
	fmt.Fprintf(w, "| × usmtpkg | tool | median s | min – max | CPU s | peak MiB | noise |\n|--:|---|--:|--:|--:|--:|--:|\n")
	for _, x := range list {
		if x.Fault != "" {
			fmt.Fprintf(w, "| – | %s | %s | | | | |\n", x.Tool, x.Fault)
			continue
		}
		fmt.Fprintf(w, "| %.2f | %s | %.3f | %.3f – %.3f | %.3f | %.0f | %.0f %% |\n",
			x.Ratio, x.Tool, x.Median, x.Min, x.Max, x.CPU, x.RSS, 100*x.Noise)
	}
	var wide []string
	for _, x := range list {
		if x.Fault == "" && x.spread() > maxSpread {
			wide = append(wide, fmt.Sprintf("%s %.0f %%", x.Tool, 100*x.spread()))
		}
	}
	if len(wide) > 0 {
		fmt.Fprintf(w, "\nThe rounds differ by more than %.0f %% of the median, so that these figures say little: %s.\n", 100*maxSpread, strings.Join(wide, ", "))
	}
}

// maxSpread is by how much the rounds of a tool may differ, as a share of its median: the middle half of
// them, since one disturbed round says nothing of the others.
const maxSpread = 0.15

func (x row) spread() float64 {
	if x.Median == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(x.Walls))
	return (s[len(s)-1-len(s)/4] - s[len(s)/4]) / x.Median
}

// A check holds a figure against its target.
type check struct {
	What  string  `json:"what"`
	Found float64 `json:"found"`
	Want  float64 `json:"want"`
	Met   bool    `json:"met"`
	Note  string  `json:"note"`
}

func (c check) String() string {
	met := "met"
	if !c.Met {
		met = "NOT met"
	}
	return fmt.Sprintf("- %s: %s: %s", c.What, c.Note, met)
}

// A target is how many times as long as usmtpkg the fastest tool of a family
// has to take.
type target struct {
	job    string
	family family
	want   float64
}

// targets are for W1 with a warm cache; elsewhere usmtpkg has only to be no
// slower than these families.
func targets() []target {
	return []target{
		{jobCopy, rclone, 2}, {jobCopy, shells, 1.3},
		{jobCopyV, rclone, 2}, {jobCopyV, shells, 1.3},
		{jobNothing, rsyncs, 1},
		{jobVerify, shells, 1.2},
		{jobChanged, newFolders, 1},
	}
}

// judge compares the rows of one job with the targets.
func judge(list []row) []check {
	var checks []check
	for _, t := range targets() {
		if len(list) == 0 || t.job != list[0].Job {
			continue
		}
		want := t.want
		if list[0].Work != "W1" || list[0].Cache != warm {
			want = 1
		}
		fastest, name := math.Inf(1), ""
		for _, x := range list {
			if x.Family == t.family && x.Fault == "" && x.Ratio > 0 && x.Ratio < fastest {
				fastest, name = x.Ratio, x.Tool
			}
		}
		if name == "" {
			continue
		}
		checks = append(checks, check{
			What:  fmt.Sprintf("%s %s %s against %s", list[0].Work, t.job, list[0].Cache, t.family),
			Found: fastest, Want: want, Met: fastest >= want,
			Note: fmt.Sprintf("%s takes %.2f times as long, want %.1f", name, fastest, want),
		})
	}
	return checks
}

// A document is all that was measured.
type document struct {
	CPUs    int      `json:"cpus"`
	Kernel  string   `json:"kernel"`
	Floor   float64  `json:"floorMiB"` // no smaller peak memory can be measured
	Rows    []row    `json:"rows"`
	Checks  []check  `json:"checks"`
	Remarks []string `json:"remarks"`
}

func (d document) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
