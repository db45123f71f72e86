package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
	"usmtpkg/locate/tree"
	"usmtpkg/stage/overlay"
)

type sourceOptions struct {
	path   string
	volume string
	sample bool
}

func (o *sourceOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.path, "source", "", "the USMT folder, an ADK or kits root, or any folder that holds one")
	f.StringVar(&o.volume, "volume", "", "the root of a mounted Windows volume to search")
	f.BoolVar(&o.sample, "sample", false, "use the built-in sample kit, which is no real USMT")
}

func (o *sourceOptions) check() error {
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
func (o *sourceOptions) given() bool { return o.path != "" || o.volume != "" || o.sample }

// A usmt is the USMT folder a command works on.
type usmt struct {
	locate.Candidate
	reason string // why this one
	fsys   fs.FS
	close  func() error
	dir    string // its folder; empty for the sample kit, which is none

	catalogs locate.Catalogs // see withLists

	overlay     []overlay.Laid // what was laid into it
	overlayDirs []string       // the folders that came from
}

// findUSMT finds the source and opens it.
func findUSMT(ctx context.Context, env environment, o *options) (usmt, error) {
	if err := o.source.check(); err != nil {
		return usmt{}, err
	}
	if o.source.sample {
		return sampleUSMT()
	}
	res, err := locate.Find(ctx, findOptions(env, o.source))
	if o.verbose && !o.json {
		printPlaces(env.stderr, res.Places)
	}
	if err != nil {
		return usmt{}, err
	}
	c, reason := res.Best()
	src, err := locate.Open(c)
	if err != nil {
		return usmt{}, err
	}
	files := tree.NewFolders(ctx, src.Root(), 2) // who judges the names, and who copies the files
	return usmt{
		Candidate: c, reason: reason, fsys: files, dir: c.Path,
		close: func() error { return errors.Join(files.Close(), src.Close()) },
	}, nil
}

func findOptions(env environment, o sourceOptions) locate.FindOptions {
	return locate.FindOptions{
		Source: o.path, Volume: o.volume,
		ProgramFiles: []string{env.getenv("ProgramFiles(x86)"), env.getenv("ProgramFiles"), env.getenv("ProgramW6432")},
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
func protectedFolders(env environment) []string {
	dirs := []string{env.getenv("HOME"), env.getenv("USERPROFILE"), env.getenv("PUBLIC"), env.getenv("ProgramFiles"), env.getenv("ProgramFiles(x86)"), env.getenv("ProgramData")}
	if root := env.getenv("SystemRoot"); root != "" {
		dirs = append(dirs, root, filepath.Join(root, "System32"))
	}
	return slices.DeleteFunc(dirs, func(d string) bool { return d == "" })
}

func printPlaces(w interface{ Write([]byte) (int, error) }, places []locate.Place) {
	for _, p := range places {
		say(w, "  %s: %s (%s)\n", finding.PlainText(p.Path), finding.PlainText(p.Outcome), p.How)
	}
}

type jsonPlace struct {
	Path    string `json:"path"`
	How     string `json:"how"`
	Outcome string `json:"outcome"`
}

func placeDocuments(places []locate.Place) []jsonPlace {
	docs := make([]jsonPlace, len(places))
	for i, p := range places {
		docs[i] = jsonPlace{Path: p.Path, How: p.How, Outcome: p.Outcome}
	}
	return docs
}

// versionText is a version as users read it.
func versionText(v pe.Version) string {
	if v.IsZero() {
		return "unknown version"
	}
	return v.String()
}

func archText(arches []string) string { return strings.Join(arches, ", ") }
