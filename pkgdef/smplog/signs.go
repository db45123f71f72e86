package smplog

import (
	"regexp"
	"strconv"
)

// A sign is a line that says something of the role.
type sign struct {
	pattern *regexp.Regexp
	subject Subject
	basis   Basis
	read    func(groups []string) (Verdict, string) // what it says, and what that means; empty: nothing
	self    bool                                    // the line itself names the state migration point
}

func always(v Verdict, meaning string) func([]string) (Verdict, string) {
	return func([]string) (Verdict, string) { return v, meaning }
}

// Exit codes of Windows Installer.
// Source: https://learn.microsoft.com/windows/win32/msi/error-codes
const (
	msiSuccess        = 0
	msiRebootStarted  = 1641
	msiRebootRequired = 3010
)

// installer reads an exit code of Windows Installer.
func installer(groups []string) (Verdict, string) {
	code, err := strconv.Atoi(groups[1])
	switch {
	case err != nil:
		return "", ""
	case code == msiSuccess:
		return Installed, "the installer succeeded"
	case code == msiRebootStarted, code == msiRebootRequired:
		return Waiting, "installed, and the server has to be restarted"
	}
	return Failed, "the installer ended with code " + groups[1]
}

// signs are all that are known. Of a line the first that matches counts.
func signs() []sign {
	const end = `[.!]?$`
	return []sign{
		// smssmpsetup.log. The first line was seen in the log of another role, written by the same rolesetup.exe:
		// https://learn.microsoft.com/troubleshoot/mem/configmgr/update-management/software-update-point-installation-and-configuration
		{regexp.MustCompile(`(?i)^(?:SMSSMP )?Installation was successful` + end), Setup, Seen, always(Installed, "the role's set-up succeeded"), false},
		{regexp.MustCompile(`(?i)^smp\.msi exited with return code: *(\d{1,9})\b`), Setup, Recalled, installer, false},
		{regexp.MustCompile(`(?i)^Fatal MSI Error - smp\.msi could not be installed`), Setup, Recalled, always(Failed, "the installer failed"), false},
		{regexp.MustCompile(`(?i)^Installation failed\. Error code: *\S+`), Setup, Recalled, always(Failed, "the role's set-up failed"), false},
		{regexp.MustCompile(`(?i)^(?:De-?installation|Uninstallation) was successful` + end), Setup, Recalled, always(Failed, "the role was removed"), false},
		{setupStart, Setup, Seen, always(Waiting, "set-up began, and no result of it follows"), false},
		// smpmsi.log: Windows Installer
		{regexp.MustCompile(`(?i)^=== (?:Verbose )?logging started:`), Setup, Recalled, always(Waiting, "the installer began, and no result of it follows"), false},
		{regexp.MustCompile(`(?i)\bInstallation success or error status: *(\d{1,9})\b`), Setup, Seen, installer, false},
		{regexp.MustCompile(`(?i)\bRemoval success or error status: *0\b`), Setup, Seen, always(Failed, "the role was removed"), false},
		{regexp.MustCompile(`(?i)\bProduct: .{1,200} -- Installation (?:operation )?completed successfully`), Setup, Seen, always(Installed, "the installer succeeded"), false},
		{regexp.MustCompile(`(?i)\bProduct: .{1,200} -- Installation (?:operation )?failed`), Setup, Seen, always(Failed, "the installer failed"), false},
		// smpmgr.log
		{regexp.MustCompile(`(?i)^Call to HttpSendRequestSync succeeded for port \d{1,5} with status code 200\b`), Answer, Seen, always(Installed, "the role answers"), false},
		{regexp.MustCompile(`(?i)^Call to HttpSendRequestSync (?:failed|succeeded) for port \d{1,5} with status code (\d{1,5})\b`), Answer, Seen, func(groups []string) (Verdict, string) {
			return Failed, "the role does not answer as it should: HTTP status " + groups[1]
		}, false},
		// any of them
		{regexp.MustCompile(`^STATMSG: ID=(6\d{3}) .*\bCOMP="?SMS_STATE_MIGRATION_POINT\b`), statusSubject, Seen, status, true},
		{regexp.MustCompile(`^STATMSG: ID=(101[3-6]) .*\bISTR\d="SMS_STATE_MIGRATION_POINT"`), statusSubject, Seen, status, true},
	}
}

// statusSubject means the subject of the status message.
const statusSubject Subject = ""

// statusMessages are the status messages about the role (seen: their texts). Those left out
// are about one client or store, and say nothing of the role.
// Source: Assets/messages.xml of https://github.com/Skatterbrainz/CMHealthCheck
var statusMessages = map[string]struct {
	subject Subject
	verdict Verdict
	meaning string
}{
	"1013": {Setup, Waiting, "the role should be installed"},
	"1014": {Setup, Waiting, "the role is being installed"},
	"1015": {Setup, Installed, "the role was installed"},
	"1016": {Setup, Failed, "the role's set-up failed; the site tries again"},
	"6200": {Answer, Waiting, "its settings are not in the registry yet"},
	"6201": {Space, LowSpace, "no free space: clients have not restored their states"},
	"6202": {Space, LowSpace, "too many states: wait until their retention ends"},
	"6204": {Space, LowSpace, "the minimum of free space is reached"},
	"6207": {Answer, Failed, "IIS: port or URL are not right"},
	"6208": {Answer, Failed, "IIS does not respond"},
	"6209": {Answer, Failed, "the store cannot be accessed"},
	"6210": {Answer, Waiting, "its key cannot be read: the certificate is not signed yet"},
	"6211": {Space, Installed, "there is enough free space again"},
}

func status(groups []string) (Verdict, string) {
	m := statusMessages[groups[1]]
	return m.verdict, m.meaning
}
