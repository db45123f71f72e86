package locate

import (
	"fmt"
	"slices"
	"strings"
)

// archNames are the arches of USMT, in the order of reports.
var archNames = []string{AMD64, ARM64, X86}

// A Policy says which arch folders a package has to, may and must not have, by their folder
// names: amd64, arm64 and x86, without regard to case. An arch that no list names has the default:
// amd64 is required, arm64 and x86 are allowed.
//
// Naming arm64 as required or allowed, or x86 in any list, also says that the choice was
// deliberate: there are no warnings then that arm64 is unverified, or that x86 is missing.
type Policy struct {
	Require []string
	Allow   []string
	Forbid  []string

	RequireProof bool // a file that is compared by name only is an error
}

// Check returns an error that names the first arch that is not known or is in two lists.
func (p Policy) Check() error {
	listOf := make(map[string]string, len(archNames))
	for _, list := range []struct {
		name   string
		arches []string
	}{{"required", p.Require}, {"allowed", p.Allow}, {"forbidden", p.Forbid}} {
		for _, name := range list.arches {
			arch, ok := archOf(name)
			if !ok {
				return fmt.Errorf("reading the arch policy: %s arch %q: wanted one of %s", list.name, name, strings.Join(archNames, ", "))
			}
			if other, ok := listOf[arch]; ok && other != list.name {
				return fmt.Errorf("reading the arch policy: arch %s is both %s and %s", arch, other, list.name)
			}
			listOf[arch] = list.name
		}
	}
	return nil
}

func (p Policy) requires(arch string) bool {
	return lists(p.Require, arch) || arch == AMD64 && !p.names(arch)
}

func (p Policy) forbids(arch string) bool { return lists(p.Forbid, arch) }

// welcomes reports whether the arch was required or allowed by name.
func (p Policy) welcomes(arch string) bool { return lists(p.Require, arch) || lists(p.Allow, arch) }

func (p Policy) names(arch string) bool { return p.welcomes(arch) || p.forbids(arch) }

func lists(names []string, arch string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, arch) })
}

// Scope reports whether an entry of the USMT folder itself is part of the package, by its name:
// only the arch folders are, whatever their case.
func Scope(name string) bool {
	_, ok := archOf(name)
	return ok
}
