//go:build !unix

package tree

// AtOnce is for systems whose folders hold pipes.
const AtOnce = 0
