package disk

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"usmtpkg/testdata/platform"
	"usmtpkg/testdata/platform/liar"
)

// The preflight: a disk that is too small is found before anything is written.
func TestTooSmall(t *testing.T) {
	t.Parallel()
	dir := Tmpfs(t, "size=12m")
	s := platform.NewSite(t, dir)
	platform.Write(t, filepath.Join(dir, "filler"), make([]byte, 4<<20))
	s.Refresh(t).Want(t, 6, ": needs ", " MiB is free on "+s.Library, "nothing was published; choose another folder, or free space and grant write access")
	s.Untouched(t)
	s.Refresh(t, "--json").Want(t, 6, `"exit": 6`)
	s.Refresh(t, "--dry-run").Want(t, 6, ": needs ", " MiB is free on "+s.Library)
	s.Untouched(t)
	// Other content with as many files and bytes as the release that is there.
	same := t.TempDir()
	if err := os.CopyFS(same, os.DirFS(filepath.Join(s.Library, s.Old, "data"))); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(same, "amd64", "MigApp.xml")
	content, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	content[300] ^= 1 // in a comment
	platform.Write(t, text, content)
	s.Refresh(t, "--source", same, "--allow-changed").Want(t, 6, " MiB is free on "+s.Library)
	s.Refresh(t, "--source", same, "--allow-changed", "--dry-run").Want(t, 6, " MiB is free on "+s.Library)
	s.Untouched(t)
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	s.Recovers(t)
}

// A mount right into a tree has nothing above it that tells where it leads: source and library overlap
// all the same.
func TestOverlapThroughAMount(t *testing.T) {
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	next := platform.Snapshot(t, s.Next)
	inNext, inLibrary := Bind(t, filepath.Join(s.Next, "amd64")), Bind(t, filepath.Join(s.Library, s.Old, "data"))
	s.Refresh(t, "--library", filepath.Join(inNext, "lib")).Want(t, 2, "it is in the source "+s.Next)
	s.Refresh(t, "--source", inLibrary).Want(t, 2, "it contains the source "+inLibrary)
	platform.Same(t, next, platform.Snapshot(t, s.Next))
	s.Untouched(t)
	s.Refresh(t, "--source", Bind(t, s.Next)).Want(t, 0) // what only lies elsewhere, too, is a good source
	s.Complete(t)
}

// A disk that fills up while the run writes to it.
func TestFillsUp(t *testing.T) {
	disks := map[string]func(t *testing.T) string{
		"tmpfs": func(t *testing.T) string { t.Helper(); return Tmpfs(t, "size=24m") },
		"ext4":  func(t *testing.T) string { t.Helper(); return Ext4(t, 32<<20) },
	}
	for name, make := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := make(t)
			s := platform.NewSite(t, dir)
			var filler string
			var once sync.Once
			source := liar.Mount(t, s.Next, &liar.Lies{Read: func(path string, offset int64) syscall.Errno {
				if path == platform.BigFile && offset > 0 {
					once.Do(func() {
						var err error
						if filler, err = Fill(dir); err != nil {
							t.Error(err)
						}
					})
				}
				return 0
			}})
			s.Refresh(t, "--source", source).Want(t, 6, "no space left on device", "nothing was published; choose another folder, or free space and grant write access")
			s.Untouched(t)
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			s.Recovers(t)
		})
	}
}

// A disk with room for bytes and none for files, wherever in the run it ends.
func TestNoInodes(t *testing.T) {
	for name, left := range map[string]int{"for the lock": 0, "for the staging folder": 1, "for the first files": 8, "for the last files": 55} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := Tmpfs(t, "size=64m,nr_inodes=400")
			s := platform.NewSite(t, dir)
			fillers := t.TempDir()
			if err := os.Remove(fillers); err != nil {
				t.Fatal(err)
			}
			var st syscall.Statfs_t
			if err := syscall.Statfs(dir, &st); err != nil {
				t.Fatal(err)
			}
			for i := range int(st.Ffree) - left - 1 {
				platform.Write(t, filepath.Join(dir, "filler", strings.Repeat("x", i%200+1)+string(rune('a'+i/200))), nil)
			}
			s.Refresh(t).Want(t, 6, "no space left on device", "nothing was published; choose another folder, or free space and grant write access")
			s.Untouched(t)
			if err := os.RemoveAll(filepath.Join(dir, "filler")); err != nil {
				t.Fatal(err)
			}
			s.Recovers(t)
		})
	}
}

// A library on a read-only file system can be read, and a run that would write
// says so before it copies anything.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := platform.NewSite(t, dir)
	at := ReadOnly(t, dir)
	library := filepath.Join(at, "lib")
	s.Refresh(t, "--library", library).Want(t, 6, "taking the lock: ", "read-only file system", "nothing was published")
	s.Refresh(t, "--library", filepath.Join(at, "none")).Want(t, 6, "creating the library: ", "read-only file system")
	s.Untouched(t)
	platform.Run(t, s.Program, "verify", "--library", library).Want(t, 0, "equal to its manifests")
	platform.Run(t, s.Program, "list", "--library", library).Want(t, 0, s.Old)
	// A dry run does not promise what the run cannot do.
	s.Refresh(t, "--library", library, "--dry-run").Want(t, 6, "cannot write to "+library, "read-only file system")
	s.Refresh(t, "--library", filepath.Join(at, "none"), "--dry-run").Want(t, 6, "cannot write to "+at, "read-only file system")
	for _, command := range []string{"define", "activate", "attest"} {
		platform.Run(t, s.Program, command, s.Old, "--library", library, "--dry-run").Want(t, 6, "cannot write to ", "read-only file system")
	}
	// A source there is as good as any.
	s.Recovers(t, "--source", filepath.Join(at, "next"))
}

// Folders in which nothing may be changed, or things may be made and neither
// renamed nor removed, as some filers' rights have it.
func TestClosedFolders(t *testing.T) {
	t.Run("immutable", func(t *testing.T) {
		t.Parallel()
		s := platform.NewSite(t, Ext4(t, 32<<20))
		Change(t, "+i", s.Library)
		s.Refresh(t).Want(t, 6, "cannot write to the library "+s.Library+": operation not permitted (as ", "nothing was published; grant write access, or choose another --library")
		s.Refresh(t, "--dry-run").Want(t, 6, "cannot write to the library "+s.Library, "operation not permitted")
		s.Untouched(t)
		Change(t, "-i", s.Library)
		s.Recovers(t)
	})
	t.Run("adding only", func(t *testing.T) {
		t.Parallel()
		s := platform.NewSite(t, Ext4(t, 32<<20))
		Change(t, "+a", s.Library)
		s.Refresh(t).Want(t, 6, "cannot write to the library "+s.Library+": operation not permitted (as ", "nothing was published")
		s.Intact(t)
		if found, err := filepath.Glob(filepath.Join(s.Library, ".staging-*", "*")); err != nil || len(found) > 0 {
			t.Errorf("%v, %v, want nothing copied that cannot be published", found, err)
		}
		Change(t, "-a", s.Library)
		s.Recovers(t)
	})
	t.Run("release and current", func(t *testing.T) {
		t.Parallel()
		// Nothing but names in the library is ever changed: its releases may be closed for good.
		s := platform.NewSite(t, Ext4(t, 32<<20))
		Change(t, "+i", filepath.Join(s.Library, s.Old))
		s.Recovers(t)
	})
}

// Rights, for an account that is not root's: a library it may not write to, a
// source it may not read.
func TestRights(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		platform.Missing(t, "only root can become another user")
	}
	platform.Need(t, "setpriv")
	dir, err := os.MkdirTemp("", "usmtpkg-rights-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := platform.NewSite(t, dir)
	copied := filepath.Join(dir, "usmtpkg") // the program, where everybody can reach it
	program, err := os.ReadFile(s.Program)
	if err != nil {
		t.Fatal(err)
	}
	platform.Write(t, copied, program)
	if err := os.Chmod(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	nobody := func(args ...string) platform.Result {
		return platform.Run(t, append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-C", "/", copied}, args...)...)
	}
	nobody("verify", "--library", s.Library).Want(t, 0)
	nobody("refresh", "--source", s.Next, "--library", s.Library).Want(t, 6, "cannot write to the library "+s.Library+": permission denied (as ", "nothing was published")
	nobody("refresh", "--source", s.Next, "--library", filepath.Join(dir, "new")).Want(t, 6, "cannot write to the library "+filepath.Join(dir, "new")+": permission denied (as ", "nothing was published")
	nobody("refresh", "--source", s.Next, "--library", s.Library, "--dry-run").Want(t, 6, "cannot write to the library "+s.Library, "permission denied")
	nobody("refresh", "--source", s.Next, "--library", filepath.Join(dir, "new"), "--dry-run").Want(t, 6, "cannot write to "+dir+": permission denied (as ")
	s.Untouched(t)
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(s.Next, "amd64", "MigApp.xml")
	if err := os.Chmod(closed, 0o600); err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(open, "lib")
	nobody("refresh", "--source", s.Next, "--library", library).Want(t, 6, "amd64/MigApp.xml: permission denied", "give this account permission to read the source")
	if err := os.Chmod(closed, 0o644); err != nil {
		t.Fatal(err)
	}
	// An arch folder that nobody may look into is USMT all the same: to install it would not help.
	arch := filepath.Dir(closed)
	if err := os.Chmod(arch, 0o700); err != nil {
		t.Fatal(err)
	}
	nobody("refresh", "--source", s.Next, "--library", library).Want(t, 6, "finding USMT in "+arch+": not readable: permission denied", "give this account permission to read the source")
	nobody("locate", "--source", s.Next).Want(t, 6, "finding USMT in "+arch)
	if err := os.Chmod(arch, 0o755); err != nil {
		t.Fatal(err)
	}
	nobody("refresh", "--source", s.Next, "--library", library).Want(t, 0)
	nobody("verify", "--library", library, "--source", s.Next).Want(t, 0)
}

// What a process may have: files of a size, open files.
func TestLimits(t *testing.T) {
	platform.Need(t, "prlimit")
	limited := func(t *testing.T, s *platform.Site, limit string, args ...string) platform.Result {
		t.Helper()
		return platform.Run(t, append([]string{"prlimit", limit, s.Program, "refresh", "--source", s.Next, "--library", s.Library}, args...)...)
	}
	t.Run("size of files", func(t *testing.T) {
		t.Parallel()
		s := platform.NewSite(t, t.TempDir())
		limited(t, s, "--fsize=100000").Want(t, 6, "writing a file", "large.dat", "file too large")
		s.Untouched(t)
		s.Recovers(t)
	})
	t.Run("too few open files", func(t *testing.T) {
		t.Parallel()
		s := platform.NewSite(t, t.TempDir())
		r := limited(t, s, "--nofile=9")
		if r.Status != 1 && r.Status != 6 && r.Status != 9 || !strings.Contains(r.Stderr, "too many open files") {
			t.Errorf("exit status %d, want a failure that says why\n%s", r.Status, r.Stderr)
		}
		s.Untouched(t)
		s.Recovers(t)
	})
	t.Run("few open files", func(t *testing.T) {
		t.Parallel()
		s := platform.NewSite(t, t.TempDir())
		limited(t, s, "--nofile=40", "--workers=4").Want(t, 0)
		s.Complete(t)
	})
}

// Sparse and hard-linked files of a source are copied as what they read as.
func TestSparseAndLinkedFiles(t *testing.T) {
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	sparse := filepath.Join(s.Next, "amd64", "sparse.dat")
	platform.Write(t, sparse, nil)
	if err := os.Truncate(sparse, 3<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(s.Next, "amd64", "MigApp.xml"), filepath.Join(s.Next, "amd64", "linked.dat")); err != nil {
		t.Fatal(err)
	}
	s.Recovers(t)
}

// A staging folder that somebody made beforehand, under whatever name, is
// neither used nor removed; and what a run makes nobody else may look into.
func TestStagingFolderIsNobodyElses(t *testing.T) {
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	trap := filepath.Join(s.Library, ".staging-0123456789abcdef", "data")
	platform.Write(t, filepath.Join(trap, "trap"), []byte("trap"))
	var once sync.Once
	source := liar.Mount(t, s.Next, &liar.Lies{Read: func(path string, offset int64) syscall.Errno {
		if path == platform.BigFile && offset > 0 {
			once.Do(func() {
				found, err := filepath.Glob(filepath.Join(s.Library, ".staging-*"))
				if err != nil || len(found) != 2 {
					t.Errorf("staging folders %v, %v, want two", found, err)
				}
				for _, dir := range found {
					info, err := os.Stat(dir)
					if err != nil || dir != filepath.Dir(trap) && info.Mode().Perm() != 0o700 {
						t.Errorf("%s: %v, %v, want rights 0700", dir, info.Mode(), err)
					}
				}
			})
		}
		return 0
	}})
	s.Refresh(t, "--source", source).Want(t, 0, "left .staging-0123456789abcdef alone")
	if _, err := os.Stat(filepath.Join(trap, "trap")); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(filepath.Dir(trap)); err != nil {
		t.Fatal(err)
	}
	s.Complete(t)
}

// Where nobody reads what the program says, it does its work all the same.
func TestOutputNobodyReads(t *testing.T) {
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	if _, err := os.Stat("/dev/full"); err != nil {
		platform.Missing(t, "there is no /dev/full")
	}
	shell := func(script string) platform.Result {
		return platform.Run(t, "sh", "-c", script, "sh", s.Program, s.Next, s.Library)
	}
	shell(`"$1" refresh --source "$2" --library "$3" 2>/dev/full`).Want(t, 0, "active")
	s.Complete(t)
	shell(`"$1" verify --library "$3" 2>&- >/dev/null`).Want(t, 0)
	shell(`{ "$1" list --library "$3"; echo "$?" >"$3.status"; } | true; cat "$3.status"`).Want(t, 0, "0\n")
	shell(`"$1" refresh --sample --library "$3.new" >/dev/full`).Want(t, 1, "printing the result", "no space left on device")
	shell(`"$1" verify --library "$3.new"`).Want(t, 0, "equal to its manifests")
}

// Where only algorithms approved by FIPS 140 may run, as a policy of Windows
// and Go's own switch have it, everything is hashed as ever: nothing falls back.
func TestOnlyFIPS(t *testing.T) {
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	for _, mode := range []string{"on", "only"} {
		fips := func(args ...string) platform.Result {
			return platform.Run(t, append([]string{"env", "GODEBUG=fips140=" + mode, s.Program}, args...)...)
		}
		fips("refresh", "--source", s.Next, "--library", s.Library).Want(t, 0)
		fips("verify", "--library", s.Library, "--source", s.Next).Want(t, 0)
		fips("attest", "--library", s.Library).Want(t, 0)
	}
}
