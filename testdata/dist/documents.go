package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// documents makes what is in every archive beside the program: manual pages, completions, the licences of
// what the program contains.
func (d *dist) documents(ctx context.Context) error {
	man := filepath.Join(d.tmp, "man")
	test := command(ctx, d.root, "go", "test", "-count=1", "./cmd/usmtpkg", "-run", "^TestManPages$", "-man", man)
	if out, err := test.Output(); err != nil {
		return fmt.Errorf("making the manual pages: %w\n%s", err, out)
	}
	// The program itself writes its completions, built for this machine.
	self := filepath.Join(d.tmp, "self", "usmtpkg")
	if err := command(ctx, d.root, "go", "build", "-o", self, "./cmd/usmtpkg").Run(); err != nil {
		return fmt.Errorf("building for this machine: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(d.tmp, "completions"), 0o777); err != nil {
		return err
	}
	for shell, name := range map[string]string{"bash": "usmtpkg.bash", "zsh": "_usmtpkg", "fish": "usmtpkg.fish", "powershell": "usmtpkg.ps1"} {
		out, err := exec.CommandContext(ctx, self, "completion", shell).Output()
		if err != nil {
			return fmt.Errorf("writing the completion for %s: %w", shell, err)
		}
		if err := os.WriteFile(filepath.Join(d.tmp, "completions", name), out, 0o666); err != nil {
			return err
		}
	}
	return d.licenses(ctx)
}

// licensesFile has the licences of all modules in the program.
const licensesFile = "THIRD-PARTY-LICENSES"

// licenses collects the licence files of the modules that are in a program of any target, and Go's own.
func (d *dist) licenses(ctx context.Context) error {
	goroot, err := output(ctx, d.root, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	dirs := map[string]string{"The Go standard library and runtime": goroot}
	for _, goos := range []string{"linux", "windows"} {
		cmd := command(ctx, d.root, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/usmtpkg")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos)
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("listing the modules: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[module] = dir
			}
		}
	}
	var modules []string
	for module := range dirs {
		modules = append(modules, module)
	}
	slices.Sort(modules)
	var text bytes.Buffer
	for _, module := range modules {
		if err := licenseOf(&text, module, dirs[module]); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(d.tmp, licensesFile), text.Bytes(), 0o666)
}

// licenseOf adds the licence files of one module.
func licenseOf(text *bytes.Buffer, module, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(upper, "LICEN") && !strings.HasPrefix(upper, "NOTICE") && !strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "PATENTS") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(text, "%s\n%s: %s\n%s\n\n%s\n\n", strings.Repeat("=", 78), module, e.Name(), strings.Repeat("=", 78), bytes.ReplaceAll(bytes.TrimSpace(data), []byte("\r\n"), []byte("\n")))
	}
	if !found {
		return fmt.Errorf("module %s has no licence file in %s", module, dir)
	}
	return nil
}
