package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A machine is what the scripts of a definition need of a computer with Windows.
type machine struct {
	console  string            // SMS_ADMIN_UI_PATH, which the console's setup sets
	policies []executionPolicy // of PowerShell: the first that is set decides
}

type executionPolicy struct {
	scope, value string
	group        bool // it overrides what a session says
}

// consoleLine looks for the ConfigMgr console as the scripts do.
func consoleLine(m *machine) report.Diagnosis {
	d := report.Diagnosis{Check: report.CheckConsole, Verdict: report.DoctorNotChecked, Detail: "the ConfigMgr console is for Windows only"}
	const elsewhere = "run the scripts on a computer with the console"
	if m == nil {
		d.Hint = elsewhere
		return d
	}
	d.Verdict, d.Hint = report.DoctorProblem, elsewhere
	if m.console == "" {
		d.Detail = "the ConfigMgr console is not installed on this computer (SMS_ADMIN_UI_PATH is not set)"
		return d
	}
	const module = "ConfigurationManager.psd1"
	bin := filepath.Dir(filepath.Clean(m.console))
	f, err := tree.Open(filepath.Join(bin, module), math.MaxInt64)
	if err != nil {
		d.Detail = fmt.Sprintf("SMS_ADMIN_UI_PATH is set, but the console's module cannot be read: %v", err)
		return d
	}
	_ = f.Close()
	d.Verdict, d.Hint = report.DoctorOK, ""
	d.Detail = fmt.Sprintf("%s, version %s; whether it can reach the site was not checked", filepath.Join(bin, module), consoleVersion(bin))
	return d
}

// consoleVersion is the version of the console's program.
func consoleVersion(bin string) string {
	f, err := tree.Open(filepath.Join(bin, "Microsoft.ConfigurationManagement.exe"), math.MaxInt64) // pe.Read has the limits
	if err != nil {
		return "unknown"
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return "unknown"
	}
	facts, err := pe.Read(f, info.Size())
	if err != nil || facts.FileVersion.IsZero() {
		return "unknown"
	}
	return facts.FileVersion.String()
}

// policyLine says whether PowerShell runs the scripts, which are not signed.
func policyLine(m *machine) report.Diagnosis {
	d := report.Diagnosis{Check: report.CheckPowerShell, Verdict: report.DoctorNotChecked, Detail: "the execution policy of PowerShell is for Windows only"}
	if m == nil {
		return d
	}
	d.Detail = "no execution policy was found"
	for _, p := range m.policies {
		if p.value == "" || strings.EqualFold(p.value, "Undefined") {
			continue
		}
		d.Detail = fmt.Sprintf("execution policy %s, set by %s", p.value, p.scope)
		switch strings.ToLower(p.value) {
		case "bypass", "unrestricted":
			d.Verdict = report.DoctorOK
		case "remotesigned":
			d.Verdict = report.DoctorOK
			d.Detail += "; it refuses scripts from the internet, and from a share that counts as internet"
		default:
			d.Verdict, d.Detail = report.DoctorProblem, d.Detail+": it refuses the scripts, which are not signed"
			d.Hint = `start them with powershell -ExecutionPolicy Bypass -File .\Publish-UsmtPackage.ps1`
			if p.group {
				d.Hint = "sign the scripts, or have the group policy changed: it overrides -ExecutionPolicy"
			}
		}
		break
	}
	return d
}
