package windows

import (
	"os"
	"strings"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

const (
	busy   = "another program has it open"
	advice = "whatever holds the file open"
)

// A file of the source that somebody has open, and shares with nobody, is waited for: not for long,
// and never passed over.
func TestSourceHeld(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	for _, file := range []string{"next/amd64/scanstate.exe", "next/amd64/MigApp.xml"} {
		release := b.hold(t, "hold", "NONE", b.on(file))
		b.refresh(t, "next").Want(t, 7, busy, advice)
		b.run(t, "validate", b.on("next")).Want(t, 7, busy, advice)
		b.untouched(t)
		release()
	}
	release := b.hold(t, "hold", "NONE", b.on("next/amd64/migcore.dll"))
	soon(t, release)
	b.recovers(t)
}

// A file that is shared for reading, as an editor's or a scanner's is, is in nobody's way.
func TestSourceShared(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	b.hold(t, "hold", "READ", b.on("next/amd64/migcore.dll"))
	b.hold(t, "hold", "ALL", b.on("next/amd64/migres.dll"))
	b.recovers(t)
}

// A file of the library that somebody has open is waited for in the same way; a release is not
// called damaged when its files cannot be looked at.
func TestLibraryHeld(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	r := b.release
	tests := []struct {
		file    string
		refresh string // the kit that cannot be taken while the file is held
		verify  bool   // nor can the release be verified
	}{
		{file: "lib/current", refresh: "next", verify: true},
		{file: "lib/usmtpkg.json", refresh: "next", verify: true},
		{file: "lib/" + r + "/release.json", refresh: "kit", verify: true},
		{file: "lib/" + r + "/manifest-sha256.txt", refresh: "kit", verify: true},
		{file: "lib/" + r + "/data/amd64/migcore.dll", refresh: "kit", verify: true},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			release := b.hold(t, "hold", "NONE", b.on(tt.file))
			b.refresh(t, tt.refresh, "--dry-run").Want(t, 7, advice)
			if tt.verify {
				b.run(t, "verify", "--library", b.on("lib")).Want(t, 7, advice)
			}
			release()
			b.untouched(t)
			b.run(t, "verify", "--library", b.on("lib")).Want(t, 0)
		})
	}
	for _, file := range []string{"current", "usmtpkg.json", r + "/release.json", r + "/manifest-sha256.txt", r + "/data/amd64/migcore.dll"} {
		release := b.hold(t, "hold", "NONE", b.on("lib/"+file))
		soon(t, release)
		b.run(t, "verify", "--library", b.on("lib")).Want(t, 0) // it was waited for
		release()
	}
	release := b.hold(t, "hold", "NONE", b.on("lib/current"))
	soon(t, release)
	b.recovers(t)
}

// Who reads the active release, as a distribution point does, is not disturbed by a refresh, and does
// not disturb it, whether others may read along or not.
func TestReleaseRead(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	b.hold(t, "hold", "READ", b.on("lib/"+b.release+"/release.json"))
	for _, file := range []string{"migcore.dll", "MigApp.xml"} {
		b.hold(t, "hold", "NONE", b.on("lib/"+b.release+"/data/amd64/"+file))
	}
	b.refresh(t, "next").Want(t, 0)
	now := platform.Snapshot(t, b.at("lib"))
	for name, was := range b.before {
		if strings.HasPrefix(name, b.release+"/") && now[name] != was {
			t.Errorf("%s = %s, want %s as before", name, now[name], was)
		}
	}
}

// Files that a run replaces may be open: for whoever reads them the rename is denied, in words that
// Windows also uses where rights are lacking. The new release is there, and not active.
func TestReplacedHeld(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	release := b.hold(t, "hold", "READ", b.on("lib/current"))
	b.refresh(t, "next").Want(t, 7, "activating "+newer, busy)
	if now := platform.Current(t, b.at("lib")); now != b.release {
		t.Errorf("active release %s, want %s as before", now, b.release)
	}
	b.refresh(t, "next").Want(t, 7, busy) // it ends the same way as often as it is tried
	release()

	release = b.hold(t, "hold", "READ", b.on("lib/definitions/"+b.release+"/USMT.sms"))
	b.run(t, "define", b.release, "--library", b.on("lib"), "--name", "Other").Want(t, 7, "writing the package definition", busy)
	soon(t, release)
	b.run(t, "define", b.release, "--library", b.on("lib"), "--name", "Other").Want(t, 0)
	b.recovers(t)
}

// Wine does not hold readers to the locks of LockFileEx, as Windows does; it has to get along with
// them all the same.
func TestLocked(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	b.hold(t, "lock", b.on("next/amd64/migcore.dll"))
	r := b.refresh(t, "next")
	if r.Status == 7 {
		b.untouched(t)
		return
	}
	r.Want(t, 0)
}

// leftoverHeld plants what an interrupted run leaves, and holds a file of it.
func (b *bench) leftoverHeld(t *testing.T) (release func()) {
	t.Helper()
	id, err := os.ReadFile(b.at("lib/" + b.release + "/release.json"))
	if err != nil {
		t.Fatal(err)
	}
	const left = "lib/.staging-0123456789abcdef"
	platform.Write(t, b.at(left+"/release.json"), id)
	platform.Write(t, b.at(left+"/data/amd64/migcore.dll"), []byte("half"))
	if err := os.Chmod(b.at(left+"/data/amd64/migcore.dll"), 0o444); err != nil { // read-only, as from a DVD
		t.Fatal(err)
	}
	return b.hold(t, "hold", "READ", b.on(left+"/data/amd64/migcore.dll"))
}

// What an interrupted run left is cleared, and while somebody has a file of it open, later.
func TestLeftoverHeld(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	release := b.leftoverHeld(t)
	b.refresh(t, "next").Want(t, 7, "clearing an interrupted run", busy)
	release()
	b.recovers(t)
}

// Two runs on one library: the second is told who is at work. A lock that nobody renews is taken over.
func TestTwoRuns(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	release := b.leftoverHeld(t) // for which the first run waits, with the lock in its hand
	first := platform.Start(t, b.Command(b.usmtpkg, "refresh", "--source", b.on("next"), "--library", b.on("lib"))...)
	b.await(t, "lib/.lock")
	b.refresh(t, "kit").Want(t, 7, "in use by another run", "wait for the other run to end")
	release()
	if r := first.Wait(); r.Status != 0 {
		r.Want(t, 7, "clearing an interrupted run", busy) // it did not wait for as long as the second run took
	}
	b.recovers(t)

	platform.Write(t, b.at("lib/.lock"), nil) // torn, and so watched for 12 seconds
	aged := time.Now().Add(-time.Hour)
	if err := os.Chtimes(b.at("lib/.lock"), aged, aged); err != nil {
		t.Fatal(err)
	}
	b.run(t, "refresh", "--source", b.on("next"), "--library", b.on("lib")).Want(t, 0, "took over the lock")
	b.recovers(t)
}
