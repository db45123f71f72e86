package main

import (
	"context"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

func newPinCmd(p *program) *cobra.Command {
	var library libraryFlags
	cmd := &cobra.Command{
		Use:   "pin RELEASE",
		Short: "Keep a release, whatever prune is told",
		Long: `pin makes sure that prune never removes RELEASE: one that a package uses, or that you may have to go
back to. unpin takes that back. The library's file pins.json has the names.`,
		Example: `  usmtpkg pin 26100.2454 --library D:\Sources\OSD\USMT`,
		Args:    needs(`pin needs the name of a release; "usmtpkg list" shows them`, 1),
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) {
			return p.pin(ctx, "pin", library, args, resolveRelease, (*stage.Writer).Pin)
		}),
	}
	library.add(cmd.Flags())
	return cmd
}

func newUnpinCmd(p *program) *cobra.Command {
	var library libraryFlags
	cmd := &cobra.Command{
		Use:     "unpin RELEASE",
		Short:   "Let prune remove a pinned release again",
		Long:    `unpin takes back what pin did. The release need not be in the library any more.`,
		Example: `  usmtpkg unpin 26100.2454 --library D:\Sources\OSD\USMT`,
		Args:    needs(`unpin needs the name of a release; "usmtpkg list" shows which are pinned`, 1),
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) {
			return p.pin(ctx, "unpin", library, args, resolvePinned, (*stage.Writer).Unpin)
		}),
	}
	library.add(cmd.Flags())
	return cmd
}

// pin pins or unpins a release.
func (p *program) pin(ctx context.Context, command string, library libraryFlags, args []string, resolve func(*stage.Library, string) (string, error),
	do func(*stage.Writer, context.Context, string) (bool, error),
) (report.Document, error) {
	if err := library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(library.dir)
	if err != nil {
		return nil, err
	}
	doc := &report.Pin{Head: report.NewHead(command), Library: lib.Dir()}
	if doc.Release, err = resolve(lib, args[0]); err != nil {
		return nil, err
	}
	err = p.withWriter(ctx, library, p.writerOptions(), func(w *stage.Writer) (err error) {
		if doc.Changed, err = do(w, ctx, doc.Release); err == nil {
			doc.Pinned, err = w.Pins()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	doc.Pinned = append([]string{}, doc.Pinned...)
	return doc, nil
}

// resolvePinned returns the name of the release that is meant: one of the library, or a pinned one that is gone.
func resolvePinned(lib *stage.Library, given string) (string, error) {
	pinned, err := lib.Pins()
	if err != nil {
		return "", err
	}
	names, err := lib.Releases()
	if err != nil {
		return "", err
	}
	return resolveAmong(lib, append(names, pinned...), given)
}
