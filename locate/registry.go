package locate

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
)

// installedRoots is the registry key, below SOFTWARE, with the kits roots.
// 32-bit installers, adksetup among them, write to its copy below WOW6432Node.
const installedRoots = `Microsoft\Windows Kits\Installed Roots`

// kitsRootNames are the values with kits roots: of the kits 10 and 11, 8.1 and 8.0.
var kitsRootNames = [...]string{"KitsRoot10", "KitsRoot81", "KitsRoot"}

// defaultDirs are the folders below Program Files where the installers put the
// kits by default: those of the ADK, and the USMT folder of the WAIK.
var defaultDirs = [...]string{
	"Windows Kits/10",
	"Windows Kits/8.1",
	"Windows Kits/8.0",
	"Windows AIK/Tools/USMT",
}

// KitsRoot is one registry value that names a kits root, or the reason why
// there is none.
type KitsRoot struct {
	View    string // "64-bit view" or "32-bit view"
	Name    string // KitsRoot10, KitsRoot81 or KitsRoot; empty when Problem is about the whole key
	Value   string // the folder as it is written there
	Problem string // why Value is of no use, or empty
}

// machine looks where this machine's registry points, then in the default folders.
func (s *search) machine(ctx context.Context, o FindOptions) error {
	read := o.Registry
	if read == nil {
		read = machineKitsRoots
	}
	entries := o.Uninstall
	if entries == nil {
		entries = machineUninstall
	}
	s.installed = entryEvidence(entries(), "registry")
	cached := o.Cached
	if cached == nil {
		cached = machineCached
	}
	s.cached = cached()
	for _, k := range read() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.kitsRoot(k)
	}
	var seen []string
	for _, dir := range o.ProgramFiles {
		key := strings.ToLower(filepath.Clean(dir))
		if dir == "" || slices.Contains(seen, key) {
			continue
		}
		seen = append(seen, key)
		if problem := notFull(dir); problem != "" {
			s.note(dir, "Program Files", problem)
			continue
		}
		for _, below := range defaultDirs {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.folder(filepath.Join(dir, filepath.FromSlash(below)), "default folder")
		}
	}
	return nil
}

// kitsRoot looks at the folder of one registry value of this machine.
func (s *search) kitsRoot(k KitsRoot) {
	const registry = "registry"
	if k.Problem == "" {
		k.Problem = notFull(k.Value)
	}
	if k.Problem != "" {
		s.notFollowed(k, registry)
		return
	}
	s.folder(k.Value, k.how(registry))
}

// notFollowed records a kits root, from the registry called so, that leads nowhere.
func (s *search) notFollowed(k KitsRoot, registry string) {
	at := k.Value
	if at == "" {
		at = `HKLM\SOFTWARE\` + installedRoots
	}
	s.note(at, k.how(registry), k.Problem)
}

// how says why the folder of k is looked at.
func (k KitsRoot) how(registry string) string {
	how := registry + ", " + k.View
	if k.Name != "" {
		how += ", " + k.Name
	}
	return how
}

// folder looks at a folder of this machine.
func (s *search) folder(dir, how string) {
	dir = filepath.Clean(dir)
	root, err := openFolder(dir)
	if err != nil {
		s.note(dir, how, cause(err))
		return
	}
	defer closeFolder(root)
	s.look(spot{root: root, base: dir, dir: ".", how: how})
}

// Outcomes of registry keys and values.
const (
	noKey       = "no such key"
	noKitsRoot  = "no kits root in it"
	notAbsolute = "not followed: not an absolute path"
)

// notFull says why a path that a program or the environment gave is not
// followed, or "": a relative path would depend on where we run, a variable on who runs us.
func notFull(dir string) string {
	if problem := notPlain(dir); problem != "" {
		return problem
	}
	if !filepath.IsAbs(dir) {
		return notAbsolute
	}
	return ""
}

// notPlain says why such a path is not followed whatever the system, or "".
func notPlain(dir string) string {
	switch {
	case strings.TrimSpace(dir) == "":
		return "not followed: the value is empty"
	case strings.Count(dir, "%") >= 2:
		return "not followed: it names a variable"
	case strings.ContainsRune(dir, 0):
		return "not followed: it contains a zero character"
	}
	return ""
}
