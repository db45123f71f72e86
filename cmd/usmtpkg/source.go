package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
	"usmtpkg/locate/tree"
	"usmtpkg/stage/overlay"
)

// sourceFlags say where USMT is; without any of them this machine is searched.
type sourceFlags struct {
	path   string
	volume string
	sample bool
}

func (o *sourceFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.path, "source", "", "`DIR` the USMT folder, an ADK or kits root, an offline layout, or a folder that contains one")
	f.StringVar(&o.volume, "volume", "", "`DIR` the root of a mounted Windows volume to search")
	f.BoolVar(&o.sample, "sample", false, "use the built-in sample kit, which is not a real USMT")
	heading(f, "Source")
}

func (o *sourceFlags) check() error {
	given := 0
	for _, set := range []bool{o.path != "", o.volume != "", o.sample} {
		if set {
			given++
		}
	}
	if given > 1 {
		return &usageError{msg: "--source, --volume and --sample exclude one another", hint: "give one of them, or none to search this machine"}
	}
	return errors.Join(checkHere("--source", o.path), checkHere("--volume", o.volume))
}

// given reports whether any source was named.
func (o *sourceFlags) given() bool { return o.path != "" || o.volume != "" || o.sample }

// A usmt is the USMT folder a command works on.
type usmt struct {
	locate.Candidate
	reason string // why this one
	fsys   fs.FS
	close  func() error
	dir    string // its folder; empty for the sample kit, which is none
	layout string // the offline layout that it was unpacked from

	overlay     []overlay.Laid // what was laid into it
	overlayDirs []string       // the folders that came from
}

// findUSMT finds the source and opens it.
func (p *program) findUSMT(ctx context.Context, o sourceFlags) (usmt, error) {
	if err := o.check(); err != nil {
		return usmt{}, err
	}
	if o.sample {
		return sampleUSMT()
	}
	res, err := locate.Find(ctx, p.findOptions(o))
	if p.output.verbose && p.output.format != report.FormatJSON {
		p.console().Looked(res.Places)
	}
	if packed, ok := errors.AsType[*locate.LayoutError](err); ok {
		return p.unpackedUSMT(ctx, packed)
	}
	if err != nil {
		return usmt{}, err
	}
	c, reason := res.Best()
	return openUSMT(ctx, c, c.Path, reason)
}

// openUSMT opens a candidate, which is the folder dir.
func openUSMT(ctx context.Context, c locate.Candidate, dir, reason string) (usmt, error) {
	src, err := locate.Open(c)
	if err != nil {
		return usmt{}, err
	}
	files := tree.NewFolders(ctx, src.Root(), 2) // who checks the names, and who copies the files
	return usmt{
		Candidate: c, reason: reason, fsys: files, dir: dir,
		close: func() error { return errors.Join(files.Close(), src.Close()) },
	}, nil
}

func (p *program) findOptions(o sourceFlags) locate.FindOptions {
	return locate.FindOptions{
		Source: o.path, Volume: o.volume,
		ProgramFiles: []string{p.getenv("ProgramFiles(x86)"), p.getenv("ProgramFiles"), p.getenv("ProgramW6432")},
	}
}

func sampleUSMT() (usmt, error) {
	v, err := pe.ParseVersion(samplekit.Version)
	if err != nil {
		return usmt{}, err
	}
	return usmt{
		Candidate: locate.Candidate{Path: "sample kit", Version: v, Arches: []string{locate.AMD64, locate.ARM64, locate.X86}, How: "built in"},
		reason:    "asked for with --sample",
		fsys:      samplekit.FS(),
		close:     func() error { return nil },
	}, nil
}

// protectedFolders are folders of this machine that must not become libraries.
func (p *program) protectedFolders() []string {
	dirs := []string{p.getenv("HOME"), p.getenv("USERPROFILE"), p.getenv("PUBLIC"), p.getenv("ProgramFiles"), p.getenv("ProgramFiles(x86)"), p.getenv("ProgramData")}
	if root := p.getenv("SystemRoot"); root != "" {
		dirs = append(dirs, root, filepath.Join(root, "System32"))
	}
	return slices.DeleteFunc(dirs, func(d string) bool { return d == "" })
}
