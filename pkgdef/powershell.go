package pkgdef

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
)

// templates has the scripts, each under its name with .tmpl behind it, and the
// parts that they share.
//
//go:embed scripts/*.ps1.tmpl
var templates embed.FS

// bom is the UTF-8 byte order mark.
const bom = "\ufeff"

// The names of the scripts.
const (
	PublishScript             = "Publish-UsmtPackage.ps1"
	UndoScript                = "Undo-UsmtPackage.ps1"
	TaskSequenceScript        = "New-UsmtTaskSequence.ps1"
	StateMigrationPointScript = "Install-StateMigrationPoint.ps1"
)

// Scripts returns the names of the scripts that belong to d, sorted. That of the
// state migration point does only if the settings name a server for one.
func (d Definition) Scripts() []string {
	names := []string{TaskSequenceScript, PublishScript, UndoScript}
	if d.Settings.StateMigrationPoint.Server != "" {
		names = slices.Insert(names, 0, StateMigrationPointScript)
	}
	return names
}

// WriteScript writes one of the scripts of d.
func WriteScript(w io.Writer, name string, d Definition) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Contains(d.Scripts(), name) {
		return fmt.Errorf("%s: the definition has no such script", name)
	}
	words := template.FuncMap{"quote": psQuote, "list": psList, "bool": psBool}
	t, err := template.New(name+".tmpl").Funcs(words).ParseFS(templates, "scripts/*.tmpl")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	script := strings.ReplaceAll(b.String(), "\n", "\r\n")
	if !isASCII(script) {
		script = bom + script
	}
	_, err = io.WriteString(w, script)
	return err
}

// psQuote returns s as a PowerShell string literal in which nothing is expanded.
// PowerShell takes four typographic marks for the single quotation mark as well,
// so those are doubled too.
// Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
func psQuote(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

// psList returns an array of string literals.
func psList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = psQuote(s)
	}
	return "@(" + strings.Join(quoted, ", ") + ")"
}

func psBool(b bool) string {
	if b {
		return "$true"
	}
	return "$false"
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > '~' {
			return false
		}
	}
	return true
}
