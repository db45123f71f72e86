package locate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/msi"
	"usmtpkg/locate/pe"
)

// MaxMSI is how large an MSI may be, in bytes. Those of USMT have 0.7 MB: their cabinets are beside them.
const MaxMSI = 64 << 20

// An MSI is a Windows Installer package that was read for the files of USMT that it lists: with their
// sizes, with the versions of programs and the MD5 of files without a version.
type MSI struct {
	Path    string // of the file, as it was named
	Name    string // its base name
	SHA256  string // in lower-case hexadecimal; "" if the file was not read
	Product string // its name; what the registry says where the package does not count
	Version string // of the product; "" where the package does not count
	Cached  bool   // it is from the cache of Windows Installer, and was not named by the user
	// Signature is the verdict on the package. Unless it is Valid, the Reason says why the package does
	// not count, and it lists no files.
	Signature pe.Signature

	files      []packedFile
	scanStates []pe.Version // of the programs scanstate.exe that it lists
}

// A packedFile is a file of USMT that a package lists.
type packedFile struct {
	path    string     // arch folder first
	version pe.Version // zero if it has none that can be compared
	size    int64
	md5     string // "" where the package has none
}

// MSIError says why an MSI does not count.
type MSIError struct {
	Path   string
	Reason string
}

func (e *MSIError) Error() string {
	return "the MSI " + finding.Printable(e.Path) + " proves nothing: " + e.Reason
}

// Hint says which to give.
func (e *MSIError) Hint() string { return msiHint }

const msiHint = "use the files \"User State Migration Tool*.msi\" as Microsoft signed them, from the folder Installers of an offline layout (adksetup /layout)"

// Counts reports whether what the package lists is believed.
func (m *MSI) Counts() bool { return m.Signature.Verdict == pe.Valid }

// Err returns a *MSIError if the package does not count.
func (m *MSI) Err() error {
	if m.Counts() {
		return nil
	}
	return &MSIError{m.Path, m.reason()}
}

func (m *MSI) reason() string {
	if m.Signature.Reason == "" {
		return string(m.Signature.Verdict)
	}
	return string(m.Signature.Verdict) + ": " + m.Signature.Reason
}

// refuse makes the package one that does not count.
func (m *MSI) refuse(reason string) *MSI {
	m.Signature.Verdict, m.Signature.Reason = pe.Unsupported, reason
	return m
}

// ReadMSI reads and verifies a package. What does not count comes back with the reason in its Signature,
// and nothing else is read of it.
func ReadMSI(v *pe.Verifier, path string, data []byte) (m *MSI) {
	asPublished(func() { m = readMSI(v, path, data) })
	return m
}

func readMSI(v *pe.Verifier, path string, data []byte) *MSI {
	sum := sha256.Sum256(data)
	m := &MSI{Path: path, Name: filepath.Base(path), SHA256: hex.EncodeToString(sum[:])}
	db, err := msi.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return m.refuse(err.Error())
	}
	sig, err := db.Signature(v)
	if err != nil {
		return m.refuse(err.Error())
	}
	switch m.Signature = sig.Signature; {
	case sig.Verdict != pe.Valid:
		return m
	case !sig.Names:
		return m.refuse("its signature leaves out the names and sizes of its tables, so what they list may have been moved")
	}
	if err := m.read(db); err != nil {
		return m.refuse(err.Error())
	}
	return m
}

// read takes down what the package lists of USMT.
func (m *MSI) read(db *msi.Database) (err error) {
	if m.Product, err = db.Property("ProductName"); err != nil {
		return err
	}
	if m.Version, err = db.Property("ProductVersion"); err != nil {
		return err
	}
	list, err := db.Files()
	if err != nil {
		return err
	}
	for _, f := range list {
		dir, name, ok := f.USMT()
		arch, isArch := archOf(dir)
		if !ok || !isArch {
			continue
		}
		p := packedFile{path: arch + "/" + name, size: f.Size, md5: hex.EncodeToString(f.MD5)}
		if v, err := pe.ParseVersion(f.Version); err == nil {
			p.version = v
		}
		if fold(name) == fold(scanState) && !p.version.IsZero() {
			m.scanStates = append(m.scanStates, p.version)
		}
		m.files = append(m.files, p)
	}
	return nil
}
