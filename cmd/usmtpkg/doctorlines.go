package main

import (
	"fmt"
	"strings"
	"time"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/stage"
)

// The lines of doctor.

func ok(check report.DoctorCheck, format string, args ...any) report.Diagnosis {
	return report.Diagnosis{Check: check, Verdict: report.DoctorOK, Detail: fmt.Sprintf(format, args...)}
}

func notChecked(check report.DoctorCheck, format string, args ...any) report.Diagnosis {
	return report.Diagnosis{Check: check, Verdict: report.DoctorNotChecked, Detail: fmt.Sprintf(format, args...)}
}

// problem is the line of an error, with its advice.
func (c *checkup) problem(check report.DoctorCheck, err error) report.Diagnosis {
	err = deniedAt(c.o.library.dir, true, err)
	doc := report.NewError(doctorName, err, hintFor(err), exitStatus(err))
	d := report.Diagnosis{Check: check, Verdict: report.DoctorProblem, Detail: doc.Error, Hint: doc.Hint}
	if n := len(doc.Findings); n > 0 {
		d.Detail = report.CountOf(n, "finding keeps", "findings keep") + " this from becoming a package"
		d.Hint = "usmtpkg refresh --dry-run, with the same flags, lists them"
	}
	return d
}

// hasFinding reports whether an error holds a finding of the rule.
func hasFinding(err error, rule string) bool {
	for _, f := range report.NewError(doctorName, err, "", 0).Findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

// kit says which USMT was found.
func (c *checkup) kit(err error) report.Diagnosis {
	u := c.job.usmt
	switch {
	case u.fsys == nil && is[*inventory.SyntaxError](err):
		return notChecked(report.CheckKit, "--inventory cannot be read")
	case u.fsys == nil:
		return c.problem(report.CheckKit, err)
	}
	return ok(report.CheckKit, "USMT %s (%s): %s (%s)", report.VersionText(u.Version), strings.Join(u.Arches, ", "), u.Path, u.How)
}

// inventory says whether the files of the kit are listed.
func (c *checkup) inventory() report.Diagnosis {
	u := c.job.usmt
	known, err := tables(c.o.policy.inventory)
	switch {
	case err != nil:
		return c.problem(report.CheckInventory, err)
	case u.fsys == nil:
		return notChecked(report.CheckInventory, "no USMT was found; the lists have %s", versions(known))
	case c.o.source.sample:
		return notChecked(report.CheckInventory, "the sample kit is not USMT")
	}
	for _, t := range known {
		if r, there := t.Release(u.Version); there {
			return ok(report.CheckInventory, "the files of USMT %s are listed (%s), for %s", u.Version, t.Name, strings.Join(r.Arches, ", "))
		}
	}
	d := notChecked(report.CheckInventory, "no list has the files of USMT %s; the lists have %s", report.VersionText(u.Version), versions(known))
	d.Hint = "signatures, catalogs and MSIs prove files of any version; to make a list of a kit that you trust: usmtpkg inventory"
	return d
}

func versions(tables []*inventory.Table) string {
	var list []string
	for _, t := range tables {
		for _, r := range t.Releases {
			list = append(list, r.Version.String())
		}
	}
	return strings.Join(list, ", ")
}

// roots says how long Microsoft's roots are valid, by the clock of this machine.
func (c *checkup) roots() report.Diagnosis {
	if c.o.source.sample {
		return notChecked(report.CheckRoots, "the sample kit is not signed")
	}
	roots, err := pe.MicrosoftRoots()
	if err != nil {
		return c.problem(report.CheckRoots, err)
	}
	var valid []time.Time
	for _, r := range roots {
		if now := c.now(); now.After(r.NotBefore) && now.Before(r.NotAfter) {
			valid = append(valid, r.NotAfter)
		}
	}
	return rootsLine(len(roots), valid)
}

// rootsLine says until when the roots that are valid now are so.
func rootsLine(all int, valid []time.Time) report.Diagnosis {
	if len(valid) == 0 {
		return report.Diagnosis{
			Check: report.CheckRoots, Verdict: report.DoctorProblem, Detail: fmt.Sprintf("by the clock of this machine, none of the %d built-in roots of Microsoft is valid", all),
			Hint: "set the clock; if it is right, take a newer usmtpkg",
		}
	}
	first, last := valid[0], valid[0]
	for _, at := range valid {
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return ok(report.CheckRoots, "%d of %d built-in roots of Microsoft are valid, the first until %s, the last until %s; time stamps keep older signatures valid",
		len(valid), all, first.UTC().Format(time.DateOnly), last.UTC().Format(time.DateOnly))
}

// room says how much is free, and whether that is enough, as far as refresh came to that.
func (c *checkup) room(err error) report.Diagnosis {
	if is[*stage.SpaceError](err) {
		return c.problem(report.CheckRoom, err)
	}
	free, known := stage.FreeSpace(absolute(c.o.library.dir))
	if !known {
		return notChecked(report.CheckRoom, "this system does not say how much is free")
	}
	size := report.Size(int64(min(free, 1<<62)))
	switch {
	case err != nil:
		return notChecked(report.CheckRoom, "%s free; whether that is enough is not known before refresh would work", size)
	case c.plan.Outcome == "unchanged":
		return ok(report.CheckRoom, "%s free; nothing would be copied", size)
	}
	return ok(report.CheckRoom, "%s free, enough for the %s of this release", size, report.Size(c.plan.Bytes))
}

func flushLine(d stage.Durability) report.Diagnosis {
	const limits = "; what a disk does with its own cache cannot be seen"
	switch d {
	case stage.DurableSyncFS:
		return ok(report.CheckFlush, "a file was flushed; a release is, with one call for the whole file system (syncfs)"+limits)
	case stage.DurableFsync:
		return ok(report.CheckFlush, "a file was flushed; a release is, file by file (fsync)"+limits)
	case stage.DurableNotConfirmed:
	}
	return report.Diagnosis{
		Check: report.CheckFlush, Verdict: report.DoctorProblem, Detail: "the file system of the library does not support flushing (not-confirmed)",
		Hint: "after a power cut, run usmtpkg verify before you use a release, or choose a library on another file system",
	}
}

// clockLine compares the clock of the library's file system. Kerberos, by default, refuses who is five minutes off.
func clockLine(ahead time.Duration) report.Diagnosis {
	const most = 5 * time.Minute
	off := ahead.Abs()
	if off <= most {
		return ok(report.CheckClock, "a new file in the library has the time of this machine, give or take 5 minutes")
	}
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	return report.Diagnosis{
		Check: report.CheckClock, Verdict: report.DoctorProblem,
		Detail: fmt.Sprintf("the clock of the library's file system is %d minutes %s this machine's", off/time.Minute, word),
		Hint:   "set both clocks by one time server: more than 5 minutes can keep Windows from signing in to a share",
	}
}

// packagePath looks whether the library can be seen by the path that ConfigMgr gets.
func (c *checkup) packagePath() report.Diagnosis {
	const check = report.CheckPackagePath
	path := c.o.define.path
	if path == "" {
		d := notChecked(check, "no --package-path: the definition would name the library by its path on this machine")
		d.Hint = `give the library as the site server sees it: --package-path \\server\share\folder`
		return d
	}
	if checkHere("--package-path", path) != nil {
		d := notChecked(check, "%s cannot be opened on this system", path)
		d.Hint = "run doctor on a computer with Windows that can reach the share"
		return d
	}
	mine, err := stage.Open(c.o.library.dir)
	if err != nil {
		d := notChecked(check, "there is no library yet that could be seen through %s", path)
		d.Hint = "run doctor again after the first refresh"
		return d
	}
	d := report.Diagnosis{Check: check, Verdict: report.DoctorProblem, Hint: "share the folder of the library, or correct --package-path"}
	there, err := stage.Open(path)
	switch {
	case err != nil:
		d.Detail = fmt.Sprintf("the library cannot be seen through %s: %v", path, err)
	case there.ID != mine.ID:
		d.Detail = fmt.Sprintf("%s is another library: its id is %s, and that of %s is %s", path, there.ID, mine.Dir(), mine.ID)
	default:
		return ok(check, "%s is this library (its id is the same), as this account sees it; the site server's account was not tried", path)
	}
	return d
}

// pathLength says whether the paths of the package are short enough for USMT.
func (c *checkup) pathLength(err error) report.Diagnosis {
	const check = report.CheckPathLength
	switch {
	case err == nil:
		return ok(check, "every path of the package is short enough for Windows and USMT")
	case hasFinding(err, "path-length"):
		return report.Diagnosis{Check: check, Verdict: report.DoctorProblem, Detail: "a path of the package would be too long", Hint: "shorten the name, or the path of the library"}
	}
	return notChecked(check, "only known if refresh would work")
}

// refresh says what refresh would do, and if it would fail, why, unless a line before says that.
func (c *checkup) refresh(err error, before []report.Diagnosis) report.Diagnosis {
	const check = report.CheckRefresh
	switch {
	case err != nil:
		d := c.problem(check, err)
		for _, l := range before {
			if l.Detail == d.Detail {
				d.Detail, d.Hint = "see "+string(l.Check), ""
			}
		}
		d.Detail = fmt.Sprintf("would fail with status %d: %s", exitStatus(err), d.Detail)
		return d
	case c.plan.Outcome == "unchanged":
		return ok(check, "release %s has this content, and is whole", c.plan.Release)
	}
	return ok(check, "would publish release %s", c.plan.Release)
}
