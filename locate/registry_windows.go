package locate

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// machineKitsRoots reads the kits roots from both views of this machine's
// registry. On 32-bit Windows both views are the same.
func machineKitsRoots() []KitsRoot {
	var roots []KitsRoot
	for _, view := range []struct {
		name   string
		access uint32
	}{
		{"64-bit view", registry.WOW64_64KEY},
		{"32-bit view", registry.WOW64_32KEY},
	} {
		roots = append(roots, viewKitsRoots(view.name, view.access)...)
	}
	return roots
}

func viewKitsRoots(view string, access uint32) []KitsRoot {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\`+installedRoots, registry.QUERY_VALUE|access)
	switch {
	case errors.Is(err, registry.ErrNotExist):
		return []KitsRoot{{View: view, Problem: noKey}}
	case err != nil:
		return []KitsRoot{{View: view, Problem: "not readable: " + err.Error()}}
	}
	defer func() { _ = key.Close() }()
	var roots []KitsRoot
	for _, name := range kitsRootNames {
		value, kind, err := key.GetStringValue(name)
		switch {
		case errors.Is(err, registry.ErrNotExist):
		case errors.Is(err, registry.ErrUnexpectedType):
			problem := fmt.Sprintf("not followed: found type %d, wanted REG_SZ", kind)
			roots = append(roots, KitsRoot{View: view, Name: name, Problem: problem})
		case err != nil:
			roots = append(roots, KitsRoot{View: view, Name: name, Problem: "not readable: " + err.Error()})
		default:
			roots = append(roots, KitsRoot{View: view, Name: name, Value: value})
		}
	}
	if roots == nil {
		return []KitsRoot{{View: view, Problem: noKitsRoot}}
	}
	return roots
}
