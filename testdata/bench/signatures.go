//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// checkTarget is how many times as long as hashing a kit its whole validation
// may take, signatures and inventory included.
const checkTarget = 1.5

// measureCheck compares `usmtpkg validate` of a genuine kit with a program that
// hashes its files and does nothing else. Only a genuine one is signed.
func measureCheck(ctx context.Context, s settings, kit string) error {
	dir, err := os.MkdirTemp("", "usmtpkg-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a program of ours in a temporary folder
	bin := filepath.Join(dir, "usmtpkg")
	if err := build(ctx, bin); err != nil {
		return err
	}
	var ratios []float64
	for i := range s.rounds + 1 { // the first fills the cache
		hashing, err := timed(func() error { return self(ctx, "hash", kit) })
		if err != nil {
			return err
		}
		var findings *exec.ExitError
		checking, err := timed(func() error {
			err := exec.CommandContext(ctx, bin, "validate", "-q", "--source", kit).Run()
			if errors.As(err, &findings) && findings.ExitCode() == 4 {
				return nil // a kit with findings takes no less
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("validating %s: %w", kit, err)
		}
		if i > 0 {
			ratios = append(ratios, checking/hashing)
		}
	}
	found, met := median(ratios), "met"
	if found > checkTarget {
		met = "NOT met"
	}
	_, err = fmt.Fprintf(os.Stdout, "validate takes %.2f times as long as hashing alone (median of %d rounds), want at most %.1f: %s\n",
		found, len(ratios), checkTarget, met)
	return err
}

func timed(do func() error) (seconds float64, err error) {
	begin := time.Now() //nolint:forbidigo // this program measures time
	err = do()
	return time.Since(begin).Seconds(), err
}

// hashAll hashes the files below dir, four at once as usmtpkg does.
func hashAll(ctx context.Context, dir string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		g.Go(func() error { return hashFile(ctx, name) })
		return nil
	})
	return errors.Join(err, g.Wait())
}

func hashFile(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil || ctx.Err() != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{f}, make([]byte, 64<<10))
	return err
}
