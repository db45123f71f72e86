package locate

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// Options tunes validation. The zero value is ready to use.
type Options struct {
	Policy  Policy
	Workers int // files read at once; 0 means 4, and more where a server answers slowly
	// Prefix is the length, in UTF-16 units, of the longest path that will stand before the arch
	// folders, its last separator included. 0 means that it is not known.
	Prefix int
	// Inventory are lists of the files of known releases, the first that has a release counting.
	// Without any nothing is compared, and nothing said about it.
	Inventory []*inventory.Table
	// Signatures judges the Authenticode signatures of programs. Without it they are not checked,
	// and nothing is said about them.
	Signatures *pe.Verifier
	// Catalogs are the signed catalogs of the kit: they vouch for the content of files that have no
	// signature themselves. Signatures has to be set, too.
	Catalogs *catalog.Set
	// CatalogsUnread says why the catalogs that are there could not be read; nil where nothing failed.
	CatalogsUnread *CatalogsError
	// MSIs are Windows Installer packages. Those of the kit vouch for the content of files that have no
	// signature themselves. Signatures has to be set, too.
	MSIs []*MSI
	// Cabinets are those that the folder was unpacked from.
	Cabinets []SignedCabinet
	// Overlay are the files that are not of the kit, and lie there because they were laid there.
	Overlay []Declared
}

// Facts are what the content of one file says about it, for the inventory of a release.
type Facts struct {
	Machine string // arch a program or DLL is built for, in the words of the arch folders; else ""
	Version string // its file version; "" if it has none
	// Signature is what its Authenticode signature came to; nil if nobody looked.
	Signature *pe.Signature
}

// A Validator collects what is known of a USMT folder and judges it as a whole. Whoever reads
// the files anyway, such as the re-read of a copy, hands them in, so that what is validated is
// what was read. Its methods may be called from several goroutines.
//
// Paths are slash-separated and relative to the USMT folder.
type Validator struct {
	policy Policy
	prefix int
	tables []*inventory.Table
	wants  func() map[string]want // the hashes that lists have, by folded path
	signed *pe.Verifier           // nil: signatures are not checked
	lists  *catalog.Set           // nil: there are no catalogs
	unread *CatalogsError         // why there are none, if some are there
	msis   []*MSI
	cabs   []SignedCabinet
	brief  bool // look at the core files only: see Precheck
	all    bool // hash every file: see TakeInventory

	overlay map[string]*Declared // by path

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one file, folder or other thing.
type entry struct {
	path string
	mode fs.FileMode // type bits
	content
	voucher *Voucher // what Finish found to vouch for the content; nil: nothing
}

// content is what Inspect found out about a file.
type content struct {
	size    int64
	sum     string // SHA-256 in lower-case hexadecimal; "" if nobody computed it
	*detail        // unread until the rest is known; never nil
}

// read reports whether the file was inspected.
func (c content) read() bool { return c.detail != unread }

// detail is what is known of few files only, so that the many others take little memory.
type detail struct {
	textSums
	image *pe.Info // a valid program or DLL
	// signature is what its signature came to; nil if nobody looked.
	signature  *pe.Signature
	catalogued *catalogued // what the catalogs say of the content; nil: nothing
	urlid      string      // of a migration XML file
	fault      *finding.Error
}

// The details of files that have none, or were not inspected. Nobody writes to them.
var unread, noDetail = new(detail), new(detail)

// NewValidator returns a Validator for one USMT folder. The error is that of Policy.Check.
func NewValidator(o Options) (*Validator, error) {
	if err := o.Policy.Check(); err != nil {
		return nil, err
	}
	v := &Validator{policy: o.Policy, prefix: o.Prefix, tables: o.Inventory, signed: o.Signatures, lists: o.Catalogs, unread: o.CatalogsUnread, msis: o.MSIs, cabs: o.Cabinets, entries: make(map[string]*entry)}
	v.overlay = declare(o.Overlay)
	v.wants = sync.OnceValue(v.listed)
	return v, nil
}

// A want says which hashes of a file lists have.
type want struct{ any, text, md5 bool }

// listed returns the folded paths of the files of which a list, or an MSI, has a hash. They all have to be
// hashed: of which release the folder is will only be known in the end.
func (v *Validator) listed() map[string]want {
	wants := make(map[string]want)
	for _, t := range v.tables {
		for _, r := range t.Releases {
			for _, f := range r.Files {
				if f.Hashed() {
					w := wants[fold(f.Path)]
					wants[fold(f.Path)] = want{true, w.text || f.LFSHA256 != "", w.md5 || f.MD5 != ""}
				}
			}
		}
	}
	for _, m := range v.msis {
		for _, f := range m.files {
			if f.md5 != "" {
				w := wants[fold(f.path)]
				w.md5 = true
				wants[fold(f.path)] = w
			}
		}
	}
	return wants
}

// want returns which hashes of a file are wanted.
func (v *Validator) want(name string) want {
	switch {
	case v.brief:
		return want{}
	case v.all:
		return want{any: true, text: kindOf(name) != image}
	}
	return v.wants()[fold(name)]
}

// Enter records an entry of the folder by its path and the type bits of its mode, and reports
// whether to go on with it: to list the folder, or to read the file and call Inspect.
// It says no to what is not part of the package, and to what has a finding already and may not
// be openable on every system. A file entered and never inspected is a finding.
func (v *Validator) Enter(name string, mode fs.FileMode) bool {
	top, _, below := strings.Cut(name, "/")
	arch, ok := archOf(top)
	v.mu.Lock()
	v.add(name, mode.Type())
	v.mu.Unlock()
	switch {
	case !ok || v.policy.forbids(arch):
		return false
	case !below:
		return mode.IsDir()
	}
	return (mode.IsDir() || mode.IsRegular()) && badName(name, path.Base(name)) == nil
}

func (d *detail) facts() Facts {
	if d.image == nil {
		return Facts{}
	}
	f := Facts{Machine: d.image.Machine.String(), Signature: d.signature}
	if !d.image.FileVersion.IsZero() {
		f.Version = d.image.FileVersion.String()
	}
	return f
}

// add returns the entry of a path, which it makes with its folders if need be.
// What was said first about an entry's type stays.
func (v *Validator) add(name string, mode fs.FileMode) *entry {
	if e, ok := v.entries[name]; ok {
		return e
	}
	if dir := path.Dir(name); dir != "." {
		v.add(dir, fs.ModeDir)
	}
	e := &entry{path: name, mode: mode, content: content{detail: unread}}
	v.entries[name] = e
	return e
}

// A kind says how much of a file is looked at.
type kind int

const (
	plain  kind = iota // the size only
	image              // PE headers and version resource
	markup             // the whole text
	setup              // likewise, of an .INF file
)

// looksAt tells how much of a file this Validator looks at.
func (v *Validator) looksAt(name string) kind {
	k := kindOf(name)
	if v.brief && k != image && v.overlay[name] == nil {
		return plain
	}
	return k
}

// isCorePath tells the core files by their path.
func isCorePath(name string) bool { return strings.Count(name, "/") == 1 && isCore(path.Base(name)) }

// kindOf tells the kind of a file by the extension of its name. These are the extensions of USMT's
// own files, and those of the other PE files that Windows loads by name.
func kindOf(name string) kind {
	switch strings.ToLower(path.Ext(name)) {
	case ".exe", ".dll", ".sys", ".mui", ".ocx", ".cpl":
		return image
	case ".xml", ".man", ".xsd":
		return markup
	case ".inf":
		return setup
	}
	return plain
}
