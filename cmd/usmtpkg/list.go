package main

import (
	"errors"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"usmtpkg/stage"
)

func newListCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the releases of a library",
		Args:  noArgument,
		RunE:  func(*cobra.Command, []string) error { return runList(env, o) },
	}
	o.libraryFlag(cmd.Flags())
	return cmd
}

type jsonRelease struct {
	Release       string           `json:"release"`
	Digest        string           `json:"digest"`
	USMT          string           `json:"usmt_version"`
	Sample        bool             `json:"sample,omitempty"` // it is the sample kit, which is not USMT
	Arches        []string         `json:"arches"`
	Files         int              `json:"files"`
	Bytes         int64            `json:"bytes"`
	Created       time.Time        `json:"created"`
	Verified      stage.VerifyMode `json:"verified"`
	Active        bool             `json:"active"`
	Problem       string           `json:"problem,omitempty"`
	PackageSource string           `json:"package_source"`

	ContentHash *stage.ContentHash  `json:"content_hash,omitempty"` // predicted
	Overlay     []stage.OverlayFile `json:"overlay,omitempty"`
}

type jsonList struct {
	Format   string        `json:"format"`
	Version  int           `json:"version"`
	Library  string        `json:"library"`
	Releases []jsonRelease `json:"releases"`
}

func runList(env environment, o *options) error {
	if err := o.needLibrary(); err != nil {
		return err
	}
	lib, err := stage.Open(o.library)
	if err != nil {
		return err
	}
	current, err := lib.Current()
	if err != nil {
		return err
	}
	names, err := lib.Releases()
	if err != nil {
		return err
	}
	doc := jsonList{Format: "usmtpkg list", Version: 1, Library: lib.Dir(), Releases: []jsonRelease{}}
	gone := current != "" && !slices.Contains(names, current)
	if gone {
		names = append(names, current)
	}
	var bad error
	for _, name := range names {
		r, err := lib.Release(name)
		if gone && name == current {
			err = &stage.FormatError{File: "current", Reason: "release " + current + " is the active one, and its folder is not in the library; run usmtpkg refresh, or activate another release"}
		}
		if err != nil {
			bad = errors.Join(bad, err)
			doc.Releases = append(doc.Releases, jsonRelease{Release: name, Arches: []string{}, Active: name == current, Problem: err.Error(), PackageSource: lib.PackageSource(name)})
			continue
		}
		doc.Releases = append(doc.Releases, jsonRelease{
			Release: r.Name, Digest: r.Digest, USMT: r.USMTVersion, Sample: r.Sample, Arches: r.Arches, Files: r.FileCount, Bytes: r.Bytes,
			Created: r.Created, Verified: r.Verify.Used, Active: name == current, PackageSource: lib.PackageSource(name),
			ContentHash: r.ContentHash,
			Overlay:     r.Overlay,
		})
	}
	if o.json {
		return errors.Join(printJSON(env.stdout, doc), marked(bad))
	}
	return errors.Join(printReleases(env.stdout, doc.Releases), marked(bad))
}

func printReleases(stdout io.Writer, releases []jsonRelease) error {
	tw := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	say(tw, "\tRELEASE\tUSMT\tARCHES\tFILES\tSIZE\tCREATED\n")
	for _, r := range releases {
		mark := ""
		if r.Active {
			mark = "*"
		}
		if r.Problem != "" {
			say(tw, "%s\t%s\t%s\n", mark, r.Release, r.Problem)
			continue
		}
		say(tw, "%s\t%s\t%s\t%s\t%d\t%s\t%s", mark, r.Release, r.USMT, archText(r.Arches), r.Files, size(r.Bytes), r.Created.UTC().Format("2006-01-02 15:04"))
		if r.Sample {
			say(tw, "\tsample kit, not USMT")
		}
		if len(r.Overlay) > 0 {
			say(tw, "\toverlay: %s", overlayText(r.Overlay))
		}
		say(tw, "\n")
	}
	return tw.Flush()
}
