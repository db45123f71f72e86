package bag

import (
	"io"
	"io/fs"
	"net/url"
	"strings"
)

// FetchItem is one line of fetch.txt: a payload file that is elsewhere. This
// package fetches nothing. URL and Length are claims of the bag's author.
type FetchItem struct {
	URL    string
	Length int64 // bytes; -1 if not given
	Path   string
}

// readFetch reads fetch.txt.
func (b *Bag) readFetch(fsys fs.FS, rules Rules) error {
	return withFile(fsys, FetchName, func(r io.Reader) error {
		lines := newLineReader(r, FetchName, rules)
		for {
			line, ok, err := lines.next()
			if err != nil || !ok {
				return err
			}
			item, err := parseFetch(string(line), lines, rules)
			if err != nil {
				return err
			}
			b.Fetch = append(b.Fetch, item)
		}
	})
}

// parseFetch reads "url length path". Only the path may contain blanks.
func parseFetch(line string, lines *lineReader, rules Rules) (FetchItem, error) {
	address, rest := cutBlanks(line)
	length, path := cutBlanks(rest)
	if address == "" || path == "" {
		return FetchItem{}, lines.syntax(lines.line, quote(line), "url, length and path")
	}
	if u, err := url.Parse(address); err != nil || !u.IsAbs() {
		return FetchItem{}, lines.syntax(lines.line, "the url "+quote(address), "an absolute URL")
	}
	item := FetchItem{URL: address, Length: -1}
	if length != "-" {
		n, ok := parseCount(length)
		if !ok {
			return FetchItem{}, lines.syntax(lines.line, "the length "+quote(length), `a number of bytes or "-"`)
		}
		item.Length = n
	}
	path, fault := decodePath(path, rules.Version)
	if fault == nil {
		fault = (&pathChecker{strict: rules.Strict}).check(path)
	}
	if fault != nil {
		return FetchItem{}, fault.at(lines.file, lines.line)
	}
	item.Path = path
	return item, nil
}

// cutBlanks returns the text before the first run of blanks and that after it.
func cutBlanks(s string) (before, after string) {
	i := strings.IndexAny(s, blanks)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], blanks)
}
