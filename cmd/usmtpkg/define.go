package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

// packageFlags say what the package definition is to have.
type packageFlags struct {
	name         string
	manufacturer string
	language     string
	comment      string
	version      string
	program      pkgdef.Program
	path         string
}

func (o *packageFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.path, "package-path", "", "`PATH` the library as the site server sees it: \\\\server\\share\\folder (default: its local path)")
	f.StringVar(&o.name, "name", "", "`TEXT` package name (default "+quoted(pkgdef.DefaultName)+")")
	f.StringVar(&o.manufacturer, "manufacturer", "", "`TEXT` package manufacturer (default "+quoted(pkgdef.DefaultManufacturer)+")")
	f.StringVar(&o.language, "language", "", "`TEXT` package language (default "+quoted(pkgdef.DefaultLanguage)+")")
	f.StringVar(&o.comment, "comment", "", "`TEXT` package comment (default: version, arches and release)")
	f.StringVar(&o.version, "package-version", "", "`TEXT` package version (default: the version of USMT)")
	o.program = pkgdef.ProgramPlaceholder
	f.Var(&word[pkgdef.Program]{&o.program, []pkgdef.Program{pkgdef.ProgramPlaceholder, pkgdef.ProgramNone}, "word"}, "program",
		"`placeholder|none` the program in USMT.sms; none is not proven to import")
	heading(f, "Package definition")
}

func quoted(s string) string { return `"` + s + `"` }

type defineOptions struct {
	library libraryFlags
	define  packageFlags
	dryRun  bool
}

// The files of a package definition, beside the scripts.
const (
	smsFile  = "USMT.sms"
	jsonFile = "package.json"
)

func newDefineCmd(p *program) *cobra.Command {
	var o defineOptions
	cmd := &cobra.Command{
		Use:   "define [RELEASE]",
		Short: "Write the package definition of a release again, with other settings",
		Long: `define writes the package definition of RELEASE, or of the active release. The release itself is not
changed. The files, for where the ConfigMgr console is installed:

  Publish-UsmtPackage.ps1          points the package and task sequence steps at the release
  Undo-UsmtPackage.ps1             undoes that, by its rollback record
  New-UsmtTaskSequence.ps1         makes a task sequence with the user state steps
  Install-StateMigrationPoint.ps1  installs the role; only if stateMigrationPoint.server is set
  USMT.sms, package.json           for the console's wizard, and for other programs

The sections of usmtpkg.yaml say what the scripts do at the site; usmtpkg init writes an example.
Settings that contradict the release or one another are findings: errors (exit status 4) keep the
definition from being written. The scripts are tested against a mock site with the cmdlets of
Microsoft's reference, and have never run against a live one.`,
		Example: `  usmtpkg define --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg define 10.0.26100.1-3f9a1c2b7d04 --library /srv/usmt --name "USMT 24H2"`,
		Args: atMostOne,
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.define(ctx, o, args) }),
	}
	o.library.add(cmd.Flags())
	o.define.add(cmd.Flags())
	dryRunFlag(cmd.Flags(), &o.dryRun)
	return cmd
}

func (p *program) define(ctx context.Context, o defineOptions, args []string) (report.Document, error) {
	if err := o.library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := namedRelease(lib, args)
	if err != nil {
		return nil, err
	}
	files, def, err := p.definer(o.library, o.define).files(rel)
	if err != nil {
		return nil, err
	}
	findings, err := p.lintRelease(lib, rel)
	if err != nil {
		return nil, err
	}
	doc := &report.Define{Head: report.NewHead("define"), DryRun: o.dryRun, Release: rel.Name, Definition: definitionDocument(lib, def, files)}
	doc.Definition.Findings = report.Findings(findings)
	if o.dryRun {
		if err := stage.CheckWritable("opening the library", lib.Dir()); err != nil {
			return nil, err
		}
		doc.Definition.Written, err = wouldDefine(lib, rel.Name, files)
	} else {
		err = p.withWriter(ctx, o.library, p.writerOptions(), func(w *stage.Writer) (err error) {
			doc.Definition.Written, err = w.Define(ctx, rel.Name, files)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// wouldDefine lists the files of a definition that would be written, and finds what
// would keep them from it.
func wouldDefine(lib *stage.Library, release string, files map[string][]byte) ([]string, error) {
	names, err := lib.StaleDefinition(release, files)
	if err == nil && len(names) > 0 {
		err = stage.CheckWritable("writing the package definition of "+release, lib.DefinitionDir(release))
	}
	return names, err
}

// A definer makes package definitions by the settings.
type definer struct {
	library string
	define  packageFlags
	site    siteSettings
}

func (p *program) definer(library libraryFlags, define packageFlags) definer {
	return definer{library.dir, define, p.site}
}

// files makes the files of a release's package definition.
func (d definer) files(rel stage.Release) (map[string][]byte, pkgdef.Definition, error) {
	path, err := sourcePath(d.library, d.define.path, rel.Name)
	if err != nil {
		return nil, pkgdef.Definition{}, err
	}
	def := pkgdef.Defaults(pkgdef.Definition{
		Name: d.define.name, Manufacturer: d.define.manufacturer, Version: d.define.version, Language: d.define.language,
		Comment: d.define.comment, Program: d.define.program,
		Release: rel.Name, Digest: rel.Digest, USMTVersion: rel.USMTVersion, Arches: rel.Arches, Sample: rel.Sample, ContentHash: contentHash(rel),
		PackagePath: path, Settings: d.site.Settings,
	})
	if err := def.Validate(); err != nil {
		return nil, def, err
	}
	files, err := emit(def)
	return files, def, err
}

// refreshed is the definition that refresh leaves for a release: by the
// settings, but one that is there already stays if there are none, since
// someone may have chosen its settings with define.
func (d definer) refreshed(lib *stage.Library, rel stage.Release) (map[string][]byte, pkgdef.Definition, error) {
	if d.define == (packageFlags{program: pkgdef.ProgramPlaceholder}) && !d.site.given {
		if def, ok := defined(lib, rel); ok {
			def.ContentHash = contentHash(rel) // which an older usmtpkg did not know
			files, err := emit(def)
			return files, def, err
		}
	}
	return d.files(rel)
}

// contentHash is the predicted content hash of a release; empty if none could be predicted.
func contentHash(rel stage.Release) string {
	if rel.ContentHash == nil {
		return ""
	}
	return rel.ContentHash.Value
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

// defined reads the definition of a release that is there already.
func defined(lib *stage.Library, rel stage.Release) (pkgdef.Definition, bool) {
	b, err := lib.ReadDefinition(rel.Name, jsonFile, pkgdef.MaxJSON)
	if err != nil {
		return pkgdef.Definition{}, false
	}
	d, err := pkgdef.ParseJSON(bytes.NewReader(b))
	return d, err == nil && d.Release == rel.Name && d.Digest == rel.Digest
}

// sourcePath is the package source path of a release: below packagePath, which --package-path gives,
// else where it is on this machine.
func sourcePath(library, packagePath, release string) (string, error) {
	if packagePath == "" {
		path := localPackagePath(library, release)
		return path, pkgdef.CheckPath(path, filepath.Dir(filepath.Dir(path))) // as the library is named
	}
	return pkgdef.SourcePath(packagePath, release)
}

// localPackagePath is where a release's package source is on this machine.
func localPackagePath(library, release string) string {
	return filepath.Join(plainPath(absolute(library)), release, "data")
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

func definitionDocument(lib *stage.Library, d pkgdef.Definition, files map[string][]byte) report.Definition {
	doc := report.Definition{
		Dir: lib.DefinitionDir(d.Release), PackageSource: d.PackagePath,
		Files: slices.Sorted(maps.Keys(files)), Written: []string{}, Notes: d.Notes(),
	}
	const script = pkgdef.StateMigrationPointScript
	if _, err := os.Lstat(filepath.Join(doc.Dir, script)); err == nil && files[script] == nil {
		doc.Notes = append(doc.Notes, script+" is there from other settings and is not part of this definition: delete it")
	}
	return doc
}
