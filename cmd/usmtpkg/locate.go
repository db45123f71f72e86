package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"usmtpkg/locate"
)

func newLocateCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "locate",
		Short: "List every USMT found, with version, arches and how it was found",
		Long: `locate lists every USMT folder that it finds, best first: without flags by the registry
and the default folders of this Windows machine, else in the folder or volume named.
refresh and stage take the first. With -v it says what tells which kit each came from.`,
		Example: `  usmtpkg locate
  usmtpkg locate --volume /mnt/adk-server
  usmtpkg locate --source "D:\Kits\Windows Kits" --json`,
		Args: noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLocate(cmd.Context(), env, o) },
	}
	o.source.flags(cmd.Flags())
	return cmd
}

type jsonCandidate struct {
	Path    string   `json:"path"`
	Version string   `json:"usmt_version"`
	Arches  []string `json:"arches"`
	How     string   `json:"how"`
	Problem string   `json:"problem,omitempty"`

	Evidence []jsonEvidence `json:"evidence"`
}

type jsonEvidence struct {
	Kind    string `json:"kind"`
	Value   string `json:"value,omitempty"`
	Where   string `json:"where"`
	Problem string `json:"problem,omitempty"`
}

type jsonLocate struct {
	Format     string          `json:"format"`
	Version    int             `json:"version"`
	Candidates []jsonCandidate `json:"candidates"`
	Reason     string          `json:"reason"`
	Places     []jsonPlace     `json:"places"`
}

func runLocate(ctx context.Context, env environment, o *options) error {
	if err := o.source.check(); err != nil {
		return err
	}
	var res locate.Result
	var reason string
	if o.source.sample {
		u, err := sampleUSMT()
		if err != nil {
			return err
		}
		res, reason = locate.Result{Candidates: []locate.Candidate{u.Candidate}}, u.reason
	} else {
		var err error
		if res, err = locate.Find(ctx, findOptions(env, o.source)); err != nil {
			return err
		}
		_, reason = res.Best()
	}
	if o.json {
		return printJSON(env.stdout, locateDocument(res, reason))
	}
	for i, c := range res.Candidates {
		note := ""
		if i == 0 {
			note = "   <- " + reason
		}
		_, err := printf(env.stdout, "USMT %s (%s)%s\n  in     %s\n  found  %s\n", versionText(c.Version), archText(c.Arches), note, c.Path, c.How)
		if c.Problem != "" {
			_, perr := printf(env.stdout, "  but    %s\n", c.Problem)
			err = errors.Join(err, perr)
		}
		if err != nil {
			return err
		}
		if o.verbose {
			printEvidence(env.stdout, c.Evidence)
		}
	}
	if o.verbose {
		say(env.stdout, "%s\n", "looked at:")
		printPlaces(env.stdout, res.Places)
	}
	return nil
}

// printEvidence prints what tells which kit a candidate came from.
func printEvidence(w io.Writer, list []locate.Evidence) {
	for _, e := range list {
		says := e.Value
		if e.Problem != "" {
			says = e.Problem
		}
		say(w, "  says   %s (%s: %s)\n", says, e.Kind, e.Where)
	}
}

func locateDocument(res locate.Result, reason string) jsonLocate {
	d := jsonLocate{Format: "usmtpkg locate", Version: 1, Candidates: []jsonCandidate{}, Reason: reason, Places: placeDocuments(res.Places)}
	for _, c := range res.Candidates {
		doc := jsonCandidate{Path: c.Path, Arches: c.Arches, How: c.How, Problem: c.Problem, Evidence: []jsonEvidence{}}
		for _, e := range c.Evidence {
			doc.Evidence = append(doc.Evidence, jsonEvidence(e))
		}
		if !c.Version.IsZero() {
			doc.Version = c.Version.String()
		}
		d.Candidates = append(d.Candidates, doc)
	}
	return d
}
