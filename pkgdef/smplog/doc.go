// Package smplog reads the logs of a state migration point, smssmpsetup.log,
// smpmsi.log and smpmgr.log, and gives a verdict: installed, failed, low on
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
//   - No sign is not a success: the verdict is then Unknown.
//   - Other roles and products write the same lines. A line counts as a success only if the state
//     migration point is named: by the line, its component, the "SMSSMP Setup Started" before
//     it, or the name of the log. A line of another role is not looked at; a failure
//     without any such name counts.
//   - Set-up that began after a success and has no result is Waiting.
//   - smpmsi.log is a log of Windows Installer; the others have lines of either form
//     of ConfigMgr, or, as rolesetup.exe writes them, "<02/09/14 22:53:44> message" (seen,
//     in a log of the software update point). What a line means is in the line, not in the name of the log.
//
// It does not look at the role itself, nor at status messages in the site's database,
// which are the better source.
package smplog
