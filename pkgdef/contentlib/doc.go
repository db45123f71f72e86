// Package contentlib reads what ConfigMgr has of a package source. It predicts the content hash
// that the site will compute, finds the one it logged, and
// compares the content library (SCCMContentLib) of a site server or distribution
// point with a list of files. It only ever reads: Microsoft says that
// nothing in a content library may be altered, added or removed by others.
//
// None of this is documented as a format by Microsoft. In the comments of this
// package
//
//   - seen means: read in a public source that parses or prints it, chiefly
//     Get-CMPackageFromContentLibrary by Bryan Berns, the tools of the CMLoot
//     family, and log lines on Microsoft's page "Understand package actions";
//   - inferred means: a conclusion of ours from such sources;
//   - unknown means just that.
//
// Nothing here was confirmed on a live site.
//
// The layout (seen):
//
//	PkgLib/<package id>.INI             [Packages] <content id>=   [Info] Version=
//	DataLib/<content id>.INI            [Info] Hash=    the content hash
//	DataLib/<content id>/<tree>/<name>.INI   [File] Size=  Hash=
//	FileLib/<first 4 digits>/<HASH>     the file itself, once however often it is used
//
// PkgLib and DataLib are on one drive, FileLib may be spread over several. The
// content id of a package is <package id>.<source version>.
//
// Rules:
//   - Everything read is bounded, and hostile until shown otherwise: values never
//     become a path unless they are hexadecimal digits or a checked id.
//   - Reads go through *os.Root: no link in the library leads out of it.
//   - Names are compared without regard to case, as Windows does.
//   - What was not looked at is not called the same: Report.Deep reports whether
//     the objects of FileLib were read, or only found and their size compared.
//
// It does not look at who else uses an object (FileLib/…/<HASH>.INI), at RDC
// signatures (.SIG), at attributes and times, or at the site's database, and it
// does not find the drives of a library: the registry of the server knows them
// (HKLM\SOFTWARE\Microsoft\SMS\DP, ContentLibraryPath and ContentLibUsableDrives).
package contentlib
