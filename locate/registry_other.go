//go:build !windows

package locate

// machineKitsRoots returns nothing: only Windows has a registry.
func machineKitsRoots() []KitsRoot { return nil }
