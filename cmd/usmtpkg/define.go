package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

type defineOptions struct {
	name         string
	manufacturer string
	language     string
	comment      string
	version      string
	program      pkgdef.Program
	path         string
}

func (o *defineOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.name, "name", "", "package name (default "+quoted(pkgdef.DefaultName)+")")
	f.StringVar(&o.manufacturer, "manufacturer", "", "package manufacturer (default "+quoted(pkgdef.DefaultManufacturer)+")")
	f.StringVar(&o.language, "language", "", "package language (default "+quoted(pkgdef.DefaultLanguage)+")")
	f.StringVar(&o.comment, "comment", "", "package comment (default: version, arches and release)")
	f.StringVar(&o.version, "package-version", "", "package version (default: the version of USMT)")
	o.program = pkgdef.ProgramPlaceholder
	f.Var(&word[pkgdef.Program]{&o.program, []pkgdef.Program{pkgdef.ProgramPlaceholder, pkgdef.ProgramNone}, "word"}, "program", "program in USMT.sms: placeholder, or none (not proven to import)")
	o.pathFlag(f)
}

func (o *defineOptions) pathFlag(f *pflag.FlagSet) {
	f.StringVar(&o.path, "package-path", "", `the library as the site server sees it: \\server\share\folder (default: its local path)`)
}

func quoted(s string) string { return `"` + s + `"` }

// The files of a package definition, beside the scripts.
const (
	smsFile  = "USMT.sms"
	jsonFile = "package.json"
)

func newDefineCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "define [RELEASE]",
		Short: "Write the package definition of a release again, with other settings",
		Long: `define writes the package definition of RELEASE, or of the active release. The release
itself is not touched. The files, for where the ConfigMgr console is installed:

  Publish-UsmtPackage.ps1          points the package and task sequence steps at the release
  Undo-UsmtPackage.ps1             sets back what that changed, by its rollback record
  New-UsmtTaskSequence.ps1         makes a task sequence with the user state steps
  Install-StateMigrationPoint.ps1  installs the role; only if stateMigrationPoint.server is set
  USMT.sms, package.json           for the console's wizard, and for other programs

What the scripts do at the site is set in the sections of usmtpkg.yaml; usmtpkg init writes
an example. Settings that contradict the release or one another are findings: errors (exit
status 4) keep the definition from being written. The scripts are tested against a mock
site with the cmdlets of Microsoft's reference, and have never run against a live one.`,
		Example: `  usmtpkg define --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg define 10.0.26100.1-3f9a1c2b7d04 --library /srv/usmt --name "USMT 24H2"`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, a []string) error { return runDefine(cmd.Context(), env, o, a) },
	}
	o.libraryFlag(cmd.Flags())
	o.dryRunFlag(cmd.Flags())
	o.define.flags(cmd.Flags())
	return cmd
}

type jsonDefinition struct {
	Dir           string        `json:"dir"`
	PackageSource string        `json:"package_source"`
	Files         []string      `json:"files"`
	Written       []string      `json:"written"`
	Notes         []string      `json:"notes,omitempty"`
	Findings      []jsonFinding `json:"findings,omitempty"`
}

type jsonDefine struct {
	Format     string         `json:"format"`
	Version    int            `json:"version"`
	DryRun     bool           `json:"dry_run"`
	Release    string         `json:"release"`
	Definition jsonDefinition `json:"definition"`
}

func runDefine(ctx context.Context, env environment, o *options, a []string) (err error) {
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
	files, def, err := definition(o, rel)
	if err != nil {
		return err
	}
	findings, err := lintRelease(env, o, lib, rel)
	if err != nil {
		return err
	}
	doc := definitionDocument(lib, rel.Name, def, files)
	doc.Findings = findingDocuments(findings)
	if o.dryRun {
		if err := stage.CheckWritable("opening the library", lib.Dir()); err != nil {
			return err
		}
		doc.Written, err = wouldDefine(lib, rel.Name, files)
	} else {
		doc.Written, err = write(ctx, env, o, rel.Name, files)
	}
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(env.stdout, jsonDefine{"usmtpkg define", 1, o.dryRun, rel.Name, doc})
	}
	if o.quiet {
		return printName(env, rel.Name)
	}
	_, err = printf(env.stdout, "%s%s\n", dryRunMark(o), definitionText(o, doc))
	return err
}

func write(ctx context.Context, env environment, o *options, release string, files map[string][]byte) (written []string, err error) {
	w, err := stage.OpenWriter(ctx, o.library, stage.WriterOptions{Protected: protectedFolders(env), Now: env.now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	printNotes(env, o, w)
	return w.Define(ctx, release, files)
}

// wouldDefine tells which files of a definition would be written, and finds what
// would keep them from it.
func wouldDefine(lib *stage.Library, release string, files map[string][]byte) ([]string, error) {
	names, err := lib.StaleDefinition(release, files)
	if err == nil && len(names) > 0 {
		err = stage.CheckWritable("writing the package definition of "+release, lib.DefinitionDir(release))
	}
	return names, err
}

// namedRelease is the release named on the command line, else the active one.
func namedRelease(lib *stage.Library, a []string) (stage.Release, error) {
	name, err := releaseName(lib, a)
	if err != nil {
		return stage.Release{}, err
	}
	rel, err := lib.Release(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = &usageError{msg: err.Error(), hint: "usmtpkg list shows the releases"}
	}
	return rel, err
}

func releaseName(lib *stage.Library, a []string) (string, error) {
	if len(a) == 1 {
		return a[0], nil
	}
	name, err := lib.Current()
	if err == nil && name == "" {
		err = &usageError{msg: "the library has no active release", hint: "name a release; usmtpkg list shows them"}
	}
	return name, err
}

// definition makes the files of a release's package definition by the settings.
func definition(o *options, rel stage.Release) (map[string][]byte, pkgdef.Definition, error) {
	path, err := packagePath(o, rel.Name)
	if err != nil {
		return nil, pkgdef.Definition{}, err
	}
	d := pkgdef.Defaults(pkgdef.Definition{
		Name: o.define.name, Manufacturer: o.define.manufacturer, Version: o.define.version, Language: o.define.language,
		Comment: o.define.comment, Program: o.define.program,
		Release: rel.Name, Digest: rel.Digest, USMTVersion: rel.USMTVersion, Arches: rel.Arches, Sample: rel.Sample, ContentHash: contentHash(rel),
		PackagePath: path, Settings: o.site,
	})
	if err := d.Validate(); err != nil {
		return nil, d, err
	}
	files, err := emit(d)
	return files, d, err
}

// emit writes a definition in all its forms.
func emit(d pkgdef.Definition) (map[string][]byte, error) {
	forms := map[string]func(io.Writer) error{
		smsFile:  func(w io.Writer) error { return pkgdef.WriteSMS(w, d) },
		jsonFile: func(w io.Writer) error { return pkgdef.WriteJSON(w, d) },
	}
	for _, name := range d.Scripts() {
		forms[name] = func(w io.Writer) error { return pkgdef.WriteScript(w, name, d) }
	}
	files := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		var b bytes.Buffer
		if err := forms[name](&b); err != nil {
			return nil, err
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// refreshed is the definition that refresh leaves for a release: by the
// settings, but one that is there already stays if there are none, since
// someone may have chosen its settings with define.
func refreshed(o *options, lib *stage.Library, rel stage.Release) (map[string][]byte, pkgdef.Definition, error) {
	if o.define == (defineOptions{program: pkgdef.ProgramPlaceholder}) && !o.siteGiven {
		if d, ok := defined(lib, rel); ok {
			d.ContentHash = contentHash(rel) // which an older usmtpkg did not know
			files, err := emit(d)
			return files, d, err
		}
	}
	return definition(o, rel)
}

// defined reads the definition of a release that is there already.
func defined(lib *stage.Library, rel stage.Release) (pkgdef.Definition, bool) {
	b, err := lib.ReadDefinition(rel.Name, jsonFile, pkgdef.MaxJSON)
	if err != nil {
		return pkgdef.Definition{}, false
	}
	d, err := pkgdef.ParseJSON(bytes.NewReader(b))
	return d, err == nil && d.Release == rel.Name && d.Digest == rel.Digest
}

// packagePath is the package source path of a release: below --package-path,
// else where it lies on this machine.
func packagePath(o *options, release string) (string, error) {
	if o.define.path == "" {
		path := localPackagePath(o.library, release)
		return path, pkgdef.CheckPath(path, filepath.Dir(filepath.Dir(path))) // as the library is named
	}
	return pkgdef.SourcePath(o.define.path, release)
}

// localPackagePath is where a release's package source lies on this machine.
func localPackagePath(library, release string) string {
	dir, err := filepath.Abs(library)
	if err != nil {
		dir = library
	}
	return filepath.Join(plainPath(dir), release, "data")
}

// plainPath takes the prefix \\?\ off a drive's or share's path: ConfigMgr
// knows paths without it only.
func plainPath(dir string) string {
	if rest, ok := strings.CutPrefix(dir, `\\?\UNC\`); ok {
		return `\\` + rest
	}
	if rest, ok := strings.CutPrefix(dir, `\\?\`); ok && strings.Index(rest, ":") == 1 {
		return rest
	}
	return dir
}

func definitionDocument(lib *stage.Library, release string, d pkgdef.Definition, files map[string][]byte) jsonDefinition {
	doc := jsonDefinition{
		Dir: lib.DefinitionDir(release), PackageSource: d.PackagePath,
		Files: slices.Sorted(maps.Keys(files)), Written: []string{}, Notes: d.Notes(),
	}
	const script = pkgdef.StateMigrationPointScript
	if _, err := os.Lstat(filepath.Join(doc.Dir, script)); err == nil && files[script] == nil {
		doc.Notes = append(doc.Notes, script+" is there from other settings and is no part of this definition: delete it")
	}
	return doc
}

func definitionText(o *options, d jsonDefinition) ourText {
	what := "unchanged"
	if len(d.Written) > 0 {
		what = "written: " + strings.Join(d.Written, ", ")
		if o.dryRun {
			what = "would be " + what
		}
	}
	var b strings.Builder
	say(&b, "definition   %s\n             %s\npackage path %s", d.Dir, what, d.PackageSource)
	for _, n := range d.Notes {
		say(&b, "\n             note: %s", n)
	}
	return ourText(b.String())
}

func dryRunMark(o *options) ourText {
	if o.dryRun {
		return "dry run: nothing was touched; this is what would be done\n"
	}
	return ""
}
