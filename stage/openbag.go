package stage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/stage/bag"
)

// An openBag is what the tag files of a bag say.
type openBag struct {
	*bag.Bag
	listed
	notes  []string
	faults []*bag.SyntaxError // of a release: what is wrong with its tag files
}

// listed says which files of a bag its manifests list.
type listed struct {
	release     bool // then every file is, except the tag manifest
	partial     bool // not all rows of the payload manifest could be read
	partialTags bool // nor all of the tag manifest
}

// readBag reads the tag files of a bag: a release of ours in the one form that
// is ever written, any other as BagIt allows. Of a release whose tag files are
// damaged it reads what can be read.
func readBag(root *os.Root, o VerifyOptions) (openBag, error) {
	_, err := root.Lstat(releaseFile)
	b := openBag{listed: listed{release: o.Release || err == nil}}
	rules := bag.Rules{Strict: b.release, Warn: func(e *bag.SyntaxError) { b.note(e.Error()) }}
	err = tree.ReadRetry(func() (err error) {
		b.notes = nil
		b.Bag, err = bag.Read(tree.FS(root), rules)
		return err
	})
	var fault *bag.SyntaxError
	if b.release && errors.As(err, &fault) {
		return b, b.salvage(root, fault)
	}
	return b, err
}

// maxNotes bounds the notes of a report: a manifest may have one for each line.
const maxNotes = 20

func (b *openBag) note(text string) {
	if len(b.notes) < maxNotes {
		b.notes = append(b.notes, text)
	}
}

// salvage reads what can be read of the tag files of a release, the first of
// whose faults is known. Where the manifest cannot be relied on to list every
// file, the record does.
func (b *openBag) salvage(root *os.Root, first *bag.SyntaxError) (err error) {
	if b.Bag, b.faults, err = bag.Salvage(tree.FS(root)); err != nil {
		return err
	}
	if b.faultOf(first.File) == nil {
		b.faults = append(b.faults, first)
	}
	for _, f := range b.faults {
		if info, err := root.Lstat(f.File); err == nil && info.Mode().IsRegular() { // of others that is said
			b.note(f.Error())
		}
	}
	manifest, tags := b.unreadable(manifestName), b.unreadable(tagManifestName)
	b.partialTags = tags
	if !manifest {
		return nil
	}
	rec, err := wholeRecord(root)
	var broken *FormatError
	switch {
	case err == nil && len(rec.Files) > 0:
		b.Payload = map[bag.Algorithm][]bag.Entry{bag.SHA256: recordedRows(rec)}
		b.note(fmt.Sprintf("%s is damaged or missing: the files are compared with the list in %s", manifestName.Name(), releaseFile))
		return nil
	case err != nil && !errors.As(err, &broken) && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	b.partial = true
	b.note(fmt.Sprintf("%s and %s are both damaged or missing: %d files are compared, the others are not checked", manifestName.Name(), releaseFile, len(b.Payload[bag.SHA256])))
	return nil
}

// unreadable reports whether a manifest is missing or has rows that cannot be read.
func (b *openBag) unreadable(m bag.Manifest) bool {
	entries := b.Payload
	if m.Tag {
		entries = b.Tags
	}
	return len(entries[bag.SHA256]) == 0 || b.faultOf(m.Name()) != nil
}

func (b *openBag) faultOf(file string) *bag.SyntaxError {
	i := slices.IndexFunc(b.faults, func(f *bag.SyntaxError) bool { return f.File == file })
	if i < 0 {
		return nil
	}
	return b.faults[i]
}

// tag returns what the tag manifest says of a tag file.
func (b *openBag) tag(name string) (sum string, found bool) {
	rows := b.Tags[bag.SHA256]
	i, found := slices.BinarySearchFunc(rows, name, func(e bag.Entry, p string) int { return strings.Compare(e.Path, p) })
	if !found {
		return "", false
	}
	return rows[i].Sum, true
}

// recordedRows returns the rows of the manifest that the record of a release has the
// files for.
func recordedRows(rec Release) []bag.Entry {
	entries := make([]bag.Entry, 0, len(rec.Files))
	for _, f := range rec.Files {
		if winname.PathFault(f.Path) == "" && sha256Hex.MatchString(f.SHA256) {
			entries = append(entries, bag.Entry{Path: dataDir + "/" + f.Path, Sum: f.SHA256})
		}
	}
	slices.SortFunc(entries, func(a, b bag.Entry) int { return strings.Compare(a.Path, b.Path) })
	return entries
}

// ownTags returns the tag files that every release has.
func ownTags() []string {
	return []string{bag.InfoName, bag.DeclarationName, manifestName.Name(), releaseFile, tagManifestName.Name()}
}

// ignored reports whether a file need not be listed. Where the tag manifest cannot
// be read, it is unknown which of the tag files it lists. Other bags may have tag
// files that are not listed.
func (l listed) ignored(p string) bool {
	payload := strings.HasPrefix(p, dataDir+"/")
	switch {
	case !l.release:
		return !payload || isUnlistable(p)
	case payload:
		return l.partial
	case p == tagManifestName.Name():
		return true
	}
	return l.partialTags && (slices.Contains(ownTags(), p) || isCatalog(p))
}

// isCatalog reports whether a name is that of a catalog kept in a release.
func isCatalog(p string) bool {
	return strings.HasPrefix(p, "catalog-") && strings.HasSuffix(p, ".cat")
}

// isUnlistable reports which files no manifest of a bag lists: the tag manifests
// cannot list themselves.
func isUnlistable(p string) bool {
	return strings.HasPrefix(p, "tagmanifest-") && strings.HasSuffix(p, ".txt")
}

// tagFaults returns the results for the tag files of a release that the comparison
// with the tag manifest does not have: of files that are missing or of another
// kind, and of those that fit the tag manifest and break the rules.
func (b *openBag) tagFaults(t Tree, odd map[string]string) (results []FileResult) {
	if !b.release {
		return nil
	}
	for _, name := range ownTags() {
		r := FileResult{Path: name, Verdict: Missing}
		_, there := t.find(name)
		switch {
		case there:
			continue
		case odd[name] != "":
			r.Verdict, r.Found, r.Wanted = Type, odd[name], "file"
		case slices.Contains(t.Dirs, name):
			r.Verdict, r.Found, r.Wanted = Type, "folder", "file"
		}
		results = append(results, r)
	}
	for _, f := range b.faults {
		r := FileResult{Path: f.File, Verdict: Changed, Found: f.Found, Wanted: f.Wanted}
		_, there := t.find(f.File)
		switch {
		case there:
		case f.File == dataDir && odd[dataDir] != "":
			r.Verdict, r.Found, r.Wanted = Type, odd[dataDir], "folder"
		case f.File == dataDir:
			r.Verdict, r.Found, r.Wanted = Missing, "", ""
		default:
			continue // missing, or of another kind: said above
		}
		results = append(results, r)
	}
	return results
}
