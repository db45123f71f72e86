module usmtpkg/testdata/platform

go 1.26.5

require usmtpkg v0.0.0

replace usmtpkg => ../..
