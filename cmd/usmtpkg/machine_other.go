//go:build !windows

package main

// readMachine returns nil: only Windows has a ConfigMgr console and an execution policy.
func readMachine(func(string) string) *machine { return nil }
