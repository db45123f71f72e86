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

func scriptOf(t *testing.T, name string, d Definition) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteScript(&b, name, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// odd is the sample with settings, names and a path full of what PowerShell could misread.
func odd(t *testing.T) Definition {
	t.Helper()
	d := sample(t)
	d.Name, d.Manufacturer, d.Comment = `$(x) '' "y" #> @{`, "`a ${b} @'", "a '; Remove-Item x; '"
	d.PackagePath = "\\\\srv\\Gr\u00f6\u00dfe\\it's a \u2018b\u2019 $(c)\\data"
	d.ContentHash = strings.Repeat("0A", 32)
	d.Settings = oddSettings()
	return d
}

func TestWriteScriptGolden(t *testing.T) {
	for _, name := range sample(t).Scripts() {
		golden(t, name, []byte(scriptOf(t, name, sample(t))))
	}
	for _, name := range odd(t).Scripts() {
		golden(t, "odd-"+name, []byte(scriptOf(t, name, odd(t))))
	}
}

// The script of the state migration point is there if the settings name a server.
func TestScripts(t *testing.T) {
	three := []string{"New-UsmtTaskSequence.ps1", "Publish-UsmtPackage.ps1", "Undo-UsmtPackage.ps1"}
	if got := sample(t).Scripts(); !slices.Equal(got, three) {
		t.Errorf("Scripts = %q, want %q", got, three)
	}
	if got, want := odd(t).Scripts(), append([]string{"Install-StateMigrationPoint.ps1"}, three...); !slices.Equal(got, want) {
		t.Errorf("Scripts = %q, want %q", got, want)
	}
	var b bytes.Buffer
	for _, name := range []string{StateMigrationPointScript, "other.ps1", ""} {
		if err := WriteScript(&b, name, sample(t)); err == nil || b.Len() > 0 {
			t.Errorf("WriteScript(%q) = %v with %d bytes, want an error", name, err, b.Len())
		}
	}
	d := sample(t)
	d.Settings.StateStore.SMPRetryCount = 31
	if err := WriteScript(&b, PublishScript, d); err == nil || b.Len() > 0 {
		t.Errorf("WriteScript of invalid settings = %v with %d bytes, want an error", err, b.Len())
	}
}

func TestWriteScriptForm(t *testing.T) {
	foreign := sample(t)
	foreign.PackagePath = `\\srv\Größe\data`
	for _, d := range []Definition{sample(t), foreign, odd(t)} {
		for _, name := range d.Scripts() {
			script := scriptOf(t, name, d)
			if script != scriptOf(t, name, d) {
				t.Errorf("%s: the same definition gives other bytes", name)
			}
			if strings.Count(script, "\n") != strings.Count(script, "\r\n") || strings.Count(script, "\r") != strings.Count(script, "\r\n") {
				t.Errorf("%s: a line does not end in CRLF", name)
			}
			if hasBOM := strings.HasPrefix(script, bom); hasBOM == isASCII(script) || strings.Count(script, bom) > 1 {
				t.Errorf("%s: byte order mark: %t, want one at the begin exactly if the script is not ASCII", name, hasBOM)
			}
			if strings.Contains(script, "{{") || strings.Contains(script, "<no value>") {
				t.Errorf("%s: a template action is left in the script", name)
			}
			header, _, _ := strings.Cut(script, "#>")
			for _, want := range []string{d.Release, d.Digest, d.USMTVersion} {
				if !strings.Contains(header, want) {
					t.Errorf("the header of %s does not name %s", name, want)
				}
			}
		}
	}
	if !isASCII(scriptOf(t, PublishScript, sample(t))) {
		t.Error("the script is not ASCII, though all values are")
	}
}

// The scripts of a sample kit stop before they look at a site; those of USMT do not know of it.
func TestScriptsOfASampleStop(t *testing.T) {
	const stop = "$ErrorActionPreference = 'Stop'\r\nthrow 'This is the definition of the sample kit of usmtpkg, which is not USMT."
	d := odd(t)
	for _, name := range d.Scripts() {
		d.Sample = false
		if strings.Contains(scriptOf(t, name, d), "sample kit") {
			t.Errorf("%s of USMT speaks of a sample", name)
		}
		d.Sample = true
		if script := scriptOf(t, name, d); strings.Count(script, stop) != 1 {
			t.Errorf("%s of a sample does not stop:\n%s", name, script)
		}
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, d); err != nil || !strings.Contains(b.String(), "\n  \"sample\": true\n") {
		t.Errorf("package.json of a sample does not say so: %v\n%s", err, &b)
	}
	if got, err := ParseJSON(&b); err != nil || !got.Sample {
		t.Errorf("ParseJSON = sample %t, %v, want true", got.Sample, err)
	}
}

// What goes into a script goes through psQuote, or is a number or a truth value, but for
// the three values in the header, whose characters Validate restricts.
func TestTemplatesQuote(t *testing.T) {
	harmless := []string{`{{.Release}}`, `{{.Digest}}`, `{{.USMTVersion}}`}
	actions := regexp.MustCompile(`\{\{[^}]*\}\}`)
	quoted := regexp.MustCompile(`^\{\{-? ?((quote|list|bool) \.[.\w]+|(range|if) \.[.\w]+|end|template "\w+\.ps1\.tmpl")\}\}$`)
	numbers := []string{
		`{{.Settings.Package.TimeoutMinutes}}`, `{{.Settings.StateStore.SMPRetryCount}}`, `{{.Settings.StateStore.SMPRetryTime}}`,
		`{{.Settings.StateMigrationPoint.DeleteAfter}}`, `{{.MaxClients}}`, `{{.MinFreeSpace}}`,
	}
	names, err := fs.Glob(templates, "scripts/*")
	if err != nil || len(names) < 4 {
		t.Fatalf("templates: %q, %v, want the scripts and their parts", names, err)
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
			if !quoted.MatchString(action) && !slices.Contains(append(numbers, harmless...), action) {
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

// Every value of the definition is assigned in one literal, and so is every setting.
func TestPowerShellValues(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := odd(t)
		name := rapid.StringOfN(rapid.RuneFrom(nil, printable), 1, MaxName-2, -1).Draw(rt, "name")
		d.Name = "a" + name + "b"
		folder := rapid.StringOfN(rapid.RuneFrom([]rune("'\u2018\u2019\u201a\u201b$();&#\u00e4 ")), 1, 50, -1).Draw(rt, "folder")
		d.PackagePath = `\\srv\share\a` + folder + `b`
		group := "a" + rapid.StringOfN(rapid.RuneFrom([]rune("'\u2018\u2019\u201a\u201b\"`$(){};,@#\u00e4 ")), 1, 50, -1).Draw(rt, "group") + "b"
		d.Settings.Package.DistributionPointGroups = []string{group, "last"}
		var b bytes.Buffer
		if err := WriteScript(&b, PublishScript, d); err != nil {
			rt.Fatal(err)
		}
		for variable, want := range map[string]string{
			"Release": d.Release, "SourcePath": d.PackagePath, "PackageName": d.Name, "Manufacturer": d.Manufacturer,
			"PackageVersion": d.Version, "Language": d.Language, "Description": d.Comment, "PredictedContentHash": d.ContentHash,
		} {
			_, after, _ := strings.Cut(b.String(), "\r\n[string] $"+variable+" = ")
			if got, rest, ok := verbatim(after); !ok || got != want || !strings.HasPrefix(rest, "\r\n") {
				rt.Fatalf("$%s reads as %q, want %q", variable, got, want)
			}
		}
		_, after, _ := strings.Cut(b.String(), "\r\n[string[]] $SettingsGroups = @(")
		got, rest, ok := verbatim(after)
		if !ok || got != group || !strings.HasPrefix(rest, ", 'last')\r\n") {
			rt.Fatalf("$SettingsGroups reads as %q, want %q", got, group)
		}
	})
}

// PowerShell gives -and and -or the same rank: a line that has both says by parentheses what it means.
func TestScriptsSayWhichConditionBinds(t *testing.T) {
	files, err := fs.Glob(templates, "scripts/*.tmpl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(templates, name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if mixes(line) {
				t.Errorf("%s:%d mixes -and and -or on one level: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	}
	if !mixes("if ($a -or -not $b -and ($c -or $d)) {") || mixes("if ($a -and ($b -or ($c -and $d))) {") {
		t.Error("mixes does not tell which lines do")
	}
}

// mixes tells a line with -and and -or within the same pair of parentheses.
func mixes(line string) bool {
	seen := []map[string]bool{{}}
	for _, word := range strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(line)) {
		top := len(seen) - 1
		switch word {
		case "(":
			seen = append(seen, map[string]bool{})
		case ")":
			seen = seen[:max(top, 1)]
		case "-and", "-or":
			if seen[top][word] = true; len(seen[top]) > 1 {
				return true
			}
		}
	}
	return false
}
