//go:build !windows

package locate

// machineKitsRoots returns nothing: only Windows has a registry.
func machineKitsRoots() []KitsRoot { return nil }

// machineUninstall returns nothing, either.
func machineUninstall() []UninstallEntry { return nil }
