package locate

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/windows/registry"
)

// machineViews are the two views of the registry.
var machineViews = [...]struct {
	name   string
	access uint32
}{
	{"64-bit view", registry.WOW64_64KEY},
	{"32-bit view", registry.WOW64_32KEY},
}

// machineKitsRoots reads the kits roots from both views of this machine's
// registry. On 32-bit Windows both views are the same.
func machineKitsRoots() []KitsRoot {
	var roots []KitsRoot
	for _, view := range machineViews {
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

// maxProducts bounds the uninstall entries that are looked at in a view; machines have some hundred.
const maxProducts = 1 << 14

// machineUninstall reads the uninstall entries that are evidence from both views.
func machineUninstall() []UninstallEntry {
	var entries []UninstallEntry
	for _, view := range machineViews {
		entries = append(entries, viewUninstall(view.name, view.access)...)
	}
	return entries
}

func viewUninstall(view string, access uint32) []UninstallEntry {
	const path = `SOFTWARE\` + uninstallKey
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ENUMERATE_SUB_KEYS|access)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []UninstallEntry{{View: view, Problem: "not readable: " + err.Error()}}
	}
	defer func() { _ = key.Close() }()
	names, err := key.ReadSubKeyNames(maxProducts)
	if err != nil && !errors.Is(err, io.EOF) {
		return []UninstallEntry{{View: view, Problem: "not readable: " + err.Error()}}
	}
	var entries []UninstallEntry
	for _, name := range names {
		u := UninstallEntry{View: view, Key: name}
		product, err := registry.OpenKey(registry.LOCAL_MACHINE, path+`\`+name, registry.QUERY_VALUE|access)
		if err == nil {
			u.Name = textValue(product, "DisplayName")
			u.Version = textValue(product, "DisplayVersion")
			_ = product.Close()
		} else if !errors.Is(err, registry.ErrNotExist) {
			u.Problem = "not readable: " + err.Error()
		}
		if u.kind() != "" {
			entries = append(entries, u)
		}
	}
	return entries
}

// textValue returns the text of a value, empty if it has none.
func textValue(key registry.Key, name string) string {
	value, _, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	return value
}

// machineCached reads which packages of USMT Windows Installer keeps, from the 64-bit view.
func machineCached() []CachedMSI {
	const path, access = `SOFTWARE\` + installerProducts, registry.WOW64_64KEY
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ENUMERATE_SUB_KEYS|access)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []CachedMSI{unreadableCache(err)}
	}
	defer func() { _ = key.Close() }()
	names, err := key.ReadSubKeyNames(maxProducts)
	if err != nil && !errors.Is(err, io.EOF) {
		return []CachedMSI{unreadableCache(err)}
	}
	var list []CachedMSI
	for _, name := range names {
		product, err := registry.OpenKey(registry.LOCAL_MACHINE, path+`\`+name+`\`+installerProperties, registry.QUERY_VALUE|access)
		if err != nil {
			continue // a product that is not installed for all users has no such key
		}
		c := CachedMSI{Product: textValue(product, "DisplayName"), Path: textValue(product, "LocalPackage")}
		_ = product.Close()
		if isUSMTProduct(c.Product) {
			list = append(list, c)
		}
	}
	return list
}
