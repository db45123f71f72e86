// Command dist makes what a release of usmtpkg consists of.
//
//	go run ./testdata/dist                                  the newest version of CHANGELOG.md, into build/dist
//	go run ./testdata/dist -version 0.2.0-rc.1 -only linux/amd64,windows/amd64
//
// The result is: an archive for each system, packages for Debian and Red Hat, a container image, bills of
// materials, manifests for winget and scoop, and SHA256SUMS of all of them.
//
// The same commit gives the same bytes, in whatever folder and on whatever day: Go is called with
// -trimpath, every time is that of the commit, and nothing depends on the machine. Signatures come last:
//
//   - -certificate and -certificate-key sign the Windows programs (osslsigncode must be installed), with a
//     time stamp of -timestamp, which is the one thing that differs from run to run;
//   - -key, a minisign key, signs SHA256SUMS.
//
// Without -url, the address below which the files will be, there are no manifests for winget and scoop: both
// are nothing but such addresses and sums.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	version string
	out     string
	only    string // targets
	url     string // where the files will be

	certificate, certificateKey, timestamp string
	key, passwordFile                      string
}

// A dist is one run.
type dist struct {
	options
	root string    // of the repository
	tmp  string    // for what is made on the way
	time time.Time // of everything in it
	nfpm string    // the program that makes packages

	programs map[target]string // where the program for each target is
}

// A target is a system to build for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// exe is the name of the program there.
func (t target) exe() string {
	if t.os == "windows" {
		return "usmtpkg.exe"
	}
	return "usmtpkg"
}

// targets are those that a release has.
var targets = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}}

func main() {
	log.SetFlags(0)
	log.SetPrefix("dist: ")
	var o options
	flag.StringVar(&o.version, "version", "", "the `version` (default: the newest of CHANGELOG.md)")
	flag.StringVar(&o.out, "o", filepath.Join("build", "dist"), "the `folder` to make; what is in it is replaced")
	flag.StringVar(&o.only, "only", "", "only these `targets`, such as linux/amd64,windows/amd64")
	flag.StringVar(&o.url, "url", "", "the `address` below which the files will be published")
	flag.StringVar(&o.certificate, "certificate", "", "sign the Windows programs with this certificate, a PEM `file` with its chain")
	flag.StringVar(&o.certificateKey, "certificate-key", "", "the key of the certificate, a PEM `file`")
	flag.StringVar(&o.timestamp, "timestamp", "", "the `address` of the time stamp authority for -certificate")
	flag.StringVar(&o.key, "key", "", "sign SHA256SUMS with this minisign secret key, a `file`")
	flag.StringVar(&o.passwordFile, "password-file", "", "the `file` with the password of -key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

var wellFormed = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`)

// run makes everything.
func run(ctx context.Context, o options) (err error) {
	if flag.NArg() > 0 {
		return fmt.Errorf("%q: want flags alone", flag.Args())
	}
	if (o.certificate == "") != (o.certificateKey == "") {
		return errors.New("-certificate and -certificate-key go together")
	}
	d := &dist{options: o, programs: map[target]string{}}
	if d.root, err = output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}"); err != nil {
		return err
	}
	if d.version, err = versionOf(o.version, d.root); err != nil {
		return err
	}
	if d.nfpm, err = filepath.Abs(filepath.Join(d.root, "build", "tools", "nfpm")); err != nil {
		return err
	}
	if d.tmp, err = os.MkdirTemp("", "usmtpkg-dist-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.tmp)) }()
	d.time = commitTime(ctx, d.root)
	if err := d.clear(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.build, d.sign, d.documents, d.archives, d.packages, d.image, d.bills, d.manifests, d.sums} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.list()
}

var released = regexp.MustCompile(`(?m)^## (\S+) \(\d{4}-\d\d-\d\d\)`)

// versionOf is the version given, else the newest of CHANGELOG.md.
func versionOf(given, root string) (string, error) {
	if given == "" {
		changes, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
		if err != nil {
			return "", err
		}
		newest := released.FindSubmatch(changes)
		if newest == nil {
			return "", errors.New(`CHANGELOG.md: no heading such as "## 0.1.0 (2026-11-29)"; give -version`)
		}
		given = string(newest[1])
	}
	if !wellFormed.MatchString(given) {
		return "", fmt.Errorf("version %q: want one such as 0.1.0 or 0.2.0-rc.1", given)
	}
	return given, nil
}

// clear makes the folder for the result, without what an earlier run left. A folder of something else stays.
func (d *dist) clear() error {
	old, err := os.ReadDir(d.out)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range old {
		if !strings.HasPrefix(e.Name(), "usmtpkg") && !strings.HasPrefix(e.Name(), "SHA256SUMS") {
			return fmt.Errorf("%s has %s in it, which no run made; name another folder with -o", d.out, e.Name())
		}
	}
	if err := os.RemoveAll(d.out); err != nil {
		return err
	}
	return os.MkdirAll(d.out, 0o777)
}

// commitTime is the time of the commit, or that of SOURCE_DATE_EPOCH; of files that are no repository, 1980.
func commitTime(ctx context.Context, root string) time.Time {
	text := os.Getenv("SOURCE_DATE_EPOCH") //nolint:forbidigo // of those who build, not of usmtpkg
	if text == "" {
		text, _ = output(ctx, root, "git", "log", "-1", "--format=%ct") // without one there is no commit
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
}

// want tells which targets are to be made.
func (d *dist) wanted() []target {
	var list []target
	for _, t := range targets {
		if d.only == "" || strings.Contains(","+d.only+",", ","+t.String()+",") {
			list = append(list, t)
		}
	}
	return list
}

// file is the name of a file of the result.
func (d *dist) file(rest string) string {
	return filepath.Join(d.out, "usmtpkg_"+d.version+rest)
}

// command is a program that is run in a folder. What it says on standard error is shown.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return cmd
}

func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	out, err := command(ctx, dir, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
