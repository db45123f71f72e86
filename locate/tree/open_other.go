//go:build !unix

package tree

// AtOnce is for systems whose folders contain pipes.
const AtOnce = 0

func asFolder(dir string) string { return dir }
