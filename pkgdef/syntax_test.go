package pkgdef

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checker is the folder of the syntax check; `npm ci --ignore-scripts` fills it.
const checker = "../testdata/powershell"

// syntax runs the syntax check on a script and returns what it says.
func syntax(t *testing.T, script string) (output string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script.ps1")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "--liftoff-only", "check.mjs", file)
	node.Dir = checker
	out, err := node.CombinedOutput()
	if err != nil && node.ProcessState.ExitCode() != 1 {
		t.Fatalf("check.mjs: %v\n%s", err, out)
	}
	return string(out), err == nil
}

// needNode skips the test where the syntax check is not installed, and fails it
// where it has to be: on a build server.
func needNode(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "node is not installed"
	} else if _, err := os.Stat(filepath.Join(checker, "node_modules", "web-tree-sitter")); err != nil {
		missing = "`npm ci --ignore-scripts` was not run in testdata/powershell"
	}
	if missing == "" {
		return
	}
	if os.Getenv("CI") == "true" || os.Getenv("USMTPKG_REQUIRE_NODE") == "1" {
		t.Fatalf("the emitted PowerShell cannot be checked: %s", missing)
	}
	t.Skipf("THE EMITTED POWERSHELL WAS NOT CHECKED: %s", missing)
}

func TestPowerShellSyntax(t *testing.T) {
	needNode(t)
	one := sample(t)
	one.Arches = []string{"amd64"}
	kit := sample(t)
	kit.Sample = true
	for kind, d := range map[string]Definition{"defaults": sample(t), "odd values": odd(t), "one arch": one, "sample kit": kit} {
		for _, name := range d.Scripts() {
			t.Run(kind+" "+name, func(t *testing.T) {
				if out, ok := syntax(t, scriptOf(t, name, d)); !ok {
					t.Errorf("the script is not PowerShell:\n%s", out)
				}
			})
		}
	}
}

// The check is worth something only if it refuses what is broken.
func TestPowerShellSyntaxRefuses(t *testing.T) {
	needNode(t)
	tests := []struct{ name, old, new string }{
		{"brace missing", "function Connect-Site {", "function Connect-Site"},
		{"closing brace missing", "} finally {", "finally {"},
		{"parenthesis missing", "foreach ($architecture in $Architectures) {", "foreach ($architecture in $Architectures {"},
		{"string not closed", "$Language = 'English'", "$Language = 'English"},
		{"operand missing", `.Name + ':\'`, ".Name +"},
		{"quotation mark not doubled", "$PackageName = 'User State Migration Tool'", "$PackageName = 'User's State Migration Tool'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script := scriptOf(t, PublishScript, sample(t))
			broken := strings.Replace(script, tt.old, tt.new, 1)
			if broken == script {
				t.Fatalf("the script does not hold %q", tt.old)
			}
			out, ok := syntax(t, broken)
			if ok {
				t.Errorf("the broken script was accepted")
			}
			if !regexp.MustCompile(`script\.ps1:\d+:\d+: `).MatchString(out) {
				t.Errorf("the check says %q, want a line and a column", out)
			}
		})
	}
}

// Windows PowerShell 5.1 is what most consoles have: what only PowerShell 7 has is refused.
func TestPowerShellSyntaxRefusesNewer(t *testing.T) {
	needNode(t)
	for _, newer := range []string{
		"$a = $b ?? 1", "$a ??= 1", "$a = ${b}?.c", "$a = ${b}?[0]", "$a = $b ? 1 : 2", "$a = ($b) ? 1 : 2", "Get-Item a && Get-Item b",
		"Get-Item a || Get-Item b", "1..3 | ForEach-Object -Parallel { $_ }", "if ($IsWindows) { 1 }", "$a = '{}' | ConvertFrom-Json -AsHashtable",
		"Get-Error", "$a = \"`u{1F600}\"", "$a = \"``a`e[0m\"", "function Get-A { process { 1 } clean { 2 } }", "$a = [System.IO.Path]::GetRelativePath('a', 'b')",
		"[System.IO.File]::Move('a', 'b', $true)", "Get-Item a &",
	} {
		if out, ok := syntax(t, newer+"\r\n"); ok {
			t.Errorf("%s was accepted", newer)
		} else if !strings.Contains(out, "script.ps1:1:") {
			t.Errorf("%s: the check says %q, want line 1", newer, out)
		}
	}
	for _, old := range []string{"$a = \"``e ``u{\"", "$isWindowsPath = $true", "$a = [System.IO.Path]::Combine('a', 'b')", "[System.IO.File]::Move('a', 'b')"} {
		if out, ok := syntax(t, old+"\r\n"); !ok {
			t.Errorf("%s was refused: %s", old, out)
		}
	}
}

// The scenarios and the mock site run under Windows PowerShell too.
func TestSiteSyntax(t *testing.T) {
	needNode(t)
	var files []string
	for _, pattern := range []string{"*.ps1", "*.psm1", "*.psd1", "scenarios/*.ps1"} {
		found, err := filepath.Glob(filepath.Join(checker, "site", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if out, ok := syntax(t, string(text)); !ok || !isASCII(string(text)) {
			t.Errorf("%s: %sASCII: %t", file, out, isASCII(string(text)))
		}
	}
}
