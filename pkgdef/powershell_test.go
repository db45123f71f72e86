package pkgdef

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// printable is the range of characters that ConfigMgr's texts may have.
var printable = &unicode.RangeTable{R16: []unicode.Range16{{Lo: ' ', Hi: '~', Stride: 1}}, LatinOffset: 1}

func scriptOf(t *testing.T, d Definition) string {
	t.Helper()
	var b bytes.Buffer
	if err := WritePowerShell(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWritePowerShellGolden(t *testing.T) {
	golden(t, "Publish-UsmtPackage.ps1", []byte(scriptOf(t, sample(t))))
}

func TestWritePowerShellForm(t *testing.T) {
	ascii := sample(t)
	other := sample(t)
	other.PackagePath = `\\srv\Größe\data`
	for _, script := range []string{scriptOf(t, ascii), scriptOf(t, other)} {
		if strings.Count(script, "\n") != strings.Count(script, "\r\n") || strings.Count(script, "\r") != strings.Count(script, "\r\n") {
			t.Error("a line does not end in CRLF")
		}
		if hasBOM := strings.HasPrefix(script, bom); hasBOM == isASCII(script) || strings.Count(script, bom) > 1 {
			t.Errorf("byte order mark: %t, want one at the begin exactly if the script is not ASCII", hasBOM)
		}
		if strings.Contains(script, "{{") || strings.Contains(script, "<no value>") {
			t.Error("a template action is left in the script")
		}
	}
	if !isASCII(scriptOf(t, ascii)) {
		t.Error("the script is not ASCII, though all values are")
	}
	for _, want := range []string{ascii.Release, ascii.Digest, ascii.USMTVersion} {
		if header, _, _ := strings.Cut(scriptOf(t, ascii), "#>"); !strings.Contains(header, want) {
			t.Errorf("the header does not name %s", want)
		}
	}
}

// What goes into the script goes through psQuote, but for the three values in the
// header, whose characters Validate restricts.
func TestTemplatesQuote(t *testing.T) {
	harmless := []string{`{{.Release}}`, `{{.Digest}}`, `{{.USMTVersion}}`}
	actions := regexp.MustCompile(`\{\{[^}]*\}\}`)
	quoted := regexp.MustCompile(`^\{\{(quote \.?\$?\w+|range .*|if \$i|end|template "functions\.ps1\.tmpl")\}\}$`)
	names, err := fs.Glob(templates, "*")
	if err != nil || len(names) != 2 {
		t.Fatalf("templates: %q, %v, want two", names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(templates, name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(data, '\r') || !isASCII(string(data)) {
			t.Errorf("%s is not ASCII with LF", name)
		}
		for _, action := range actions.FindAllString(string(data), -1) {
			if !quoted.MatchString(action) && !slices.Contains(harmless, action) {
				t.Errorf("%s: %s does not go through psQuote", name, action)
			}
		}
	}
}

// verbatim reads the single-quoted string at the begin of s by the grammar of the
// PowerShell language: it ends at the first quotation mark that no second one
// follows, and any of the five marks is one.
func verbatim(s string) (value, rest string, ok bool) {
	isMark := func(r rune) bool { return slices.Contains([]rune("'\u2018\u2019\u201a\u201b"), r) }
	runes := []rune(s)
	if len(runes) == 0 || !isMark(runes[0]) {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(runes); i++ {
		if isMark(runes[i]) {
			if i+1 == len(runes) || !isMark(runes[i+1]) {
				return b.String(), string(runes[i+1:]), true
			}
			i++
		}
		b.WriteRune(runes[i])
	}
	return "", s, false
}

func TestVerbatim(t *testing.T) {
	tests := []struct {
		text, value, rest string
		ok                bool
	}{
		{`'a' b`, "a", " b", true},
		{`''`, "", "", true},
		{`'it''s'`, "it's", "", true},
		{"'it\u2019s'", "it", "s'", true},
		{"\u2018a\u201b,", "a", ",", true},
		{`'a`, "", `'a`, false},
		{`'a''`, "", `'a''`, false},
		{`"a"`, "", `"a"`, false},
	}
	for _, tt := range tests {
		value, rest, ok := verbatim(tt.text)
		if value != tt.value || rest != tt.rest || ok != tt.ok {
			t.Errorf("verbatim(%q) = %q, %q, %t, want %q, %q, %t", tt.text, value, rest, ok, tt.value, tt.rest, tt.ok)
		}
	}
}

// The literal is one token, whatever follows it, and its value is the text.
func TestPSQuote(t *testing.T) {
	marks := rapid.StringOf(rapid.SampledFrom([]rune("'\u2018\u2019\u201a\u201b\"\u201c\u201d`$(){};#\\\r\n\x00ab ")))
	texts := rapid.OneOf(marks, rapid.String())
	tails := rapid.SampledFrom([]string{"", " ", "\r\n", ", 'b'", ")", ";", "\r\n$x = 'y'"})
	rapid.Check(t, func(t *rapid.T) {
		text, tail := texts.Draw(t, "text"), tails.Draw(t, "tail")
		value, rest, ok := verbatim(psQuote(text) + tail)
		if !ok || value != text || rest != tail {
			t.Fatalf("psQuote(%q) = %q reads as %q, rest %q, %t", text, psQuote(text), value, rest, ok)
		}
	})
}

// Every value of the definition is assigned in one literal.
func TestPowerShellValues(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := sample(t)
		name := rapid.StringOfN(rapid.RuneFrom(nil, printable), 1, MaxName-2, -1).Draw(rt, "name")
		d.Name = "a" + name + "b"
		folder := rapid.StringOfN(rapid.RuneFrom([]rune("'\u2018\u2019\u201a\u201b$();&#\u00e4 ")), 1, 50, -1).Draw(rt, "folder")
		d.PackagePath = `\\srv\share\a` + folder + `b`
		var b bytes.Buffer
		if err := WritePowerShell(&b, d); err != nil {
			rt.Fatal(err)
		}
		for variable, want := range map[string]string{
			"Release": d.Release, "SourcePath": d.PackagePath, "PackageName": d.Name, "Manufacturer": d.Manufacturer,
			"PackageVersion": d.Version, "Language": d.Language, "Description": d.Comment,
		} {
			_, after, _ := strings.Cut(b.String(), "\r\n$"+variable+" = ")
			if got, rest, ok := verbatim(after); !ok || got != want || !strings.HasPrefix(rest, "\r\n") {
				rt.Fatalf("$%s reads as %q, want %q", variable, got, want)
			}
		}
	})
}

// The cmdlets and parameters that the script may use, as documented in the
// ConfigurationManager module's reference; true for those that change something.
// Source: https://learn.microsoft.com/powershell/module/configurationmanager
var cmdlets = map[string]struct {
	changes    bool
	parameters []string
}{
	"Get-CMPackage":                {false, []string{"Id", "Name", "Fast", "DisableWildcardHandling"}},
	"Get-CMDistributionPointGroup": {false, []string{"Name", "DisableWildcardHandling"}},
	"Invoke-CMWmiQuery":            {false, []string{"Query", "Option", "WhatIf", "Confirm"}},
	"New-CMPackage":                {true, []string{"Name", "Manufacturer", "Version", "Language", "Path", "Description", "DisableWildcardHandling", "Confirm"}},
	"Set-CMPackage":                {true, []string{"Id", "Path", "Version", "Description", "DisableWildcardHandling", "Confirm"}},
	"Start-CMContentDistribution":  {true, []string{"PackageId", "DistributionPointName", "DistributionPointGroupName", "DisableWildcardHandling", "Confirm"}},
	"Update-CMDistributionPoint":   {true, []string{"PackageId", "DisableWildcardHandling", "Confirm"}},
}

func TestPowerShellCmdlets(t *testing.T) {
	call := regexp.MustCompile(`\w+-CM\w+`)
	parameter := regexp.MustCompile(` -([A-Z]\w*)`)
	used := map[string]bool{}
	_, code, _ := strings.Cut(scriptOf(t, sample(t)), "#>")
	for line := range strings.SplitSeq(code, "\r\n") {
		at := call.FindStringIndex(line)
		if at == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		name := line[at[0]:at[1]]
		arguments, _, _ := strings.Cut(line[at[1]:], "|")
		cmdlet, known := cmdlets[name]
		if !known {
			t.Errorf("%s is not in the list of cmdlets", name)
		}
		used[name] = true
		for _, m := range parameter.FindAllStringSubmatch(arguments, -1) {
			if !slices.Contains(cmdlet.parameters, m[1]) {
				t.Errorf("%s has no parameter -%s", name, m[1])
			}
		}
		// ShouldProcess has asked already.
		if cmdlet.changes && !strings.Contains(arguments, "-Confirm:$false") {
			t.Errorf("%s would ask a second time: %s", name, line)
		}
	}
	if len(used) != len(cmdlets) {
		t.Errorf("the script uses %d of %d cmdlets", len(used), len(cmdlets))
	}
}
