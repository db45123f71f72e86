package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
	"usmtpkg/stage"
)

// wantLine compares a line of doctor; detail and hint are parts of what is wanted.
func wantLine(t *testing.T, got report.Diagnosis, verdict report.DoctorVerdict, detail, hint string) {
	t.Helper()
	if got.Verdict != verdict || !strings.Contains(got.Detail, detail) || !strings.Contains(got.Hint, hint) || (hint == "") != (got.Hint == "") {
		t.Errorf("found %+v\nwanted %s, %q, hint %q", got, verdict, detail, hint)
	}
}

func TestDoctorConsole(t *testing.T) {
	const elsewhere = "on a computer with the console"
	wantLine(t, consoleLine(nil), report.DoctorNotChecked, "for Windows only", elsewhere)
	wantLine(t, consoleLine(&machine{}), report.DoctorProblem, "not installed on this computer", elsewhere)
	bin := t.TempDir()
	m := &machine{console: filepath.Join(bin, "i386")}
	wantLine(t, consoleLine(m), report.DoctorProblem, "module cannot be read", elsewhere)
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(bin, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("ConfigurationManager.psd1", nil)
	wantLine(t, consoleLine(m), report.DoctorOK, "version unknown", "")
	v, err := pe.ParseVersion("5.2403.1171.1000")
	if err != nil {
		t.Fatal(err)
	}
	write("Microsoft.ConfigurationManagement.exe", samplekit.PE(pe.I386, v, 0))
	wantLine(t, consoleLine(m), report.DoctorOK, "version 5.2403.1171.1000; whether it can reach the site was not checked", "")
}

func TestDoctorPowerShell(t *testing.T) {
	group := func(value string) executionPolicy {
		return executionPolicy{scope: "group", value: value, group: true}
	}
	own := func(value string) executionPolicy { return executionPolicy{scope: "the user", value: value} }
	usual := executionPolicy{scope: "the default", value: "Restricted"}
	for _, tt := range []struct {
		policies []executionPolicy
		verdict  report.DoctorVerdict
		detail   string
		hint     string
	}{
		{[]executionPolicy{usual}, report.DoctorProblem, "Restricted, set by the default: it refuses", "-ExecutionPolicy Bypass"},
		{[]executionPolicy{group(""), own("Undefined"), usual}, report.DoctorProblem, "set by the default", "-ExecutionPolicy Bypass"},
		{[]executionPolicy{group(""), own("RemoteSigned"), usual}, report.DoctorOK, "RemoteSigned, set by the user; it refuses scripts from the internet", ""},
		{[]executionPolicy{group(""), own("bypass"), usual}, report.DoctorOK, "bypass", ""},
		{[]executionPolicy{group("AllSigned"), own("Bypass"), usual}, report.DoctorProblem, "AllSigned, set by group", "sign the scripts"},
		{[]executionPolicy{group("Unrestricted"), own("AllSigned")}, report.DoctorOK, "Unrestricted, set by group", ""},
		{nil, report.DoctorNotChecked, "no execution policy was found", ""},
	} {
		wantLine(t, policyLine(&machine{policies: tt.policies}), tt.verdict, tt.detail, tt.hint)
	}
	wantLine(t, policyLine(nil), report.DoctorNotChecked, "for Windows only", "")
}

func TestDoctorRoots(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC) }
	wantLine(t, rootsLine(5, []time.Time{at(2040), at(2035), at(2042)}), report.DoctorOK, "3 of 5 built-in roots of Microsoft are valid, the first until 2035-03-01, the last until 2042-03-01", "")
	for year, verdict := range map[int]report.DoctorVerdict{1999: report.DoctorProblem, 2026: report.DoctorOK, 2099: report.DoctorProblem} {
		c := &checkup{program: &program{environment: environment{now: func() time.Time { return at(year) }}}}
		if got := c.roots(); got.Verdict != verdict {
			t.Errorf("in %d: %+v, want %s", year, got, verdict)
		}
	}
}

func TestDoctorDisk(t *testing.T) {
	wantLine(t, flushLine(stage.DurableSyncFS), report.DoctorOK, "syncfs", "")
	wantLine(t, flushLine(stage.DurableFsync), report.DoctorOK, "fsync", "")
	wantLine(t, flushLine(stage.DurableNotConfirmed), report.DoctorProblem, "does not support flushing", "power cut")
	wantLine(t, clockLine(-5*time.Minute), report.DoctorOK, "give or take 5 minutes", "")
	wantLine(t, clockLine(time.Hour), report.DoctorProblem, "60 minutes ahead of this machine's", "time server")
	wantLine(t, clockLine(-6*time.Minute-time.Second), report.DoctorProblem, "6 minutes behind this machine's", "time server")
	c := &checkup{program: &program{}}
	full := &stage.DestinationError{Doing: "staging", Err: &stage.SpaceError{Need: 2 << 20, Free: 1 << 20, Dir: "lib"}}
	wantLine(t, c.room(full), report.DoctorProblem, "needs 2.0 MiB, but only 1.0 MiB is free on lib", "free space")
	wantLine(t, c.refresh(full, []report.Diagnosis{c.room(full)}), report.DoctorProblem, "would fail with status 6: see room", "")
}
