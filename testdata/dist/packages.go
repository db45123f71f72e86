package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.yaml.in/yaml/v3"
)

// places are where Debian and Red Hat have what is in the archives.
var places = map[string]string{
	"completions/usmtpkg.bash": "/usr/share/bash-completion/completions/usmtpkg",
	"completions/_usmtpkg":     "/usr/share/zsh/vendor-completions/_usmtpkg",
	"completions/usmtpkg.fish": "/usr/share/fish/vendor_completions.d/usmtpkg.fish",
	"usmtpkg":                  "/usr/bin/usmtpkg",
}

// An nfpmFile is a file of a package, as nfpm takes it.
type nfpmFile struct {
	Src  string       `yaml:"src"`
	Dst  string       `yaml:"dst"`
	Info nfpmFileInfo `yaml:"file_info"`
}

type nfpmFileInfo struct {
	Mode  int64     `yaml:"mode"`
	MTime time.Time `yaml:"mtime"`
}

// packages makes .deb and .rpm.
func (d *dist) packages(ctx context.Context) error {
	for _, t := range d.wanted() {
		if t.os != "linux" {
			continue
		}
		conf, err := d.nfpmConfig(t)
		if err != nil {
			return err
		}
		for _, kind := range []string{"deb", "rpm"} {
			name, err := filepath.Abs(d.file("_" + t.os + "_" + t.arch + "." + kind))
			if err != nil {
				return err
			}
			cmd := command(ctx, d.tmp, d.nfpm, "package", "--config", conf, "--packager", kind, "--target", name)
			cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", d.time.Unix()))
			if out, err := cmd.Output(); err != nil {
				return fmt.Errorf("making %s: %w (make build/tools/nfpm builds nfpm)\n%s", name, err, out)
			}
		}
	}
	return nil
}

// nfpmConfig writes what nfpm is to do, and returns where.
func (d *dist) nfpmConfig(t target) (string, error) {
	files, err := d.contents(t)
	if err != nil {
		return "", err
	}
	var list []nfpmFile
	for _, f := range files {
		dst, from := places[f.name], f.from
		switch {
		case dst != "":
		case strings.HasPrefix(f.name, "man/"):
			from += ".gz"
			dst = "/usr/share/man/man1/" + filepath.Base(from)
			if err := d.compress(f.from, from); err != nil {
				return "", err
			}
		case f.name == "LICENSE":
			dst = "/usr/share/doc/usmtpkg/copyright"
		default:
			dst = "/usr/share/doc/usmtpkg/" + f.name
		}
		list = append(list, nfpmFile{from, dst, nfpmFileInfo{f.mode, d.time}})
	}
	conf := map[string]any{
		"name": "usmtpkg", "arch": t.arch, "platform": t.os, "version": d.version, "section": "admin", "priority": "optional", "license": "Apache-2.0",
		"maintainer": "the usmtpkg authors <usmtpkg@invalid>", "mtime": d.time, "contents": list,
		"description": "Refreshes a ConfigMgr USMT package from the Windows ADK\nFinds the User State Migration Tool, checks it against what Microsoft signed, copies it into\na library of immutable, verified releases, and writes the package definition.",
		"rpm":         map[string]any{"buildhost": "usmtpkg", "summary": "Refreshes a ConfigMgr USMT package from the Windows ADK"},
	}
	text, err := yaml.Marshal(conf)
	if err != nil {
		return "", err
	}
	name := filepath.Join(d.tmp, "nfpm-"+t.arch+".yaml")
	return name, os.WriteFile(name, text, 0o666)
}

// compress makes a .gz of a file, without a name or time in it.
func (d *dist) compress(from, to string) error {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	gz, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := copyFile(gz, from); err != nil {
		return err
	}
	if err := gz.Close(); err != nil {
		return err
	}
	return out.Close()
}
