//go:build !windows

package locate

// machineKitsRoots returns nothing: only Windows has a registry.
func machineKitsRoots() []KitsRoot { return nil }

// machineUninstall returns nothing, either.
func machineUninstall() []UninstallEntry { return nil }

// machineCached returns nothing, either.
func machineCached() []CachedMSI { return nil }
