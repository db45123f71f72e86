//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

const (
	warm = "warm"
	cold = "cold"
)

// A runner lets tools work on one workload.
type runner struct {
	set    settings
	name   string // of the workload
	src    string
	dir    string // the workload lies in it
	copies string // a folder for each tool lies in it
	log    *os.File
	cache  string
	files  int
	bytes  int64

	flipped bool
	ready   map[string]bool // copies that J3 to J5 can begin with, by their folders
	trash   int             // copies done with
	stale   []string        // those of them that the page cache still holds
}

// newRunner makes the workload, in a process of its own so that this one
// stays small.
func newRunner(ctx context.Context, s settings, name string, scale float64, log *os.File) (*runner, error) {
	r := &runner{set: s, name: name, log: log, cache: warm, ready: map[string]bool{}}
	r.dir = filepath.Join(s.base, fmt.Sprintf("%s-%g", name, scale))
	r.src, r.copies = filepath.Join(r.dir, "source"), r.dir
	if s.copies != "" {
		r.copies = filepath.Join(s.copies, filepath.Base(r.dir))
	}
	if err := errors.Join(os.MkdirAll(r.dir, 0o777), os.MkdirAll(r.copies, 0o777)); err != nil {
		return nil, err
	}
	if err := self(ctx, "-scale", strconv.FormatFloat(scale, 'g', -1, 64), "make", name, r.src); err != nil {
		return nil, err
	}
	var err error
	r.files, r.bytes, err = survey(r.src)
	return r, err
}

func (r *runner) close() error { return os.RemoveAll(r.dir) }

// place is the folder of a tool's copy. There are two for tools that make a
// new copy beside the earlier one, for either state of the source.
func (r *runner) place(t tool, flipped bool) string {
	i := 'a'
	if flipped && t.beside {
		i = 'b'
	}
	clean := bytes.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' {
			return c
		}
		return '_'
	}, []byte(t.name))
	return filepath.Join(r.copies, fmt.Sprintf("%s.%c", clean, i))
}

func (r *runner) env(t tool, place string) []string {
	return append([]string{
		"SRC=" + r.src, "DST=" + filepath.Join(place, "copy"), "MAN=" + filepath.Join(place, "manifest"), "DIR=" + place,
		"N=" + strconv.Itoa(runtime.NumCPU()), "LC_ALL=C", "RCLONE_CONFIG=" + filepath.Join(r.set.base, "rclone.conf"),
	}, t.env...)
}

// clear makes an empty place.
func (r *runner) clear(place string) error {
	delete(r.ready, place)
	if err := r.discard(place); err != nil {
		return err
	}
	return os.MkdirAll(place, 0o777)
}

// discard takes a copy away, but deletes it only when space is short: an ext4
// without a journal makes new files slowly while it avoids the inodes of files
// that were just deleted (find_inode_bit in fs/ext4/ialloc.c of Linux).
func (r *runner) discard(name string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	trash := filepath.Join(r.copies, "trash")
	short, err := spaceShort(r.copies)
	if err != nil {
		return err
	}
	if short {
		r.stale = nil
		if err := os.RemoveAll(trash); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(trash, 0o777); err != nil {
		return err
	}
	r.trash++
	to := filepath.Join(trash, strconv.Itoa(r.trash))
	if r.copies == r.dir { // the cache of a share is not worth asking its server for
		r.stale = append(r.stale, to)
	}
	return os.Rename(name, to)
}

func (r *runner) flip() error {
	r.flipped = !r.flipped
	return flip(r.src)
}

// setUp makes sure that a tool's copy of the source, as it is now, is there.
func (r *runner) setUp(ctx context.Context, t tool) error {
	place := r.place(t, r.flipped)
	if r.ready[place] {
		return nil
	}
	if err := r.clear(place); err != nil {
		return err
	}
	o, err := execute(ctx, t.setup, r.env(t, place), r.log)
	if err != nil {
		return err
	}
	if o.exit == 0 {
		r.ready[place] = true // else the job that needs it fails, and says so
	}
	return nil
}

// prepare makes what a job begins with.
func (r *runner) prepare(ctx context.Context, tools []tool, job string) error {
	if job == jobCopy || job == jobCopyV {
		return nil
	}
	for _, t := range tools {
		if err := r.setUp(ctx, t); err != nil {
			return err
		}
	}
	if job != jobChanged {
		return nil
	}
	if err := r.flip(); err != nil {
		return err
	}
	for _, t := range tools {
		if t.beside {
			if err := r.setUp(ctx, t); err != nil {
				return err
			}
		}
	}
	return r.flip()
}

// job runs one job of all tools and returns the outcomes of each, by round.
func (r *runner) job(ctx context.Context, all []tool, job string) ([]row, error) {
	var tools []tool
	for _, t := range all {
		if t.lines[job] != "" && t.faulty == "" {
			tools = append(tools, t)
		}
	}
	if err := r.prepare(ctx, tools, job); err != nil {
		return nil, err
	}
	got := map[string][]outcome{}
	first := 0
	if r.cache == cold || r.set.quick || r.set.copies != "" {
		first = 1 // nothing to warm up
	}
	for round := first; round <= r.set.rounds; round++ {
		if job == jobChanged {
			if err := r.flip(); err != nil {
				return nil, err
			}
		}
		n := round % max(1, len(tools))
		for _, t := range slices.Concat(tools[n:], tools[:n]) {
			o, err := r.leastDisturbed(ctx, t, job, round == 0)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				got[t.name] = append(got[t.name], o)
			}
		}
	}
	if job == jobChanged {
		clear(r.ready)
		if r.flipped {
			if err := r.flip(); err != nil {
				return nil, err
			}
		}
	}
	return rows(r, all, job, got), nil
}

// leastDisturbed runs a job until nobody disturbs it, or a few times.
func (r *runner) leastDisturbed(ctx context.Context, t tool, job string, once bool) (best outcome, err error) {
	for try := 0; try <= r.set.retries; try++ {
		if try > 0 && job == jobChanged && !t.beside {
			if err := r.takeBack(ctx, t, job); err != nil {
				return best, err
			}
		}
		o, err := r.once(ctx, t, job)
		if err != nil {
			return best, err
		}
		if try == 0 || o.noise < best.noise {
			best = o
		}
		if once || o.exit != 0 || o.noise <= r.set.noise {
			break
		}
	}
	return best, nil
}

// takeBack lets a tool that changes its copy restore the earlier state of it.
func (r *runner) takeBack(ctx context.Context, t tool, job string) error {
	if err := r.flip(); err != nil {
		return err
	}
	if _, err := execute(ctx, t.lines[job], r.env(t, r.place(t, r.flipped)), r.log); err != nil {
		return err
	}
	return r.flip()
}

// once runs one job of one tool.
func (r *runner) once(ctx context.Context, t tool, job string) (outcome, error) {
	fresh := job == jobCopy || job == jobCopyV
	place := r.place(t, r.flipped)
	if job == jobChanged {
		place = r.place(t, !r.flipped) // the copy of the earlier state
	}
	if fresh {
		if err := r.clear(place); err != nil {
			return outcome{}, err
		}
	}
	before, err := present(place)
	if err != nil {
		return outcome{}, err
	}
	release, err := r.settle(ctx)
	if err != nil {
		return outcome{}, err
	}
	o, err := execute(ctx, t.lines[job], r.env(t, place), r.log)
	if err := errors.Join(err, release()); err != nil {
		return o, err
	}
	if fresh && o.exit == 0 {
		r.ready[place] = true
		o.exit = r.complete(t, place)
	}
	if job == jobChanged && t.beside {
		return o, r.discardNew(place, before)
	}
	return o, nil
}

// settle puts the machine into the state in which every run begins. What comes
// last is done at once before the run: memory that is free for seconds may go
// back to the host of a virtual machine, and whoever needs it then waits.
func (r *runner) settle(ctx context.Context) (release func() error, err error) {
	if err := flush(r.dir); err != nil {
		return nil, err
	}
	if r.cache == warm {
		if err := readAll(r.src); err != nil {
			return nil, err
		}
	}
	if err := quiet(ctx, r.set.wait); err != nil {
		return nil, err
	}
	stale := r.stale
	r.stale = nil
	if r.cache == cold {
		if err := dropCaches(); err != nil {
			return nil, err
		}
		return takeMemory(ctx, r.bytes)
	}
	for _, dir := range stale {
		if err := uncache(dir); err != nil {
			return nil, err
		}
	}
	return takeMemory(ctx, r.bytes)
}

// incomplete is the exit status of a tool that says all is well, but whose
// manifest does not list every file.
const incomplete = 1000

func (r *runner) complete(t tool, place string) int {
	if t.lines0 < 0 {
		return 0
	}
	manifest, err := os.ReadFile(filepath.Join(place, "manifest"))
	if err != nil || bytes.Count(manifest, []byte("\n"))-t.lines0 != r.files {
		return incomplete
	}
	return 0
}

// present lists a place and the copy in it: usmtpkg's new release lies in the
// library, beside the earlier one.
func present(place string) (map[string]bool, error) {
	names := map[string]bool{}
	for _, dir := range []string{place, filepath.Join(place, "copy")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			names[filepath.Join(dir, e.Name())] = true
		}
	}
	return names, nil
}

// discardNew takes away what was not there before.
func (r *runner) discardNew(place string, before map[string]bool) error {
	now, err := present(place)
	if err != nil {
		return err
	}
	for name := range now {
		if !before[name] {
			if err := r.discard(name); err != nil {
				return err
			}
		}
	}
	return nil
}
