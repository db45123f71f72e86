package pkgdef

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// vectors are logs and what is to be found in them; usmtpkg verify --distmgr-log is tested with the same.
const vectors = "contentlib/testdata/distmgr.txtar"

// patterns are the regular expressions of the emitted script. Of each the syntax is one that .NET and Go read alike:
// classes of ASCII characters, \b, \s, (?:), bounded repetition.
type patterns map[string]*regexp.Regexp

func scriptPatterns(t *testing.T) patterns {
	t.Helper()
	found := patterns{}
	assigned := regexp.MustCompile(`(?m)^\[string\] \$(\w+)Pattern = '([^']*)'\r$`)
	for _, m := range assigned.FindAllStringSubmatch(scriptOf(t, PublishScript, sample(t)), -1) {
		found[m[1]] = regexp.MustCompile(m[2])
	}
	for _, name := range []string{"CcmTime", "CcmThread", "Simple", "Hash", "Naming", "Version", "Exit"} {
		if found[name] == nil {
			t.Fatalf("the script has no $%sPattern", name)
		}
	}
	return found
}

// A psHash and a psThread are the hash tables of the script, a psLog is its $Log.
type psHash struct {
	value   string
	version int
	when    string
	file    string
}

type psThread struct {
	pkg     string
	version int
	hash    *psHash
}

type psLog struct {
	id, file string
	threads  map[string]*psThread
	newest   *psHash
}

// split does what Split-LogLine does.
func (p patterns) split(line string) (message, thread, when string, ok bool) {
	if at := strings.LastIndex(line, "]LOG]!><"); at >= 0 {
		tail := line[at+7:]
		time, id := p["CcmTime"].FindStringSubmatch(tail), p["CcmThread"].FindStringSubmatch(tail)
		if time != nil && id != nil {
			return line[:at], id[1], time[2] + " " + time[1], true
		}
	}
	if at := strings.LastIndex(line, "$$<"); at >= 0 {
		if m := p["Simple"].FindStringSubmatch(line[at:]); m != nil {
			return line[:at], m[2], m[1], true
		}
	}
	return "", "", "", false
}

// read does what Get-LogLine does, and hands every line to add.
func (p patterns) read(l *psLog, text string) {
	var pending []string
	for raw := range strings.SplitSeq(text, "\n") {
		line := strings.TrimRight(raw, "\r")
		if rest, begins := strings.CutPrefix(line, "<![LOG["); begins {
			pending, line = nil, rest
		}
		message, thread, when, ends := p.split(line)
		if !ends {
			pending = append(pending, line)
			continue
		}
		for _, words := range append(pending, message) {
			words = strings.Trim(words, "~ \t\r\n")
			if thread != "" && (strings.Contains(words, "package ") || strings.HasPrefix(words, "The hash ")) {
				p.add(l, words, thread, when)
			}
		}
		pending = nil
	}
}

// add does what Add-LogLine does.
func (p patterns) add(l *psLog, text, id, when string) {
	if l.threads[id] == nil {
		l.threads[id] = &psThread{}
	}
	thread := l.threads[id]
	if m := p["Version"].FindStringSubmatch(text); m != nil {
		pkg := strings.ToUpper(m[1] + m[2] + m[3])
		var hash *psHash
		if m[3] != "" {
			hash = thread.hash
		}
		loose := thread.pkg == ""
		if !loose && thread.pkg != pkg {
			hash = nil
		}
		if thread.pkg != pkg {
			thread.pkg, thread.hash = pkg, nil
		}
		thread.version, _ = strconv.Atoi(m[4])
		if hash == nil {
			return
		}
		if hash.version == 0 {
			hash.version = thread.version
		}
		if loose {
			thread.hash = hash
			if pkg == l.id {
				l.newest = hash
			}
		}
	} else if m := p["Naming"].FindStringSubmatch(text); m != nil {
		if pkg := strings.ToUpper(m[2]); m[1] != "" || thread.pkg != pkg {
			l.threads[id] = &psThread{pkg: pkg}
		}
	} else if m := p["Hash"].FindStringSubmatch(text); m != nil {
		thread.hash = &psHash{strings.ToUpper(m[1]), thread.version, when, l.file}
		if thread.pkg == l.id {
			l.newest = thread.hash
		}
	} else if p["Exit"].MatchString(text) {
		delete(l.threads, id)
	}
}

// TestLogPatterns runs the patterns of the script, by the steps of its functions, over the logs that the reader of
// usmtpkg verify --distmgr-log is tested with: both must find the same hash of the same package.
func TestLogPatterns(t *testing.T) {
	p := scriptPatterns(t)
	archive, err := txtar.ParseFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	cases, found := 0, 0
	l := &psLog{id: "P0100012", threads: map[string]*psThread{}}
	for _, f := range archive.Files {
		if l.file = path.Base(f.Name); l.file != "want" {
			p.read(l, strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
			continue
		}
		got := "none\n"
		if h := l.newest; h != nil {
			got = fmt.Sprintf("%s version %d at %s in %s\n", h.value, h.version, h.when, h.file)
			found++
		}
		if got != string(f.Data) {
			t.Errorf("%s: the script finds %q, want %q", path.Dir(f.Name), got, f.Data)
		}
		cases++
		l = &psLog{id: "P0100012", threads: map[string]*psThread{}}
	}
	if cases < 30 || found < 10 {
		t.Errorf("%d cases, in %d of them a hash: want 30 and 10 at least", cases, found)
	}
}

// Two readers of regular expressions: what they could read differently is not used.
func TestLogPatternsPortable(t *testing.T) {
	for name, p := range scriptPatterns(t) {
		if m := regexp.MustCompile(`\\[^bs\]$]|\(\?[^:]|\[[^\]]*\\|[*+}]\?`).FindString(p.String()); m != "" {
			t.Errorf("$%sPattern holds %q, which .NET and Go may read differently", name, m)
		}
	}
}

var (
	functionDef  = regexp.MustCompile(`(?m)^function ([A-Z][a-z]+-\w+) \{`)
	commandName  = regexp.MustCompile(`(?:^|[\s({|=!])([A-Z][a-z]+-[A-Z]\w+)`)
	commandOfPS  = []string{"Add-Report", "ConvertFrom-Json", "ConvertTo-Json", "ForEach-Object", "Get-Date", "Get-Location", "Get-Module", "Get-PSDrive", "Group-Object", "Import-Module", "Join-Path", "New-Object", "New-PSDrive", "Pop-Location", "Push-Location", "Read-Host", "Select-Object", "Set-StrictMode", "Sort-Object", "Start-Sleep", "Test-Path", "Where-Object", "Write-Error", "Write-Information", "Write-Progress", "Write-Warning"}
	runKey       = regexp.MustCompile(`\$run\.(\w+)`)
	runInitial   = regexp.MustCompile(`(?m)^\$run = @\{(.*)\}`)
	commentOfPS  = regexp.MustCompile(`(?m)^\s*#.*$`)
	anotherAsker = regexp.MustCompile(`ShouldProcess\(`)
)

// A name that no part of a script defines is found without running the script.
func TestScriptNames(t *testing.T) {
	d := odd(t)
	called := map[string]bool{} // in at least one of the scripts that share the function
	for _, name := range d.Scripts() {
		_, code, _ := strings.Cut(strings.ReplaceAll(scriptOf(t, name, d), "\r", ""), "#>")
		code = commentOfPS.ReplaceAllString(code, "")
		known := map[string]bool{}
		for _, c := range commandOfPS {
			known[c] = true
		}
		for _, m := range functionDef.FindAllStringSubmatch(code, -1) {
			known[m[1]] = true
			called[m[1]] = called[m[1]] || strings.Count(code, m[1]) > 1
		}
		for _, m := range commandName.FindAllStringSubmatch(literal.ReplaceAllString(code, "''"), -1) {
			if !known[m[1]] && !strings.Contains(m[1], "-CM") {
				t.Errorf("%s: calls %s, which nothing defines", name, m[1])
			}
		}
		initial := runInitial.FindString(code)
		for _, m := range runKey.FindAllStringSubmatch(code, -1) {
			if !strings.Contains(initial, m[1]+" = ") {
				t.Errorf("%s: $run.%s is not among %s", name, m[1], initial)
			}
		}
		// What asks goes through Confirm-Change, which notes what was declined.
		if n := len(anotherAsker.FindAllString(code, -1)); n != 1 {
			t.Errorf("%s: asks in %d places, want Confirm-Change alone", name, n)
		}
	}
	for name, ok := range called {
		if !ok {
			t.Errorf("no script calls its %s", name)
		}
	}
}

// What must be known before something is changed is asked before it.
func TestScriptOrder(t *testing.T) {
	tests := []struct{ script, function, first, then string }{
		{UndoScript, "Undo-Package", "Test-RecordedPath -Package", "Reset-Step -Record"},
		{UndoScript, "Undo-Package", "Test-RecordedPath -Package", "Reset-Package -Package"},
		{PublishScript, "Complete-Package", "Compare-ContentHash -Id", "Set-AllStepPackage -Steps"},
		{PublishScript, "Complete-Package", "$run.Failed", "Set-AllStepPackage -Steps"},
		{PublishScript, "Publish-Package", "Complete-Package -Id", "if ($run.Skipped) {\r\n        $state = 'Skipped'"},
	}
	for _, tt := range tests {
		_, body, found := strings.Cut(scriptOf(t, tt.script, sample(t)), "\r\nfunction "+tt.function+" {\r\n")
		body, _, _ = strings.Cut(body, "\r\n}\r\n")
		first, then := strings.Index(body, tt.first), strings.Index(body, tt.then)
		if !found || first < 0 || then < first {
			t.Errorf("%s, %s: %q stands at %d, %q at %d, want one before the other", tt.script, tt.function, tt.first, first, tt.then, then)
		}
	}
}

// Whatever came of the run, a failure ends with an exit code: of the content hash, and of what Undo left.
func TestScriptExit(t *testing.T) {
	for script, want := range map[string]string{PublishScript: "if ($failed -or $run.Failed) {\r\n    exit 1\r\n}", UndoScript: "if ($failed -or $run.Left -or $run.OwesRefresh) {\r\n    exit 1\r\n}"} {
		if !strings.Contains(scriptOf(t, script, sample(t)), want) {
			t.Errorf("%s does not end with %q", script, want)
		}
	}
}
