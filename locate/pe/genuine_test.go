package pe_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
)

// Programs that Microsoft itself signed, in a package of others that may be passed on. The certificate is
// over since 2026-06-17; the time stamps, with the attribute certificates of Microsoft's, are of before.
func TestGenuine(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "signed", "node_modules", "node-pty", "prebuilds")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no genuine signature can be verified: `make signed` was not run")
		}
		t.Skip("NO GENUINE SIGNATURE WAS VERIFIED: `make signed` was not run")
	}
	later := func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }
	v, err := pe.NewVerifier(later, nil)
	if err != nil {
		t.Fatal(err)
	}
	const valid = "valid Microsoft Corporation 2025-10-09"
	want := map[string]string{}
	for _, arch := range []string{"arm64", "x64"} {
		for name, verdict := range map[string]string{
			"conpty/OpenConsole.exe": valid, "conpty/conpty.dll": valid, "winpty-agent.exe": "unsigned", "winpty.dll": "unsigned",
		} {
			want["win32-"+arch+"/"+name] = verdict
		}
	}
	got, altered := map[string]string{}, map[string]string{}
	for name := range maps.Keys(want) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = verdictLine(check(t, v, data, 1<<16))
		data[len(data)/2] ^= 1
		altered[name] = verdictLine(check(t, v, data, 1<<16))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	for name, verdict := range want {
		if verdict == valid && !strings.HasPrefix(altered[name], "tampered ") {
			t.Errorf("%s with one bit flipped = %s, want tampered", name, altered[name])
		}
	}
}

func verdictLine(s pe.Signature) string {
	line := string(s.Verdict)
	if s.Signer != "" {
		line += " " + s.Signer
	}
	if !s.Time.IsZero() {
		line += " " + s.Time.UTC().Format(time.DateOnly)
	}
	return line
}
