package locate

import "usmtpkg/locate/finding"

// RulesVersion names this set of rules, by year and month, with a letter behind it from the second
// of a month on. Releases record it. It changes with every change of a rule that can change the
// findings of a folder, their severity, or what is not checked.
const RulesVersion = "2026-11j"

// A rule is what a finding says whatever the file: its stable id, its weight, the next step
// for the reader, and where the claim comes from.
// Sources say how sure they are: "documented" is written in the source named, "measured" was read
// off the file lists of genuine releases, "inferred" is a conclusion of ours.
type rule struct {
	id       string
	severity finding.Severity
	hint     string
	source   string
}

// at makes the rule's finding about path.
func (r rule) at(path, found, wanted string) *finding.Error {
	return &finding.Error{
		Rule: r.id, Severity: r.severity, Path: finding.Printable(path), File: path,
		Found: found, Wanted: wanted, Hint: r.hint, Source: r.source,
	}
}

// measured names the releases whose file lists the rules were drawn from.
const measured = "measured on USMT 6.2.9200, 10.0.10586, 10.0.15063 and 10.0.26100.1 (copies of 2014 to 2024)"

const copyAgain = "copy the folder again from the installed kit, or repair the kit with adksetup.exe"

// Rules about the arch folders.
var (
	archMissing = rule{id: "arch-missing", severity: finding.SeverityError,
		hint: "give the folder that contains the arch folders, or change the arch policy"}
	archEmpty = rule{id: "arch-empty", severity: finding.SeverityError,
		hint: copyAgain + ", or remove the empty folder if the arch is not wanted"}
	archForbidden = rule{id: "arch-forbidden", severity: finding.SeverityError,
		hint: "give a source without this folder, or change the arch policy"}
	archX86Missing = rule{id: "arch-x86-missing", severity: finding.SeverityWarning,
		hint: "this package cannot serve 32-bit Windows; if you have none, accept that with --forbid-arch x86",
		source: "documented: the task sequence steps take the USMT of the operating system's arch (Microsoft Learn, 2022); " +
			"measured: USMT 10.0.26100.1 (May 2024) still has x86, newer kits are not known"}
	archARM64Unverified = rule{id: "arch-arm64-unverified", severity: finding.SeverityWarning,
		hint: "accept it with --allow-arch arm64,x86, or give a copy of the kit without the folder",
		source: "not established: the documentation of the task sequence steps names x86 and amd64 only (Microsoft Learn, 2022), " +
			"and no public source up to September 2026 says whether OsdMigrateUserState.exe takes arm64"}
	archVersionMixed = rule{id: "arch-version-mixed", severity: finding.SeverityError,
		hint:   "take all arch folders from one kit",
		source: "measured: the arches of USMT 10.0.15063.0 and 10.0.26100.1 have one version each (copies of 2023 and 2024)"}
	kitUnsupported = rule{id: "kit-unsupported", severity: finding.SeverityWarning,
		hint: "install a kit that your ConfigMgr version supports, such as 10.1.26100.1",
		source: "documented: ADK 10.1.25398.1 of September 2023 is not supported by ConfigMgr, because of faults in WinPE " +
			"(Microsoft Learn, Support for the Windows ADK, May 2024); inferred: its USMT has version 10.0.25398"}
	leftOut = rule{id: "left-out", severity: finding.SeverityInfo,
		hint: "only the folders amd64, arm64 and x86 are part of the package"}
)

// Rules about files that must be there.
var (
	coreMissing = rule{id: "core-missing", severity: finding.SeverityError, hint: copyAgain, source: measured}
	coreEmpty   = rule{id: "core-empty", severity: finding.SeverityError, hint: copyAgain, source: measured}
	fileEmpty   = rule{id: "file-empty", severity: finding.SeverityWarning, hint: copyAgain + ", or remove the file if it is yours",
		source: measured + ": no file is empty"}
	manifestsMissing = rule{id: "manifests-missing", severity: finding.SeverityError,
		hint:   "without it ScanState succeeds, but skips system settings without a warning; " + copyAgain,
		source: "documented: Ask the Directory Services Team, Don't mess about with USMT's included manifests, 2010-08-25"}
	manifestsEmpty = rule{id: "manifests-empty", severity: finding.SeverityError,
		hint: manifestsMissing.hint, source: manifestsMissing.source}
	listPair = rule{id: "list-pair", severity: finding.SeverityWarning,
		hint:   "the file was probably lost in a copy; " + copyAgain,
		source: "inferred: " + measured + ": each SFPAT<release>.INF except SFPATPG.INF comes with its SFLIST<release>.DAT"}
	siblingMissing = rule{id: "sibling-missing", severity: finding.SeverityWarning,
		hint: "the file was probably lost in a copy; " + copyAgain +
			"; if it is your own file, add it with --overlay, which puts it into every arch folder",
		source: "inferred: measured on USMT 10.0.15063.0, 10.0.26100.1 and 10.0.26100.2454: amd64 and x86 have files of the same names, " +
			"and every file of arm64 is in amd64 (copies of 2023 and 2024, installers of December 2024)"}
	notInspected = rule{id: "not-inspected", severity: finding.SeverityError,
		hint: "validate the folder again; a file whose content was not read never counts as good"}
)

// Rules about what a known release consists of. The source of each finding is the inventory it is based on.
var (
	inventoryMissing = rule{id: "inventory-missing", severity: finding.SeverityError, hint: "the file was probably lost in a copy; " + copyAgain}
	inventoryDiffers = rule{id: "inventory-differs", severity: finding.SeverityError,
		hint: "the file was altered, or is from another release; " + copyAgain +
			"; a file that you changed on purpose belongs in an overlay: --overlay-replace"}
	inventoryDoubtful = rule{id: "inventory-differs-unconfirmed", severity: finding.SeverityWarning,
		hint: "the list is based on one copy, so either may be the altered one; prove the file with the kit's signed catalogs (--catalogs) or its Windows Installer databases (--msi)"}
	inventoryVersion = rule{id: "inventory-version", severity: finding.SeverityError, hint: "the file is from another release; " + copyAgain}
	inventoryExtra   = rule{id: "inventory-extra", severity: finding.SeverityInfo,
		hint: "expected if you added it, such as your own migration XML file"}
	inventoryUnknown = rule{id: "inventory-unknown", severity: finding.SeverityInfo,
		hint: "no inventory is known for it, so only the core rules apply and the arch folders are compared with each other: " +
			"a file that is altered, or lost in every arch folder, may go unnoticed; " +
			"make one from a kit you trust with usmtpkg inventory, and give it with --inventory"}
)

// Rules about what is in a file.
var (
	peHidden = rule{id: "pe-hidden", severity: finding.SeverityError,
		hint: "a manifest can load it under any name, and no check of programs would see it; remove it, or give it the extension of a program"}
	peInvalid = rule{id: "pe-invalid", severity: finding.SeverityError, hint: copyAgain}
	peMachine = rule{id: "pe-machine", severity: finding.SeverityError,
		hint: "the file belongs in another arch folder; " + copyAgain}
	peVersionMixed = rule{id: "pe-version-mixed", severity: finding.SeverityError,
		hint: "the kit is half upgraded or two kits were mixed; " + copyAgain, source: measured}
	xmlMalformed = rule{id: "xml-malformed", severity: finding.SeverityError,
		hint: "USMT reads well-formed XML only; correct the file, or " + copyAgain}
	manifestRoot = rule{id: "manifest-root", severity: finding.SeverityError,
		hint:   "this is not a manifest, so USMT would leave out what it migrates; " + copyAgain,
		source: "measured: the root element of all 1,065 manifests of the measured copies (2014 to 2024) is assembly"}
	infBinary = rule{id: "inf-binary", severity: finding.SeverityError,
		hint:   "this is not an .INF file: it was damaged or replaced; " + copyAgain,
		source: "measured: all 42 .INF files of the measured copies (2014 to 2024) are texts"}
	migXMLRoot = rule{id: "migxml-root", severity: finding.SeverityError,
		hint:   "a migration XML file has the root element migration; if it is a Config.xml file, give it a name that begins with Config",
		source: "documented: Microsoft Learn, USMT XML file requirements"}
	migXMLURLID = rule{id: "migxml-urlid", severity: finding.SeverityError,
		hint:   "give the root element a urlid that no other file has",
		source: "documented: Microsoft Learn, USMT XML file requirements"}
	urlidDuplicate = rule{id: "urlid-duplicate", severity: finding.SeverityError,
		hint:   "give each file its own urlid: of two files with the same urlid ScanState silently ignores the second",
		source: "documented: Microsoft Learn, USMT best practices"}
)

// Rules about which program a program is.
var (
	programMisnamed = rule{id: "program-misnamed", severity: finding.SeverityError,
		hint: "this is another program of USMT under this name, and its signature does not show that; " + copyAgain, source: measuredNames}
	programUnfamiliar = rule{id: "program-unfamiliar", severity: finding.SeverityWarning,
		hint:   "compare it with the same file of a kit you trust; a copy of a program under a second name belongs elsewhere",
		source: "inferred: " + measuredNames}
)

// measuredNames says what is known of the names under which programs were built.
const measuredNames = "measured on 120 programs of USMT 10.0.15063.0, 10.0.26100.1 and 10.0.26100.2454: each was built under its own name, " +
	"except migsys.dll (MigSysHelper.DLL) and TlsRepPlugin.dll (WMIMigrationPlugin.dll)"

// Rules about signatures. A hash that is listed says more than any of them, but only of the
// releases that are known.
var (
	signatureTampered = rule{id: "signature-tampered", severity: finding.SeverityError,
		hint: "the file was altered after it was signed: do not use it; " + copyAgain}
	signatureUntrusted = rule{id: "signature-untrusted", severity: finding.SeverityError,
		hint: "anyone can sign under any name; if the kit was signed again on purpose, give the root certificate with --trust-root"}
	signatureExpired = rule{id: "signature-expired", severity: finding.SeverityError,
		hint: "nothing shows that the certificate was good when it was used; " + copyAgain}
	signatureUnsupported = rule{id: "signature-unsupported", severity: finding.SeverityWarning,
		hint:   "usmtpkg cannot check it; use Get-AuthenticodeSignature on Windows",
		source: "measured: all signatures of USMT 10.0.26100.1 (copy of 2024) are of a supported kind"}
	signatureMissing = rule{id: "signature-missing", severity: finding.SeverityError,
		hint: "the signature was removed, or the program does not belong to the kit; " + copyAgain +
			"; add your own programs with --overlay",
		source: "the inventory of the release"}
	signatureUnproven = rule{id: "signature-unproven", severity: finding.SeverityWarning,
		hint: "the signature may have been removed: compare the file with one of a kit you trust, or give that kit's list with --inventory",
		source: "measured: all programs in the roots of USMT 10.0.10586, 10.0.15063 and 10.0.26100.1 are signed, of 6.2.9200 only some " +
			"(copies of 2014 to 2024)"}
	proofMissing = rule{id: "proof-missing", severity: finding.SeverityError,
		hint: "give the kit's signed catalogs with --catalogs, its Windows Installer database with --msi, or a list from a kit you trust with --inventory; usmtpkg validate -v lists the files"}
	catalogDiffers = rule{id: "catalog-differs", severity: finding.SeverityError,
		hint:   "the file was altered, or is from another kit; " + copyAgain,
		source: "the signed catalog of the kit"}
	catalogMissing = rule{id: "catalog-missing", severity: finding.SeverityWarning,
		hint:   "the file was probably lost in a copy; " + copyAgain,
		source: "measured: all files that the public catalogs of USMT 10.0.26100.2454 list are in its arch folders; inferred for others"}
	catalogRefused = rule{id: "catalog-refused", severity: finding.SeverityWarning,
		hint: "this catalog proves nothing; copy it again from the installed kit"}
	msiDiffers = rule{id: "msi-differs", severity: finding.SeverityError,
		hint: "the file was altered, or is from another release; " + copyAgain +
			"; a file that you changed on purpose belongs in an overlay: --overlay-replace"}
	msiMissing = rule{id: "msi-missing", severity: finding.SeverityError, hint: "the file was probably lost in a copy; " + copyAgain}
	msiRefused = rule{id: "msi-refused", severity: finding.SeverityInfo,
		hint: "the package in the cache of Windows Installer proves nothing; give the kit's own with --msi"}
	msiUnproven = rule{id: "msi-unproven", severity: finding.SeverityWarning,
		hint: "what the layout's package says of its files proves nothing; make the layout again with Microsoft's adksetup /layout, or take the files from an installed kit"}
	msiUnrelated = rule{id: "msi-unrelated", severity: finding.SeverityWarning,
		hint:   "give the MSIs of this kit: \"User State Migration Tool*.msi\" in the folder Installers of its offline layout (adksetup /layout)",
		source: "measured: the MSIs of USMT 10.0.26100.2454 have the version 10.1.26100.2454, and list scanstate.exe with its file version"}
	cabinetUnproven = rule{id: "cabinet-unproven", severity: finding.SeverityWarning,
		hint:   "something altered the cabinet; make the layout again with Microsoft's adksetup /layout",
		source: "measured: all 182 cabinets of ADK 10.1.26100.2454 that were read are signed by Microsoft Corporation"}
	signatureNone = rule{id: "signature-none", severity: finding.SeverityInfo,
		hint: "genuine kits have such plug-ins below their manifest folders; on Windows a catalog may prove it"}
)

// Rules about entries and their names.
var (
	entryType = rule{id: "entry-type", severity: finding.SeverityError,
		hint: "replace it with the file or folder itself; usmtpkg never follows links, junctions or devices"}
	nameWindows = rule{id: "name-windows", severity: finding.SeverityError, hint: "rename it: Windows refuses the name",
		source: "documented: Microsoft Learn, Naming Files, Paths, and Namespaces"}
	nameEncoding  = rule{id: "name-encoding", severity: finding.SeverityError, hint: "rename it in Unicode"}
	nameCollision = rule{id: "name-collision", severity: finding.SeverityError,
		hint: "remove or rename one of them: to Windows they have the same name"}
	nameTwin = rule{id: "name-unicode-twin", severity: finding.SeverityError,
		hint: "remove or rename one of them: on some systems they have the same name"}
	pathLength = rule{id: "path-length", severity: finding.SeverityError, hint: "shorten the name, or the path of the library",
		source: "documented: USMT refuses arguments over 256 characters (Microsoft Learn, USMT return codes, code 12); " +
			"Windows paths end at 260, names at 255 (Microsoft Learn, Maximum Path Length Limitation)"}
)
