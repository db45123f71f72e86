package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

func newInventoryCmd(env environment, o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "inventory [DIR|RELEASE]",
		Short: "List the files of a USMT folder, to compare others with",
		Long: `inventory lists what a USMT folder consists of: every file of its arch folders with size and
SHA-256, and of texts also the SHA-256 with LF line ends, because version control changes line
ends. The folder is DIR, a RELEASE of --library or its active one, or the one that --source,
--volume or the search of this machine finds. It has to be free of errors, and if its release is
a known one, it has to match: unless --trust-root says that it was signed again.

Keep the list of a kit you trust in a file (--output), and give it to validate, stage and refresh
with --inventory: a file that is lost or altered in a kit of that release is found then.`,
		Example: `  usmtpkg inventory "C:\Program Files (x86)\Windows Kits\10" --output usmt-inventory.txt
  usmtpkg validate D:\Copy\USMT --inventory usmt-inventory.txt`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := o.inventoryTarget(a); err != nil {
				return err
			}
			return runInventory(cmd.Context(), env, o, output)
		},
	}
	o.libraryFlag(cmd.Flags())
	o.source.flags(cmd.Flags())
	o.policy.trust.flags(cmd.Flags())
	workersFlag(cmd.Flags(), &o.copy.workers, "read")
	cmd.Flags().StringVar(&output, "output", "", "write the list to this new file instead of printing it")
	return cmd
}

// inventoryTarget makes the argument a source: a folder, else a release of the library.
func (o *options) inventoryTarget(a []string) error {
	if len(a) == 0 && (o.library == "" || o.source.given()) {
		return nil
	}
	if o.source.given() {
		return &usageError{msg: "a folder or release and a source flag are given", hint: "give one of them"}
	}
	if len(a) == 1 {
		o.source.path = a[0]
		if _, err := os.Stat(a[0]); err == nil || o.library == "" {
			return nil
		}
	}
	if err := o.needLibrary(); err != nil {
		return err
	}
	lib, err := stage.Open(o.library)
	if err != nil {
		return err
	}
	rel, err := namedRelease(lib, a)
	if err != nil {
		return err
	}
	o.source.path = lib.PackageSource(rel.Name)
	if len(rel.Overlay) > 0 {
		return &usageError{
			msg:  fmt.Sprintf("release %s has an overlay: %s", rel.Name, overlayText(rel.Overlay)),
			hint: "files of your own are no part of USMT: name the kit that it was staged from",
		}
	}
	return nil
}

type jsonInventory struct {
	Format  string              `json:"format"`
	Version int                 `json:"version"`
	Source  jsonOrigin          `json:"source"`
	USMT    string              `json:"usmt_version"`
	Arches  []string            `json:"arches"`
	Notes   []string            `json:"notes"`
	Files   []jsonInventoryFile `json:"files"`
	File    string              `json:"file,omitempty"` // that the list was written to
}

type jsonInventoryFile struct {
	Path      string              `json:"path"`
	Size      int64               `json:"size"`
	Machine   string              `json:"machine,omitempty"`
	Version   string              `json:"file_version,omitempty"`
	Signature inventory.Signature `json:"signature,omitempty"`
	SHA256    string              `json:"sha256"`
	LFSHA256  string              `json:"lf_sha256,omitempty"` // of texts, with LF line ends
}

func runInventory(ctx context.Context, env environment, o *options, output string) (err error) {
	if err := checkHere("--output", output); err != nil {
		return err
	}
	u, err := findUSMT(ctx, env, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	lo := locate.Options{Policy: locate.Policy{Allow: []string{locate.AMD64, locate.ARM64, locate.X86}}, Workers: o.copy.workers}
	if lo.Signatures, err = o.signatures(env); err != nil {
		return err
	}
	if len(o.policy.trust.roots) == 0 {
		lo.Inventory = []*inventory.Table{inventory.Known()}
	}
	rel, rep, err := locate.TakeInventory(ctx, u.fsys, lo)
	if err != nil {
		return &stage.SourceError{Err: err}
	}
	if !o.json { // a list makes what it holds the rule
		printFindings(env.stderr, o, rep.Findings(), finding.SeverityWarning)
	}
	if bad := rep.Err(false); bad != nil {
		return bad
	}
	from := strings.Trim(strconv.Quote(u.Path), `"`) // a note is one line
	rel.Notes = []string{"taken by usmtpkg from " + strings.ReplaceAll(from, `\\`, `\`)}
	table := &inventory.Table{Name: u.Path, Releases: []*inventory.Release{rel}}
	if output != "" {
		if output, err = writeNew(output, "writing the inventory", func(w io.Writer) error { return inventory.Write(w, table) }); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return printJSON(env.stdout, inventoryDocument(u, rel, output))
	case output != "":
		_, err = printf(env.stdout, "written      %s: %s of USMT %s\n", output, countOf(len(rel.Files), "file", "files"), rel.Version)
		return err
	}
	return inventory.Write(env.stdout, table)
}

func inventoryDocument(u usmt, rel *inventory.Release, output string) jsonInventory {
	d := jsonInventory{
		Format: "usmtpkg inventory", Version: 1, Source: jsonOrigin{u.Path, u.How},
		USMT: rel.Version.String(), Arches: rel.Arches, Notes: rel.Notes, Files: []jsonInventoryFile{}, File: output,
	}
	for _, f := range rel.Files {
		doc := jsonInventoryFile{Path: f.Path, Size: f.Size, Machine: f.Machine, Signature: f.Signature, SHA256: f.SHA256, LFSHA256: f.LFSHA256}
		if !f.Version.IsZero() {
			doc.Version = f.Version.String()
		}
		d.Files = append(d.Files, doc)
	}
	return d
}

// tables are the lists to compare with: the site's own first, then those that
// are built in. They are read once, before anything else is done.
func (o *policyOptions) tables() ([]*inventory.Table, error) {
	if o.read != nil {
		return o.read, nil
	}
	if o.inventory != "" {
		t, err := readInventory(o.inventory)
		if err != nil {
			return nil, err
		}
		o.read = append(o.read, t)
	}
	o.read = append(o.read, inventory.Known())
	return o.read, nil
}

// readInventory reads a site's own list. What cannot be read at all is a fault
// of the call, as with the configuration; a wrong line is one of the file.
func readInventory(name string) (*inventory.Table, error) {
	f, err := tree.Open(name, math.MaxInt64) // Parse has the limit
	if err != nil {
		return nil, &usageError{msg: fmt.Sprintf("reading the inventory: %v", err)}
	}
	defer f.Close() //nolint:errcheck // only read
	t, err := inventory.Parse(f, name)
	if err != nil && !is[*inventory.SyntaxError](err) {
		return nil, &usageError{msg: err.Error()}
	}
	return t, err
}

// notChecked names what the checks did not look at, so that nobody takes their
// silence for a pass.
func notChecked(rep *locate.Report) []string {
	list := []string{}
	if unjudged(rep) {
		list = append(list, "authenticode")
	}
	unknown, unhashed := inventoryGaps(rep)
	switch {
	case len(unknown) > 0:
		list = append(list, "release-inventory")
	case unhashed > 0:
		list = append(list, "release-inventory-hashes")
	}
	if proofCounts(rep)[string(locate.ProofNone)] > 0 {
		list = append(list, contentNotChecked)
	}
	return list
}

// inventoryGaps tells for which arches there was nothing to compare with, and
// how many files were not hashed though their hash is known.
func inventoryGaps(rep *locate.Report) (unknown []string, unhashed int) {
	for _, a := range rep.Arches {
		if a.Compared == nil {
			unknown = append(unknown, a.Arch)
			continue
		}
		unhashed += a.Compared.Unhashed
	}
	return unknown, unhashed
}

// byHash says how much of what is listed was compared by content.
func byHash(rep *locate.Report) string {
	files, hashed := 0, 0
	for _, a := range rep.Arches {
		if a.Compared != nil {
			files, hashed = files+a.Compared.Files, hashed+a.Compared.Hashed
		}
	}
	return fmt.Sprintf(" (%d files by hash, %d by name)", hashed, files-hashed)
}

// inventoryText says what the files were compared with.
func inventoryText(rep *locate.Report) string {
	unknown, unhashed := inventoryGaps(rep)
	if len(unknown) == len(rep.Arches) {
		return "no inventory known"
	}
	text := "compared with its inventory" + byHash(rep)
	if len(unknown) > 0 {
		text += ", but not " + archText(unknown)
	}
	if unhashed > 0 {
		text += fmt.Sprintf(", %s by name only", countOf(unhashed, "file", "files"))
	}
	return text
}

// A jsonCompared is what an arch was compared with, and how much it has beside that.
type jsonCompared struct {
	stage.Compared
	Extra      int   `json:"extra"`       // files that are neither in the inventory nor of an overlay
	ExtraBytes int64 `json:"extra_bytes"` // their content
}

// comparedDocuments reports for each arch what it was compared with.
func comparedDocuments(rep *locate.Report) []jsonCompared {
	list := []jsonCompared{}
	for _, a := range rep.Arches {
		if c := a.Compared; c != nil {
			list = append(list, jsonCompared{
				Compared: stage.Compared{Arch: a.Arch, Inventory: c.Table, Files: c.Files, Hashed: c.Hashed, Unhashed: c.Unhashed},
				Extra:    c.Extra, ExtraBytes: c.ExtraBytes,
			})
		}
	}
	return list
}

// compared is the same for the record of a release.
func compared(rep *locate.Report) []stage.Compared {
	list := []stage.Compared{}
	for _, c := range comparedDocuments(rep) {
		list = append(list, c.Compared)
	}
	return list
}

// extraText counts the files beside the inventory; empty if there are none.
func extraText(rep *locate.Report) string {
	files, bytes := 0, int64(0)
	for _, c := range comparedDocuments(rep) {
		files, bytes = files+c.Extra, bytes+c.ExtraBytes
	}
	if files == 0 {
		return ""
	}
	return fmt.Sprintf(", %s (%s)", countOf(files, "extra file", "extra files"), size(bytes))
}
