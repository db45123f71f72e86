// Package pkgdef makes the ConfigMgr package definition of exactly one USMT
// release, in several forms, and reads two of them back:
//
//   - WriteSMS: a package definition file (.sms), for the console's
//     Create Package from Definition.
//   - WriteScript: PowerShell scripts that bring it to a site: Publish-UsmtPackage.ps1
//     points the package and task sequence steps at the release,
//     Undo-UsmtPackage.ps1 sets that back, New-UsmtTaskSequence.ps1 makes the user
//     state steps, Install-StateMigrationPoint.ps1 installs the role.
//   - WriteJSON, ParseJSON: package.json, the definition for machines.
//
// Settings say what the scripts are to do at the site. One table (Keys) gives their
// checks, the commented example of usmtpkg.yaml and its schema. Lint holds settings
// against a release: what it finds is no error of a key alone.
//
// Rules:
//   - The same Definition always gives the same bytes: no time, no host name.
//   - Nothing is written before the whole definition is found valid, so a field
//     can never forge a key, a section or a PowerShell statement.
//   - A field that is wrong is a *FieldError, a setting a *SettingError; all of them
//     are returned joined.
//   - The texts that ConfigMgr shows are printable ASCII, since the .sms format
//     is (documented as "ASCII" in the SDK, "ASCII or UTF-8" today). Only the
//     package source path and the names in the settings may hold other characters.
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
// The task-sequence steps need no program, but the SDK calls Programs a required
// key, so a placeholder is written by default. With ProgramNone both the key and
// the section are left out; that the console accepts such a file is not proven.
// The file never holds the package source path: the console asks for it.
// Source: https://learn.microsoft.com/mem/configmgr/apps/deploy-use/package-definition-files
//
// # package.json
//
// UTF-8 without a byte order mark, two blanks of indent, LF, a final line end,
// no HTML escaping, every key always there and in this order:
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
//
// ParseJSON reads version 1 too, which ends with package. It refuses any other, and a key that is unknown, missing,
// doubled, spelt in another case or out of place; white space is free.
//
// # The PowerShell scripts
//
// CRLF; ASCII, unless a value needs more: then UTF-8 with a byte order mark, without
// which Windows PowerShell 5.1 reads a file as ANSI. Every script is static text but
// for its header and one block at the top, in which every value is a single-quoted
// literal, a number or a truth value. Task sequences are never written as XML, which
// Microsoft advises against, but by the module's cmdlets. The scripts' syntax is
// tested with a grammar, which also refuses what Windows PowerShell 5.1 does not
// have, and every call against a table of the cmdlets' parameter sets. Where there
// is a PowerShell, testdata/powershell/site runs them against a mock site.
//
// The rollback record that Publish-UsmtPackage.ps1 writes is JSON: format "usmtpkg
// rollback record", version 1, release, packageId, created, sourceVersion, package
// (path, version, description) and steps (TaskSequence, TaskSequenceName, Kind, Step,
// PackageId), as the site had them before. A second file, the refresh note, has the
// source version that the last refresh makes.
//
// The package does not talk to ConfigMgr and does not read the release.
package pkgdef
