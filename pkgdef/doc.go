// Package pkgdef makes the ConfigMgr package definition of exactly one USMT
// release, in three forms, and reads two of them back:
//
//   - WriteSMS, ParseSMS: a package definition file (.sms), for the console's
//     Create Package from Definition.
//   - WritePowerShell: Publish-UsmtPackage.ps1, which creates the package or
//     points it at the release, and sees the content to the distribution points.
//   - WriteJSON, ParseJSON: package.json, the definition for machines.
//
// Rules:
//   - The same Definition always gives the same bytes: no time, no host name.
//   - Nothing is written before the whole definition is found valid, so a field
//     can never forge a key, a section or a PowerShell statement.
//   - A field that is wrong is a *FieldError; all of them are returned joined.
//   - The texts that ConfigMgr shows are printable ASCII, since the .sms format
//     is (documented as "ASCII" in the SDK, "ASCII or UTF-8" today). Only the
//     package source path may hold other characters.
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
//	version      1
//	release      <USMT version>-<first 12 hex of the digest>
//	digest       64 lower-case hex: the SHA-256 of the release's manifest-sha256.txt
//	usmt_version file version of scanstate.exe
//	arches       ["amd64", "arm64", "x86"] or a part of it, in this order
//	package      name, manufacturer, version, language, comment,
//	             program ("placeholder" or "none"), source_path
//
// ParseJSON refuses an unknown version, and a key that is unknown, missing,
// doubled, spelt in another case or out of place; white space is free.
//
// # The PowerShell script
//
// CRLF; ASCII, unless the package source path needs more: then UTF-8 with a byte
// order mark, without which Windows PowerShell 5.1 reads a file as ANSI. Every
// value is a single-quoted literal. Its syntax is tested with a grammar; the
// tests never run it, and never against a site.
//
// The package does not talk to ConfigMgr, does not read the release, and knows
// nothing of task sequences.
package pkgdef
