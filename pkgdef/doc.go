// Package pkgdef writes the ConfigMgr package definition of exactly one USMT
// release:
//
//   - WriteSMS: a package definition file (.sms), for Create Package from
//     Definition in the console.
//   - WriteScript: PowerShell scripts. Publish-UsmtPackage.ps1 points the package
//     and task sequence steps at the release, Undo-UsmtPackage.ps1 reverts that,
//     New-UsmtTaskSequence.ps1 creates the user state steps,
//     Install-StateMigrationPoint.ps1 installs the role.
//   - WriteJSON: package.json, the definition for programs. ParseJSON reads it.
//
// Settings say what the scripts do at the site. One table (Keys) gives their
// checks, the commented example of usmtpkg.yaml and its schema. Lint compares
// settings with a release and returns findings.
//
// Rules:
//   - The same Definition always gives the same bytes: no time, no host name.
//   - Nothing is written before the whole definition is valid, so a field can
//     never forge a key, a section or a PowerShell statement.
//   - A wrong field is a *FieldError, a wrong setting a *SettingError; all of them
//     are returned joined.
//   - The texts that ConfigMgr shows are printable ASCII, because the .sms format
//     is (documented as "ASCII" in the SDK, "ASCII or UTF-8" today). Only the
//     package source path and the names in the settings may contain other characters.
//
// The package does not talk to ConfigMgr and does not read the release.
//
// # The .sms file
//
// INI text in ASCII with CRLF and no byte order mark, keys in a fixed order:
//
//	[PDF]                  Version=2.0
//	[Package Definition]   Name, Version, Publisher, Language, Comment,
//	                       ContainsNoFiles=False, Programs=Placeholder
//	[Placeholder]          one disabled program that does nothing
//
// The task sequence steps need no program, but the SDK calls Programs a required
// key, so a placeholder is written by default. With ProgramNone both the key and
// the section are left out; that the console accepts such a file is not proven.
// The file never contains the package source path: the console asks for it.
// Source: https://learn.microsoft.com/mem/configmgr/apps/deploy-use/package-definition-files
//
// # package.json
//
// UTF-8 without a byte order mark, indented by two spaces, LF, a final line end,
// no HTML escaping, every key always present and in this order:
//
//	format       "usmtpkg package definition"
//	version      2
//	release      <USMT version>-<first 12 hex of the digest>
//	digest       64 lower-case hex: the SHA-256 of the release's manifest-sha256.txt
//	usmt_version file version of scanstate.exe
//	arches       ["amd64", "arm64", "x86"] or a part of it, in this order
//	package      name, manufacturer, version, language, comment,
//	             program ("placeholder" or "none"), source_path
//	content_hash 64 upper-case hex: the predicted content hash; "" if not known
//	settings     package, capture, restore, stateStore, stateMigrationPoint, each with
//	             every key of Keys that is not another name of a flag
//	sample       true for the sample kit; else absent
//
// ParseJSON refuses any other version, and a key that is unknown, missing, duplicate,
// spelled in another case or out of place; white space is free.
//
// # The PowerShell scripts
//
// CRLF; ASCII, unless a value needs more: then UTF-8 with a byte order mark, without
// which Windows PowerShell 5.1 reads a file as ANSI. Every script is static text
// except for its header and one block at the top, in which every value is a
// single-quoted literal, a number, $true or $false. Task sequences are never written
// as XML, which Microsoft advises against, but with the module's cmdlets.
//
// The tests check the scripts' syntax with a grammar, which also refuses what Windows
// PowerShell 5.1 does not have, and every call against a table of the cmdlets'
// parameter sets. If there is a PowerShell, testdata/powershell/site runs the scripts
// against a mock site.
//
// Publish-UsmtPackage.ps1 writes the rollback record, in JSON: format "usmtpkg
// rollback record", version 1, release, packageId, created, sourceVersion, package
// (path, version, description) and steps (TaskSequence, TaskSequenceName, Kind, Step,
// PackageId), as the site had them before. A second file, the refresh note, has the
// source version that the last requested refresh makes.
package pkgdef
