package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "status N program args...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := statusOf(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit status %d, wanted %d", got, want)
	}
}

func statusOf(ts *testscript.TestScript, err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

func cmdInterrupt(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 1, "interrupt program args...")
	path, err := exec.LookPath(args[0]) // testscript.Main has put its commands on the PATH
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...) //nolint:noctx // it is ended by the signal, or the script fails
	cmd.Dir, cmd.Env = ts.MkAbs("."), []string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH")}
	spoke := &firstWords{heard: make(chan struct{})}
	cmd.Stderr = spoke
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-spoke.heard:
		ts.Check(cmd.Process.Signal(os.Interrupt))
		err = <-ended
	case err = <-ended:
	}
	ts.Logf("[stderr]\n%s", spoke.String())
	if got := statusOf(ts, err); got != exitCanceled {
		ts.Fatalf("exit status %d, wanted %d", got, exitCanceled)
	}
}

// firstWords keeps what is written and tells when the first of it came.
type firstWords struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	once  sync.Once
	heard chan struct{}
}

func (w *firstWords) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.heard) })
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *firstWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func (s *kitSigner) cmdKit(ts *testscript.TestScript, neg bool, args []string) {
	const text = "kit DIR [-version V] [-arch A,B] [-unsigned] [-named]"
	usage(ts, !neg && len(args) >= 1, text)
	flags := flag.NewFlagSet("kit", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	version := flags.String("version", "", "")
	arches := flags.String("arch", "", "")
	unsigned := flags.Bool("unsigned", false, "")
	named := flags.Bool("named", false, "")
	usage(ts, flags.Parse(args[1:]) == nil && flags.NArg() == 0, text)
	if *unsigned {
		s = nil
	}
	ts.Check(writeKit(ts.MkAbs(args[0]), samplekit.Options{Version: *version, Arches: split(*arches), Named: *named}, s))
}

// writeKit writes a sample kit below dir, signed if there is a signer.
func writeKit(dir string, o samplekit.Options, s *kitSigner) error {
	for name, content := range samplekit.Files(o) {
		if s != nil && slices.Contains([]string{".exe", ".dll"}, path.Ext(name)) {
			content = s.sign(content)
		}
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), content); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file and makes the folders above it.
func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o666)
}

func (s *kitSigner) cmdPE(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 3 || len(args) == 4), "pe FILE ARCH VERSION [N]")
	machines := []pe.Machine{pe.AMD64, pe.ARM64, pe.I386}
	i := slices.IndexFunc(machines, func(m pe.Machine) bool { return m.String() == args[1] })
	usage(ts, i >= 0, "pe: ARCH is amd64, arm64 or x86")
	var version pe.Version
	if args[2] != "none" {
		v, err := pe.ParseVersion(args[2])
		ts.Check(err)
		version = v
	}
	extra := 0
	if len(args) == 4 {
		n, err := strconv.Atoi(args[3])
		ts.Check(err)
		extra = n
	}
	ts.Check(writeFile(ts.MkAbs(args[0]), s.sign(samplekit.PE(machines[i], version, extra))))
}

func cmdWrite(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "write FILE TEXT")
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[1], `"`, `\"`) + `"`)
	ts.Check(err)
	ts.Check(writeFile(ts.MkAbs(args[0]), []byte(text)))
}

func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "append FILE TEXT")
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(b, args[1]...), 0o666))
}

func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "flip FILE [OFFSET]")
	at := 0
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		at = n
	}
	name := ts.MkAbs(args[0])
	content, err := os.ReadFile(name)
	ts.Check(err)
	if at < 0 || at >= len(content) {
		ts.Fatalf("flip: %s has %d bytes", args[0], len(content))
	}
	content[at] ^= 1
	ts.Check(os.WriteFile(name, content, 0o666))
}

func cmdShorten(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "shorten FILE N")
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	name := ts.MkAbs(args[0])
	info, err := os.Stat(name)
	ts.Check(err)
	ts.Check(os.Truncate(name, info.Size()-n))
}

// cmdTree lists everything below a folder, but not the folder itself: a lock
// that comes and goes in it changes its time.
func cmdTree(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "tree DIR FILE")
	root := ts.MkAbs(args[0])
	var b strings.Builder
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		line, err := treeLine(name)
		rel := strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(root)+"/")
		fmt.Fprintf(&b, "%s %s\n", line, rel)
		return err
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o666))
}

// treeLine asks for the file itself: Windows lists a folder with times that may be old.
func treeLine(name string) (string, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return "", err
	}
	sum := "-"
	if info.Mode().IsRegular() {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum = sha256Of(content)
	}
	return fmt.Sprintf("%s %s %s", info.Mode().Type(), info.ModTime().UTC().Format(time.RFC3339Nano), sum), nil
}

func sha256Of(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
