package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/stage/attest"
)

// readSigningKey reads the secret key. The password of an encrypted one comes
// from a file, or is asked for at the terminal; it is never an argument,
// which every user of the machine could read.
func (p *program) readSigningKey(ctx context.Context, o attestOptions) (attest.Key, error) {
	text, err := tree.ReadFile(o.key, attest.MaxKey)
	if err != nil {
		return attest.Key{}, &usageError{msg: "reading the key: " + err.Error(), hint: "minisign -G makes keys"}
	}
	k, err := attest.ParseKey(text, func() ([]byte, error) { return p.password(ctx, o) })
	var syntax *attest.SyntaxError
	switch {
	case errors.Is(err, attest.ErrPassword):
		err = &usageError{msg: o.key + ": " + err.Error()}
	case errors.As(err, &syntax):
		err = &usageError{msg: o.key + ": " + err.Error(), hint: "minisign -G makes keys; the one to sign with is the secret key"}
	}
	return k, err
}

func (p *program) password(ctx context.Context, o attestOptions) ([]byte, error) {
	if o.passwordFile != "" {
		return p.readPassword(ctx, o.passwordFile)
	}
	if p.askPassword == nil {
		return nil, &usageError{msg: o.key + " is password-protected and there is no terminal to ask on; use --password-file"}
	}
	return p.askPassword(ctx, "password of "+o.key+": ")
}

// maxPassword bounds a password file, in bytes; minisign takes 1024 as well.
const maxPassword = 1024

// readPassword reads a file of one line, or standard input. It may be a pipe, as a secret store hands one out.
func (p *program) readPassword(ctx context.Context, name string) ([]byte, error) {
	b, err := interruptible(ctx, func() ([]byte, error) {
		if name == stdStream {
			return readStart(name, cmp.Or(p.stdin, io.Reader(strings.NewReader(""))), maxPassword)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // only read
		return readStart(name, f, maxPassword)
	})
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, &usageError{msg: "reading the password: " + err.Error()}
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	switch {
	case bytes.HasPrefix(b, []byte("\ufeff")), bytes.ContainsRune(b, 0):
		return nil, &usageError{msg: name + ": a byte order mark or UTF-16, wanted plain UTF-8", hint: "PowerShell writes it with: Set-Content -Encoding ascii"}
	case bytes.ContainsAny(b, "\r\n"):
		return nil, &usageError{msg: name + ": more than one line, wanted the password alone"}
	}
	return b, nil
}

// askPassword asks on the terminal, which does not show the answer.
func askPassword(ctx context.Context, prompt string) ([]byte, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("asking for the password: %w", err)
	}
	report.Say(os.Stderr, "%s", prompt)
	defer report.Say(os.Stderr, "\n")
	password, err := interruptible(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if err != nil && ctx.Err() != nil {
		return nil, errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the password: %w", err)
	}
	return password, nil
}

// confirm asks a question on the terminal, and reports whether the answer is yes.
func confirm(ctx context.Context, question string) (bool, error) {
	report.Say(os.Stderr, "%s", question)
	answer, err := interruptible(ctx, func() ([]byte, error) {
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, maxPassword)).ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return line, err
	})
	if err != nil {
		return false, fmt.Errorf("asking: %w", err)
	}
	word := strings.ToLower(string(bytes.TrimSpace(answer)))
	return word == "y" || word == "yes", nil
}

// interruptible reads from a terminal or a pipe. That cannot be called off: after Ctrl-C the
// read waits until the process ends, and nobody waits for it.
func interruptible(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readStart reads a file or pipe that holds at most limit bytes.
func readStart(name string, r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: over %d bytes", name, limit)
	}
	return b, err
}

// readPublicKey reads a public key: the key itself, or a file that holds it.
func readPublicKey(value string) (attest.PublicKey, error) {
	if k, err := attest.ParsePublicKey([]byte(value)); err == nil {
		return k, nil
	}
	text, err := tree.ReadFile(value, attest.MaxKey)
	if err != nil {
		return attest.PublicKey{}, &usageError{msg: "reading the public key: " + err.Error(), hint: "give the file that minisign -G made, or the line in it that begins with RW"}
	}
	k, err := attest.ParsePublicKey(text)
	if err != nil {
		err = &usageError{msg: value + ": " + err.Error()}
	}
	return k, err
}
