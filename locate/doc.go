// Package locate finds the Windows ADK's User State Migration Tool (USMT) and
// checks whether it is complete and unaltered.
//
// Find answers "where is USMT?" and reports every place it looked at:
//
//   - A given source is the USMT folder itself, an ADK root, a kits root
//     (…\Windows Kits\10), or any folder that contains arch folders with
//     scanstate.exe. When the folder is none of these, the folders directly in
//     it are tried, so that …\Windows Kits gives every kit in it.
//   - A given volume is a mounted Windows volume: the kits roots are read from
//     its SOFTWARE hive and re-rooted onto the mount, then its Program Files
//     trees are searched. Nothing outside the mount is ever followed.
//   - Without either, the registry of this machine and the default folders
//     below its Program Files are looked at. Only Windows has those.
//
// A registry value proves nothing: the SDK writes the same ones, and kits go
// stale. A folder is a candidate only if an arch folder in it contains
// scanstate.exe, and its version is the file version of that program. Of
// several candidates the highest version wins. Names are matched without regard
// to case on every system, and given back as they are spelled on disk.
//
// Open gives a candidate as a file system that cannot lead out of its folder,
// and Validate checks it: against rules that hold for every release, and, where
// the files of its release are known (package inventory), against their list.
// TakeInventory makes such a list.
//
// An offline layout (adksetup /layout) is told by a *LayoutError, whose Unpack
// unpacks it into a folder given. Except for that the package writes nothing. It
// does not read the environment and does not run any program of the kit.
package locate
