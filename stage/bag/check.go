package bag

import (
	"maps"
	"slices"
	"strings"
)

// check checks what the tag files must say together.
func (b *Bag) check() error {
	algorithms := slices.Sorted(maps.Keys(b.Payload))
	if b.Version != version097 {
		// 0.97 lets a payload file be in one manifest only.
		for _, a := range algorithms[1:] {
			if err := b.sameFiles(algorithms[0], a); err != nil {
				return err
			}
		}
		if err := b.tagsListManifests(algorithms); err != nil {
			return err
		}
	}
	for i, item := range b.Fetch {
		listed := func(a Algorithm) bool { return lists(b.Payload[a], item.Path) }
		if !slices.ContainsFunc(algorithms, listed) {
			return &SyntaxError{
				File: FetchName, Line: i + 1,
				Found: "path " + quote(item.Path) + ", which no payload manifest lists", Wanted: "a payload file of the bag",
			}
		}
	}
	return nil
}

// sameFiles compares two payload manifests, which are sorted by path.
func (b *Bag) sameFiles(x, y Algorithm) error {
	xs, ys := b.Payload[x], b.Payload[y]
	for i := range max(len(xs), len(ys)) {
		lacks, has, path := y, x, ""
		switch {
		case i < len(xs) && i < len(ys) && xs[i].Path == ys[i].Path:
			continue
		case i == len(xs) || i < len(ys) && ys[i].Path < xs[i].Path:
			lacks, has, path = x, y, ys[i].Path
		default:
			path = xs[i].Path
		}
		return &SyntaxError{
			File:   Manifest{Algorithm: lacks}.Name(),
			Found:  "no " + quote(path) + ", which " + Manifest{Algorithm: has}.Name() + " lists",
			Wanted: "the same files in every payload manifest",
		}
	}
	return nil
}

// tagsListManifests checks that every tag manifest lists every payload manifest.
func (b *Bag) tagsListManifests(payload []Algorithm) error {
	for _, tag := range slices.Sorted(maps.Keys(b.Tags)) {
		for _, a := range payload {
			if err := b.tagListed(tag, Manifest{Algorithm: a}.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Bag) tagListed(a Algorithm, name string) error {
	if lists(b.Tags[a], name) {
		return nil
	}
	return &SyntaxError{File: Manifest{Algorithm: a, Tag: true}.Name(), Found: "no " + quote(name), Wanted: "a row for it"}
}

// checkOwn checks what a bag of this tool has and does not have.
func (b *Bag) checkOwn(l listing) error {
	own := []Manifest{{Algorithm: SHA256}, {Algorithm: SHA256, Tag: true}}
	for _, m := range own {
		if !slices.Contains(l.manifests, m) {
			return &SyntaxError{File: m.Name(), Found: "no such file", Wanted: "the manifest of a release"}
		}
	}
	for _, m := range l.manifests {
		if !slices.Contains(own, m) {
			return &SyntaxError{File: m.Name(), Found: "a manifest", Wanted: "only " + own[0].Name() + " and " + own[1].Name()}
		}
	}
	if l.fetch {
		return &SyntaxError{File: FetchName, Found: "a list of files to fetch", Wanted: "a complete release"}
	}
	if b.Oxum == nil {
		return &SyntaxError{File: InfoName, Found: "no " + oxumLabel, Wanted: "one"}
	}
	for _, name := range []string{DeclarationName, InfoName} {
		if err := b.tagListed(SHA256, name); err != nil {
			return err
		}
	}
	return nil
}

// lists looks a path up in a sorted manifest.
func lists(entries []Entry, path string) bool {
	_, found := slices.BinarySearchFunc(entries, path, func(e Entry, p string) int { return strings.Compare(e.Path, p) })
	return found
}
