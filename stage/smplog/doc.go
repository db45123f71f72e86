// Package smplog reads the logs of a state migration point, smssmpsetup.log,
// smpmsi.log and smpmgr.log, and says what they come to: installed, failed, low on
// space, waiting, or nothing.
//
// The logs are not documented as formats. Each sign that this package knows has a
// Basis, and a Finding repeats it:
//
//   - seen: a line of this form was read in a public source, if need be of
//     another role that is built alike, or of Windows Installer;
//   - recalled: from memory of such logs; no source was opened.
//
// The texts of the status messages (STATMSG: ID=…) were seen, and so was the form
// of such lines, in the log of the distribution manager.
//
// Rules:
//   - Of each subject (set-up, answer, space) the last sign in a log counts. Logs
//     are not put in order by their clocks: where two logs disagree, the worse counts.
//   - No sign is no success: the verdict is then Unknown.
//   - smpmsi.log is a log of Windows Installer; the others have lines of either form
//     of ConfigMgr, or, as rolesetup.exe writes them, "<02/09/14 22:53:44> message" (seen,
//     in a log of the software update point). A log is not told by its name: what a line means is in the line.
//
// It does not look at the role itself, nor at status messages in the site's database,
// which are the better source.
package smplog
