//go:build !windows

package cmlog

func underWine() bool { return false }
