package bag

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Salvage reads what can be read of the tag files of a bag that [Read] refuses
// under strict rules: each file by itself, and of a manifest that breaks them
// every row that makes sense on its own. A file that is missing, or is not a
// regular file, is passed over. The faults are those that the strict rules find,
// one for each file. The error is a failure to look.
func Salvage(fsys fs.FS) (*Bag, []*SyntaxError, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, nil, fmt.Errorf("listing the bag: %w", err)
	}
	b := &Bag{Version: version10, Payload: map[Algorithm][]Entry{}, Tags: map[Algorithm][]Entry{}}
	var faults []*SyntaxError
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		err := b.salvage(fsys, e.Name())
		var fault *SyntaxError
		switch {
		case errors.As(err, &fault):
			faults = append(faults, fault)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, nil, err
		}
	}
	return b, faults, nil
}

// salvage reads one tag file of a bag of this tool; others are passed over.
func (b *Bag) salvage(fsys fs.FS, name string) error {
	rules := Rules{Strict: true}
	switch name {
	case DeclarationName:
		return b.readDeclaration(fsys, &rules)
	case InfoName:
		return b.readInfo(fsys, rules)
	}
	m, err := ParseManifestName(name)
	if err != nil || m.Algorithm != SHA256 {
		return nil //nolint:nilerr // not a tag file that this tool writes
	}
	var entries []Entry
	fault := withFile(fsys, name, func(r io.Reader) (err error) {
		entries, err = ParseManifest(r, m, rules)
		return err
	})
	if is := (*SyntaxError)(nil); errors.As(fault, &is) {
		err = withFile(fsys, name, func(r io.Reader) error {
			entries = rows(r, m)
			return nil
		})
	}
	b.manifests(m.Tag)[SHA256] = entries
	return errors.Join(err, fault)
}

// rows reads those rows of a manifest that make sense on their own, sorted by path.
func rows(r io.Reader, m Manifest) []Entry {
	rules := Rules{Version: version10}
	p := manifestParser{
		lines: newLineReader(r, m.Name(), rules), m: m, rules: rules,
		hexLen: m.Algorithm.HexLen(), paths: pathChecker{tag: m.Tag},
	}
	for {
		line, ok, err := p.lines.next()
		if !ok {
			break
		}
		if err != nil {
			continue
		}
		if e, err := p.row(p.texts.keep(line)); err == nil {
			p.entries = append(p.entries, e)
		}
	}
	slices.SortStableFunc(p.entries, byPath)
	return p.entries
}
