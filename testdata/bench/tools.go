//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A family is a group of tools with one target.
type family string

const (
	ours       family = "usmtpkg"
	shells     family = "shell"
	rsyncs     family = "rsync"
	rclone     family = "rclone"
	newFolders family = "new folder" // those that leave the earlier copy as it is, as usmtpkg does
	others     family = "other"
)

// A tool does jobs with shell lines. These find in their environment:
//
//	SRC  the workload
//	DST  the copy; for usmtpkg the library; absent before a copy
//	MAN  the manifest, a file beside the copy
//	DIR  a folder for whatever else is needed
//	N    the number of processors
type tool struct {
	name   string
	family family
	needs  []string          // programs that must be there
	env    []string          // further variables
	setup  string            // makes the copy that other jobs than J1 begin with
	lines  map[string]string // by job
	beside bool              // J5 leaves the earlier copy alone and makes a new one beside it
	lines0 int               // lines of MAN that are no file, after setup; -1: there is no MAN
	faulty string            // why it cannot be run
}

// usmtpkgs are the programs and settings of usmtpkg that are measured.
func usmtpkgs(s settings, built string) ([]tool, error) {
	bins := split(s.bins)
	if len(bins) == 0 {
		bins = []string{built}
	}
	var tools []tool
	for _, bin := range bins {
		abs, err := filepath.Abs(bin)
		if err != nil {
			return nil, err
		}
		for _, n := range split(s.workers) {
			t := tool{
				name: "usmtpkg", family: ours, needs: []string{abs}, beside: true, lines0: -1,
				env: []string{"BIN=" + abs, "WORKERS="},
			}
			if len(bins) > 1 {
				t.name = filepath.Base(bin)
				if same := slices.ContainsFunc(tools, func(o tool) bool { return o.name == t.name }); same {
					t.name = bin
				}
			}
			if n != "0" {
				t.name += ", " + n + " workers"
				t.env[1] += "--workers=" + n
			}
			stage := `"$BIN" stage -q --library "$DST" --source "$SRC" $WORKERS`
			t.setup = stage + " --verify stream"
			t.lines = map[string]string{
				jobCopy:    "exec " + stage + " --verify stream",
				jobCopyV:   "exec " + stage,
				jobNothing: "exec " + stage,
				jobVerify:  `exec "$BIN" verify -q $WORKERS "$DST"/10.*-*`,
				jobChanged: "exec " + stage + " --verify stream --allow-changed",
			}
			tools = append(tools, t)
		}
	}
	if slices.Contains(split(s.jobs), jobChanged) {
		t := tools[0]
		t.name += " (read back)"
		t.lines = map[string]string{jobChanged: t.lines[jobCopyV] + " --allow-changed"}
		tools = append(tools, t)
	}
	return tools, nil
}

// chosen are all tools that are measured, the reference first.
func chosen(ctx context.Context, s settings, built string) ([]tool, error) {
	tools, err := usmtpkgs(s, built)
	if err != nil {
		return nil, err
	}
	if s.peers != "none" {
		peers := append(shellPeers(), rsyncPeers()...)
		for _, bin := range split(s.rclones) {
			peers = append(peers, rclonePeers(ctx, bin)...)
		}
		if s.peers != "all" {
			wanted := split(s.peers)
			peers = slices.DeleteFunc(peers, func(t tool) bool { return !slices.Contains(wanted, t.name) })
		}
		tools = append(tools, peers...)
	}
	for i, t := range tools {
		for _, program := range t.needs {
			if _, err := exec.LookPath(program); err != nil && t.faulty == "" {
				tools[i].faulty = "not installed: " + program
			}
		}
	}
	return tools, nil
}

// rcloneVersion asks a program for its version.
func rcloneVersion(ctx context.Context, bin string) (name string, minor int) {
	out, err := exec.CommandContext(ctx, bin, "version").Output()
	if err != nil {
		return bin, 0
	}
	first, _, _ := strings.Cut(string(out), "\n")
	name = strings.TrimSuffix(strings.Replace(first, "rclone v", "rclone ", 1), "-DEV")
	if parts := strings.Split(name, "."); len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	return name, minor
}

// missing tells which tools will not be run, and why.
func missing(tools []tool) []string {
	var lines []string
	for _, t := range tools {
		if t.faulty != "" {
			lines = append(lines, fmt.Sprintf("%s: %s", t.name, t.faulty))
		}
	}
	return lines
}
