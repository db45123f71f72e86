package locate

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindMachine(t *testing.T) {
	root := plant(t, map[string]string{
		"x86/" + kit10 + "amd64/scanstate.exe":          new10,
		"x86/" + kit81 + "amd64/scanstate.exe":          old81,
		"pf/Windows AIK/Tools/USMT/amd64/scanstate.exe": "6.1.7601.17514",
		"sdk/bin/x86/rc.exe":                            broken,
	})
	at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	r, err := Find(t.Context(), FindOptions{
		Registry: func() []KitsRoot {
			return []KitsRoot{
				{View: "64-bit view", Name: "KitsRoot10", Value: at("sdk") + string(filepath.Separator)},
				{View: "64-bit view", Name: "KitsRoot81", Value: at("gone")},
				{View: "64-bit view", Name: "KitsRoot", Problem: "not readable: access denied"},
				{View: "32-bit view", Name: "KitsRoot10", Value: at("x86/Windows Kits/10") + string(filepath.Separator)},
				{View: "32-bit view", Name: "KitsRoot81", Value: `Windows Kits\8.1`},
				{View: "32-bit view", Name: "KitsRoot", Value: `%ProgramFiles%\Windows Kits\8.0`},
				{View: "other view", Problem: "no such key"},
			}
		},
		ProgramFiles: []string{at("x86"), "", at("pf"), at("x86"), `relative`},
	})
	if err != nil {
		t.Fatal(err)
	}
	const usmt10, usmt81 = "x86/" + kit10, "x86/" + kit81
	want := []string{
		usmt10[:len(usmt10)-1] + " 10.0.65000.2 [amd64]",
		usmt81[:len(usmt81)-1] + " 6.3.9600.16384 [amd64]",
		"pf/Windows AIK/Tools/USMT 6.1.7601.17514 [amd64]",
	}
	if diff := cmp.Diff(want, candidates(t, root, r)); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if how := "registry, 32-bit view, KitsRoot10; default folder"; r.Candidates[0].How != how {
		t.Errorf("How = %q, want %q", r.Candidates[0].How, how)
	}
	want = []string{
		"sdk | registry, 64-bit view, KitsRoot10 | folder without USMT",
		"gone | registry, 64-bit view, KitsRoot81 | no such folder",
		"HKLM/SOFTWARE/Microsoft/Windows Kits/Installed Roots | registry, 64-bit view, KitsRoot | not readable: access denied",
		usmt10[:len(usmt10)-1] + " | registry, 32-bit view, KitsRoot10 | USMT 10.0.65000.2 (amd64)",
		"Windows Kits/8.1 | registry, 32-bit view, KitsRoot81 | not followed: not an absolute path",
		"%ProgramFiles%/Windows Kits/8.0 | registry, 32-bit view, KitsRoot | not followed: it names a variable",
		"HKLM/SOFTWARE/Microsoft/Windows Kits/Installed Roots | registry, other view | no such key",
		usmt10[:len(usmt10)-1] + " | default folder | USMT 10.0.65000.2 (amd64)",
		usmt81[:len(usmt81)-1] + " | default folder | USMT 6.3.9600.16384 (amd64)",
		"x86/Windows Kits/8.0 | default folder | no such folder",
		"x86/Windows AIK/Tools/USMT | default folder | no such folder",
		"pf/Windows Kits/10 | default folder | no such folder",
		"pf/Windows Kits/8.1 | default folder | no such folder",
		"pf/Windows Kits/8.0 | default folder | no such folder",
		"pf/Windows AIK/Tools/USMT | default folder | USMT 6.1.7601.17514 (amd64)",
		"relative | Program Files | not followed: not an absolute path",
	}
	if diff := cmp.Diff(want, slashed(places(t, root, r.Places))); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestFindMachineNothing(t *testing.T) {
	_, err := Find(t.Context(), FindOptions{Registry: func() []KitsRoot { return nil }})
	notFound, ok := errors.AsType[*NotFoundError](err)
	if !ok || len(notFound.Places) > 0 {
		t.Fatalf("Find: %v, want a *NotFoundError without places", err)
	}
	const want = "finding USMT: no source folder or volume given, and this system has no Windows registry to search"
	if err.Error() != want {
		t.Errorf("Error = %q, want %q", err.Error(), want)
	}
	if hint := notFound.Hint(); hint != "give a folder that contains USMT, or the root of a mounted Windows volume" {
		t.Errorf("Hint = %q", hint)
	}
	root := t.TempDir()
	_, err = Find(t.Context(), FindOptions{Registry: func() []KitsRoot { return nil }, ProgramFiles: []string{root}})
	if want := "finding USMT: not in any of the 4 places looked at"; err == nil || err.Error() != want {
		t.Errorf("Find = %v, want %q", err, want)
	}
}
