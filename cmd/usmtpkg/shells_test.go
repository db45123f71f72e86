package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"usmtpkg/testdata/doccheck"
)

// What shows what real shells offer after a line that is not finished.
var shells = map[string]struct {
	script string // for the shell; $1 is the script of usmtpkg completion, $2 the line
	needs  string
	file   string // is there if that is
}{
	"bash": {needs: "install bash-completion", file: "/usr/share/bash-completion/bash_completion", script: `
		. /usr/share/bash-completion/bash_completion
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		read -ra COMP_WORDS <<<"$2"
		case $2 in *' ') COMP_WORDS+=('') ;; esac
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9
		__start_usmtpkg
		printf '%s\n' "${COMPREPLY[@]}"`},
	"fish": {needs: "install fish", script: `
		source $argv[1]
		complete --do-complete $argv[2]`},
	// Zsh completes at a terminal alone.
	"zsh": {needs: "install zsh", script: `
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PS1= ; autoload -Uz compinit && compinit -u -D; . $1; compdef _usmtpkg usmtpkg; zstyle ':completion:*' list-prompt ''; LISTMAX=1000; print -r READY"
		zpty -r z out '*READY*READY*'
		zpty -w -n z "$2"$'\t\t'
		sleep 1
		zpty -w -n z $'\x15'"print -r DONE"$'\n'
		zpty -r z out '*DONE*DONE*'
		print -r -- "$out"`},
}

// The completion scripts work in the shells that they are for.
func TestShells(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the shells are those of Linux")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "usmtpkg")); err != nil { // testscript: a program under this name is usmtpkg
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("HOME", dir)
	engine := os.Getenv("USMTPKG_PWSH") // for usmtpkg no variable that it knows
	t.Setenv("USMTPKG_PWSH", "")
	library := filepath.Join(dir, "lib")
	if out, err := exec.CommandContext(t.Context(), "usmtpkg", "stage", "--sample", "--quiet", "--library", library).CombinedOutput(); err != nil {
		t.Fatalf("usmtpkg stage: %v\n%s", err, out)
	}
	lines := map[string][]string{
		"usmtpkg re":              {"refresh", "recover"},
		"usmtpkg stage --verify ": {"reread", "uncached", "stream"},
		"usmtpkg activate --library " + library + " 10.": {"10.0.65000.1-"},
	}
	t.Run("powershell", func(t *testing.T) { testPowerShell(t, engine, lines) })
	for shell, s := range shells {
		t.Run(shell, func(t *testing.T) {
			if !doccheck.Has(t, shell, s.needs, s.file) {
				return
			}
			script, err := exec.CommandContext(t.Context(), "usmtpkg", "completion", shell).Output()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "completion")
			if err := os.WriteFile(file, script, 0o666); err != nil {
				t.Fatal(err)
			}
			for line, want := range lines {
				args := []string{"-c", s.script, shell, file, line}
				if shell == "fish" {
					args = []string{"-c", s.script, file, line}
				}
				offers(t, exec.CommandContext(t.Context(), shell, args...), line, want)
			}
		})
	}
}

// offers checks what a shell prints that it offers after a line.
func offers(t *testing.T, shell *exec.Cmd, line string, want []string) {
	t.Helper()
	out, err := shell.CombinedOutput()
	for _, w := range want {
		if err != nil || !strings.Contains(strings.TrimPrefix(string(out), line), w) {
			t.Errorf("%s offers after %q: %v\n%q\nwant %s among it", filepath.Base(shell.Path), line, err, out, w)
		}
	}
}

// testPowerShell asks a PowerShell, which $USMTPKG_PWSH names.
func testPowerShell(t *testing.T, engine string, lines map[string][]string) {
	t.Helper()
	if !filepath.IsAbs(engine) {
		t.Skip("NOT TESTED: USMTPKG_PWSH names no PowerShell")
	}
	for line, want := range lines {
		// Without a terminal the module with the keys of the command line is not loaded.
		const ask = `function Get-PSReadLineKeyHandler { [pscustomobject]@{Key = 'Tab'; Function = 'TabCompleteNext'} }
			usmtpkg completion powershell | Out-String | Invoke-Expression
			$line = $env:LINE; (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText`
		cmd := exec.CommandContext(t.Context(), engine, "-NoProfile", "-NonInteractive", "-Command", ask)
		cmd.Env = append(os.Environ(), "LINE="+line)
		offers(t, cmd, line, want)
	}
}
