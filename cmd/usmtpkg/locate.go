package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
)

func newLocateCmd(p *program) *cobra.Command {
	var source sourceFlags
	cmd := &cobra.Command{
		Use:   "locate",
		Short: "List every USMT found, with version, arches and how it was found",
		Long: `locate lists every USMT folder that it finds, best first: in the folder or volume that you name, or
else by the registry and the default folders of this Windows machine. refresh and stage take the
first one. With -v it also lists what shows which kit each one came from.`,
		Example: `  usmtpkg locate
  usmtpkg locate --volume /mnt/adk-server
  usmtpkg locate --source "D:\Kits\Windows Kits" --json`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.locate(ctx, source) }),
	}
	source.add(cmd.Flags())
	return cmd
}

func (p *program) locate(ctx context.Context, source sourceFlags) (report.Document, error) {
	if err := source.check(); err != nil {
		return nil, err
	}
	if source.sample {
		u, err := sampleUSMT()
		if err != nil {
			return nil, err
		}
		return report.NewLocate(locate.Result{Candidates: []locate.Candidate{u.Candidate}}, u.reason), nil
	}
	res, err := locate.Find(ctx, p.findOptions(source))
	if packed, ok := errors.AsType[*locate.LayoutError](err); ok {
		var c locate.Candidate
		c, err = packed.Look()
		res.Candidates = []locate.Candidate{c}
	}
	if err != nil {
		return nil, err
	}
	_, reason := res.Best()
	return report.NewLocate(res, reason), nil
}
