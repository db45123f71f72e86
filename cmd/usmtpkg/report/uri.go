package report

import (
	"path/filepath"
	"strings"
)

// relativeURI is a slash-separated relative path as a URI reference (RFC 3986): every byte
// but letters, digits, "-", ".", "_" and "~" is percent-encoded. That is more than has to
// be, and needs no thought about a colon in the first segment, which would make a scheme
// of it. The folder itself, "." or "", is "./".
func relativeURI(path string) string {
	if path == "" || path == "." {
		return "./"
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// folderURI is the file URI of a folder of this machine, with a slash at its end (RFC 8089).
// It is empty for what is no absolute path, and for Windows' device paths (\\?\, \\.\).
func folderURI(dir string) string {
	if !filepath.IsAbs(dir) {
		return ""
	}
	return slashURI(filepath.ToSlash(dir))
}

// slashURI is folderURI for an absolute path with slashes.
func slashURI(path string) string {
	path = strings.TrimRight(path, "/") + "/"
	switch {
	case strings.HasPrefix(path, "//?/"), strings.HasPrefix(path, "//./"):
		return ""
	case strings.HasPrefix(path, "//"): // \\server\share
		return "file:" + relativeURI(path)
	case strings.HasPrefix(path, "/"):
		return "file://" + relativeURI(path)
	}
	drive, rest, _ := strings.Cut(path, ":")
	return "file:///" + relativeURI(drive) + ":" + relativeURI(rest)
}
