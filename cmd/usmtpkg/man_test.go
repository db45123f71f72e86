package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/testdata/doccheck"
)

var manDir = flag.String("man", "", "write the manual pages to this `folder`")

// TestManPages makes the manual pages, from what the help is made from. A judge reads them.
//
// Cobra's own generator takes texts as Markdown, which makes one backslash of the two of a UNC path, and
// does not know headings, placeholders and topics.
func TestManPages(t *testing.T) {
	dir := cmp.Or(*manDir, t.TempDir())
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	changes, err := os.ReadFile(filepath.Join("..", "..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	date := regexp.MustCompile(`(?m)^## .*(\d{4}-\d\d-\d\d)`).FindSubmatch(changes)
	if date == nil {
		t.Fatal("CHANGELOG.md has no release with a date")
	}
	root := newRootCmd(&program{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var files []string
	for _, cmd := range append([]*cobra.Command{root}, root.Commands()...) {
		if cmd.Name() == "help" {
			continue
		}
		page := manPage(cmd, string(date[1]))
		name := filepath.Join(dir, manName(cmd)+".1")
		if err := os.WriteFile(name, page, 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !bytes.Contains(page, []byte(`\-\-`+manText(f.Name))) {
				t.Errorf("%s does not have --%s", name, f.Name)
			}
		})
	}
	if len(files) < 20 {
		t.Errorf("%d pages, want one for each command and topic", len(files))
	}
	if !doccheck.Has(t, "mandoc", "install mandoc", "") {
		return
	}
	out, err := exec.CommandContext(t.Context(), "mandoc", append([]string{"-T", "lint", "-W", "warning"}, files...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	out, err = exec.CommandContext(t.Context(), "mandoc", "-T", "utf8", "-O", "width=110", filepath.Join(dir, "usmtpkg.1")).Output()
	if err != nil || !bytes.Contains(out, []byte(`\\server\Sources\OSD\USMT`)) {
		t.Errorf("mandoc: %v; the page as it is read does not have the package path of the example:\n%s", err, out)
	}
}

// manPage is the manual page of a command or topic.
func manPage(cmd *cobra.Command, date string) []byte {
	var b bytes.Buffer
	add := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // a buffer takes all
	add(`.TH "%s" "1" "%s" "usmtpkg" "usmtpkg manual"`, strings.ToUpper(manText(manName(cmd))), date)
	add(".SH NAME\n%s \\- %s", manText(manName(cmd)), manText(cmd.Short))
	if !cmd.IsAdditionalHelpTopicCommand() {
		add(".SH SYNOPSIS\n.B %s", manText(usageLine(cmd)))
	}
	add(".SH DESCRIPTION")
	b.WriteString(manBlock(cmp.Or(cmd.Long, cmd.Short)))
	if !cmd.IsAdditionalHelpTopicCommand() {
		manOptions(cmd, add)
	}
	if cmd.HasExample() {
		add(".SH EXAMPLES\n.nf\n%s\n.fi", manText(cmd.Example))
	}
	add(".SH SEE ALSO")
	if cmd.HasParent() {
		add(".BR usmtpkg (1)")
		return b.Bytes()
	}
	var others []string
	for _, c := range cmd.Commands() {
		if c.Name() != "help" {
			others = append(others, fmt.Sprintf(".BR %s (1)", manText(manName(c))))
		}
	}
	add("%s", strings.Join(others, ",\n"))
	return b.Bytes()
}

// manOptions lists the flags of a command below their headings.
func manOptions(cmd *cobra.Command, add func(string, ...any)) {
	cmd.InitDefaultHelpFlag()
	titles, sections := helpSections(cmd)
	add(".SH OPTIONS")
	for _, title := range titles {
		add(".SS %s", manText(title))
		sections[title].VisitAll(func(f *pflag.Flag) {
			name := `\fB\-\-` + manText(f.Name) + `\fR`
			if f.Shorthand != "" {
				name = `\fB\-` + f.Shorthand + `\fR, ` + name
			}
			if v, ok := f.Value.(placeholderValue); ok {
				name += ` \fI` + manText(v.Type()) + `\fR`
			}
			add(".TP\n%s\n%s", name, manText(f.Usage))
		})
	}
}

// manName is the name of a command's page.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manBlock is a text of the help: paragraphs, and indented lines that stay as they are.
func manBlock(text string) string {
	var b strings.Builder
	as := false // in lines that stay as they are
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		keep := strings.HasPrefix(line, "  ") || as && line != ""
		switch {
		case keep != as && keep:
			b.WriteString(".nf\n")
		case keep != as:
			b.WriteString(".fi\n")
		}
		as = keep
		if line == "" {
			b.WriteString(".PP\n")
			continue
		}
		b.WriteString(manText(line) + "\n")
	}
	if as {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// manText is a text as roff takes it.
func manText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "…", "...", "–", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return strings.ReplaceAll(s, "\n.", "\n\\&.")
}
