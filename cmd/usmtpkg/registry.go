package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"usmtpkg/locate/tree"
	"usmtpkg/stage"
	"usmtpkg/stage/registry"
)

// registryFlags say how to get to a registry.
type registryFlags struct {
	username     string
	passwordFile string
	caFile       string
	plainHTTP    bool
	lock         string
}

func (o *registryFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.username, "username", "", "`NAME` log in to the registry with this name (default: as docker login or oras login did)")
	f.StringVar(&o.passwordFile, "password-file", "", "`FILE` the password of --username is the one line of this file; - is standard input (default: ask)")
	_ = f.SetAnnotation("password-file", commandLineOnly, nil) // as a setting it is the password of the signing key
	f.StringVar(&o.caFile, "ca-file", "", "`FILE` trust the certificate authorities in this file, PEM, besides the system's")
	f.BoolVar(&o.plainHTTP, "plain-http", false, "do without TLS, for a registry on this machine")
	f.StringVar(&o.lock, "lock", "", "`FILE` write what the release is called by its digest into this file")
	heading(f, "Registry")
}

// maxCA bounds a file of certificate authorities, in bytes; the 140 of a system have 230 KiB.
const maxCA = 4 << 20

// repository opens the repository that a reference is in.
func (p *program) repository(ctx context.Context, o registryFlags, ref registry.Reference, workers int, bar *progress) (*registry.Repository, error) {
	ro := registry.Options{Username: o.username, PlainHTTP: o.plainHTTP, Agent: "usmtpkg/" + version(), Patience: p.patience, Workers: workers}
	if bar != nil {
		ro.Progress = bar
	}
	if o.caFile != "" {
		ca, err := tree.ReadFile(o.caFile, maxCA)
		if err != nil {
			return nil, &usageError{msg: "reading the certificate authorities: " + err.Error()}
		}
		ro.CA = ca
	}
	var err error
	if ro.Password, err = p.registryPassword(ctx, o, ref); err != nil {
		return nil, err
	}
	r, err := registry.Open(ref, ro)
	if errors.Is(err, registry.ErrCA) {
		err = &usageError{msg: o.caFile + ": " + err.Error(), hint: "--ca-file takes certificates in PEM form"}
	}
	return r, err
}

// registryPassword is the password of --username. It is never an argument, which every user of the machine could read.
func (p *program) registryPassword(ctx context.Context, o registryFlags, ref registry.Reference) (string, error) {
	var password []byte
	var err error
	switch {
	case o.username == "" && o.passwordFile != "":
		return "", &usageError{msg: "--password-file needs --username"}
	case o.username == "":
		return "", nil
	case o.passwordFile != "":
		password, err = p.readPassword(ctx, o.passwordFile)
	case p.askPassword == nil:
		return "", &usageError{msg: "there is no terminal to ask for the password of " + o.username + " on; use --password-file"}
	default:
		password, err = p.askPassword(ctx, "password of "+o.username+" at "+ref.Host()+": ")
	}
	if err == nil && len(password) == 0 {
		err = &usageError{msg: "the password of " + o.username + " is empty"}
	}
	return string(password), err
}

// writeLock writes what a release is called by its digest into the file of --lock, in one step.
func (o *registryFlags) writeLock(pinned string, dry bool) (string, error) {
	if o.lock == "" || dry {
		return "", nil
	}
	file := absolute(o.lock)
	f, err := os.CreateTemp(filepath.Dir(file), ".usmtpkg-*.partial")
	if err == nil {
		_, err = f.WriteString(pinned + "\n")
		if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
			err = os.Rename(f.Name(), file)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err != nil {
		return "", &stage.DestinationError{Doing: "writing " + file, Err: err}
	}
	return file, nil
}
