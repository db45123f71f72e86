package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/testdata/doccheck"
)

func cmdSARIF(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "sarif FILE")
	_, err := doccheck.ReadSARIF(ts.ReadFile(args[0]))
	ts.Check(err)
}

func cmdJUnit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "junit FILE")
	_, err := doccheck.ReadJUnit(ts.ReadFile(args[0]))
	ts.Check(err)
}
