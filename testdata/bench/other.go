//go:build !linux

// Command bench measures usmtpkg and other tools on Linux only: the other
// tools are shell lines, and the noise of the machine is read from /proc.
package main

import "log"

func main() { log.Fatal("bench: this benchmark needs Linux") }
