package pkgdef

import (
	"embed"
	"fmt"
	"io"
	"strings"
	"text/template"
)

// templates holds the script: functions.ps1.tmpl goes into publish.ps1.tmpl.
//
//go:embed publish.ps1.tmpl functions.ps1.tmpl
var templates embed.FS

// bom is the UTF-8 byte order mark.
const bom = "\ufeff"

// WritePowerShell writes Publish-UsmtPackage.ps1 for d.
func WritePowerShell(w io.Writer, d Definition) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("PowerShell script: %w", err)
	}
	t, err := template.New("publish.ps1.tmpl").Funcs(template.FuncMap{"quote": psQuote}).ParseFS(templates, "*.tmpl")
	if err != nil {
		return fmt.Errorf("PowerShell script: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return fmt.Errorf("PowerShell script: %w", err)
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > '~' {
			return false
		}
	}
	return true
}
