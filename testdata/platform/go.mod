module usmtpkg/testdata/platform

go 1.26.5

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	usmtpkg v0.0.0
)

require (
	golang.org/x/sys v0.49.0
	pgregory.net/rapid v1.3.0
)

replace usmtpkg => ../..
