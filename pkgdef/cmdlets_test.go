package pkgdef

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A parameterSet is one way to call a cmdlet.
type parameterSet struct{ required, all []string }

// setLine is a line of the reference that has a parameter set; others have the types of parameters.
var setLine = regexp.MustCompile(`^([A-Z]\w+-CM\w+) \[\w+\]: (.*)`)

// reference reads the data that the mock site goes by too.
func reference(t *testing.T) map[string][]parameterSet {
	t.Helper()
	data, err := os.ReadFile("../testdata/powershell/site/cmdlets.txt")
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string][]parameterSet{}
	for line := range strings.Lines(string(data)) {
		m := setLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name, parameters := m[1], m[2]
		var s parameterSet
		for p := range strings.FieldsSeq(parameters) {
			bare, required := strings.CutSuffix(p, "*")
			s.all = append(s.all, bare)
			if required {
				s.required = append(s.required, bare)
			}
		}
		sets[name] = append(sets[name], s)
	}
	return sets
}

// fits reports whether the parameters make a call of this set.
func (s parameterSet) fits(given []string) bool {
	for _, p := range s.required {
		if !slices.Contains(given, p) {
			return false
		}
	}
	return !slices.ContainsFunc(given, func(p string) bool { return !slices.Contains(s.all, p) })
}

// A call is one cmdlet of the ConfigurationManager module with the parameters that a script gives it.
type call struct {
	cmdlet string
	given  []string
	text   string
}

var (
	cmdletName = regexp.MustCompile(`(?:^|[^\w'-])((?:Add|Get|Invoke|New|Remove|Set|Start|Update)-CM\w+)`)
	parameter  = regexp.MustCompile(` -([A-Z]\w*)`)
	splat      = regexp.MustCompile(` @(\w+)`)
	literal    = regexp.MustCompile(`"[^"]*"|'[^']*'`)
)

// calls returns the calls in a script. The parameters of a splatted call are the keys that its hash table is ever given,
// and those of the functions it comes from: what may be given together is then tested by the callers of calls.
func calls(script string) []call {
	_, code, _ := strings.Cut(script, "#>")
	var found []call
	for line := range strings.SplitSeq(code, "\r\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		bare := literal.ReplaceAllString(line, "''")
		for _, at := range cmdletName.FindAllStringSubmatchIndex(bare, -1) {
			arguments, _, _ := strings.Cut(bare[at[3]:], "|")
			c := call{cmdlet: bare[at[2]:at[3]], text: strings.TrimSpace(line)}
			for _, m := range parameter.FindAllStringSubmatch(arguments, -1) {
				c.given = append(c.given, m[1])
			}
			for _, m := range splat.FindAllStringSubmatch(arguments, -1) {
				key := regexp.MustCompile(`\$` + m[1] + `\.(\w+) = `)
				for _, k := range key.FindAllStringSubmatch(code, -1) {
					c.given = append(c.given, k[1])
				}
			}
			slices.Sort(c.given)
			c.given = slices.Compact(c.given)
			found = append(found, c)
		}
	}
	return found
}

// Every call in every script is one that Microsoft's reference knows: the parameters are those of one set, and whatever
// asks for confirmation is told not to, since ShouldProcess has asked already.
func TestCmdlets(t *testing.T) {
	known := reference(t)
	used := map[string]bool{}
	d := sample(t)
	d.Settings = oddSettings()
	for _, name := range d.Scripts() {
		for _, c := range calls(scriptOf(t, name, d)) {
			sets, ok := known[c.cmdlet]
			if !ok {
				t.Errorf("%s: %s is not in the reference", name, c.cmdlet)
				continue
			}
			used[c.cmdlet] = true
			if !slices.ContainsFunc(sets, func(s parameterSet) bool { return s.fits(c.given) }) {
				t.Errorf("%s: no set of %s takes %q: %s", name, c.cmdlet, c.given, c.text)
			}
			asks := slices.Contains(sets[0].all, "Confirm")
			if asks && !slices.Contains(c.given, "Confirm") {
				t.Errorf("%s: would ask a second time: %s", name, c.text)
			}
			if reads := strings.HasPrefix(c.cmdlet, "Get-") || c.cmdlet == "Invoke-CMWmiQuery"; asks && reads && !slices.Contains(c.given, "WhatIf") {
				t.Errorf("%s: would not read under -WhatIf: %s", name, c.text)
			}
			// Text of others goes into names, in which wildcards would be read.
			named := !strings.HasPrefix(c.cmdlet, "Get-") && c.cmdlet != "Invoke-CMWmiQuery" || slices.Contains(c.given, "Name") ||
				slices.Contains(c.given, "SiteSystemServerName")
			if named && slices.Contains(sets[0].all, "DisableWildcardHandling") && !slices.Contains(c.given, "DisableWildcardHandling") {
				t.Errorf("%s: would read wildcards: %s", name, c.text)
			}
		}
	}
	for name := range known {
		if !used[name] {
			t.Errorf("no script calls %s, which stands in the reference", name)
		}
	}
}

// What the test above rests on.
func TestCalls(t *testing.T) {
	script := "#>\r\n# Get-CMFirst -A\r\n$x = @(Get-CMSecond -Name 'Get-CMThird -B' -Fast | Where-Object -C)\r\n" +
		"$add.One = 1\r\nif ($y) {\r\n    $add.Two = 2\r\n}\r\n$null = Add-CMFourth @add -Three:$false\r\n"
	got := calls(script)
	want := []call{{cmdlet: "Get-CMSecond", given: []string{"Fast", "Name"}}, {cmdlet: "Add-CMFourth", given: []string{"One", "Three", "Two"}}}
	if len(got) != len(want) {
		t.Fatalf("calls = %v, want %v", got, want)
	}
	for i := range want {
		if got[i].cmdlet != want[i].cmdlet || !slices.Equal(got[i].given, want[i].given) {
			t.Errorf("calls[%d] = %v, want %v", i, got[i], want[i])
		}
	}
	set := parameterSet{required: []string{"Id"}, all: []string{"Id", "Fast"}}
	for text, fits := range map[string]bool{"Id": true, "Id Fast": true, "Fast": false, "Id Name": false} {
		if set.fits(strings.Fields(text)) != fits {
			t.Errorf("fits(%s) = %t, want %t", text, !fits, fits)
		}
	}
}
