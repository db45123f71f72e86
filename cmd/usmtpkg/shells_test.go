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
	library := filepath.Join(dir, "lib")
	if out, err := exec.CommandContext(t.Context(), "usmtpkg", "stage", "--sample", "--quiet", "--library", library).CombinedOutput(); err != nil {
		t.Fatalf("usmtpkg stage: %v\n%s", err, out)
	}
	lines := map[string][]string{
		"usmtpkg re":              {"refresh", "recover"},
		"usmtpkg stage --verify ": {"reread", "uncached", "stream"},
		"usmtpkg activate --library " + library + " 10.": {"10.0.65000.1-"},
	}
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
				out, err := exec.CommandContext(t.Context(), shell, args...).CombinedOutput()
				for _, w := range want {
					if err != nil || !strings.Contains(strings.TrimPrefix(string(out), line), w) {
						t.Errorf("%s offers after %q: %v\n%q\nwant %s among it", shell, line, err, out, w)
					}
				}
			}
		})
	}
}
