//go:build !unix

package regular

// AtOnce is for systems whose folders hold pipes.
const AtOnce = 0
