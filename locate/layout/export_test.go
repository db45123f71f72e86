package layout

// Releases is the table of known installers.
var Releases = releases
