package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
)

// Names in a library. Everything of ours that is not for others begins with a dot.
const (
	markerFile      = "usmtpkg.json"
	currentFile     = "current"
	lockFile        = ".lock"
	definitionsDir  = "definitions"
	attestationsDir = "attestations"
	dataDir         = "data"
	releaseFile     = "release.json"

	markerFormat = "usmtpkg library"

	// formatVersion is the version of marker and lock.
	formatVersion = 1
)

// maxMetaFile bounds the small files of a library, in bytes.
const maxMetaFile = 64 << 10

// releaseName is the form of a release's folder: <version>-<12 hex digits>.
var releaseName = regexp.MustCompile(`^([0-9A-Za-z][0-9A-Za-z.]{0,31})-([0-9a-f]{12})$`)

// A Library is a folder of releases, opened for reading.
type Library struct {
	ID  string
	dir string
}

type marker struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Library string `json:"library"`
}

// Open opens an existing library for reading. A folder that is not a library
// is a *DestinationError that wraps fs.ErrNotExist.
func Open(dir string) (*Library, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	m, err := readMarker(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is not a usmtpkg library: it has no %s: %w", dir, markerFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, destination("opening the library", err)
	}
	return &Library{ID: m.Library, dir: dir}, nil
}

// Dir returns the library's folder, absolute.
func (l *Library) Dir() string { return l.dir }

// readMarker reads the file that makes a folder a library.
func readMarker(root *os.Root) (marker, error) {
	var m marker
	b, err := readSmall(root, markerFile)
	if err != nil {
		return m, err
	}
	if cutOff(b) {
		return m, &FormatError{filepath.Join(root.Name(), markerFile), "the file is empty or cut off; restore it from a backup, or write it again with the id that the key library of any release.json has"}
	}
	if err := decode(markerFile, b, markerFormat, formatVersion, &m); err != nil {
		return m, err
	}
	if len(m.Library) != 2*idBytes {
		return m, &FormatError{markerFile, fmt.Sprintf("found library id %q, wanted %d hex digits", m.Library, 2*idBytes)}
	}
	return m, nil
}

// decode reads one of our JSON formats strictly: this format, a version up to
// the newest that is known, no unknown key, nothing after the object.
func decode(name string, b []byte, format string, newest int, v any) error {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if cutOff(b) {
		return &FormatError{name, "the file is empty or cut off"}
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return &FormatError{name, err.Error()}
	}
	if head.Format != format {
		return &FormatError{name, fmt.Sprintf("found format %q, wanted %q", head.Format, format)}
	}
	if head.Version > newest {
		return &newerError{&FormatError{name, fmt.Sprintf("found version %d of %q, and this usmtpkg reads version %d: use the usmtpkg that wrote it, or a newer one", head.Version, format, newest)}}
	}
	if head.Version != newest {
		return &FormatError{name, fmt.Sprintf("found version %d of %q, which was never released; this usmtpkg reads version %d", head.Version, format, newest)}
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &FormatError{name, err.Error()}
	}
	return nil
}

// cutOff reports whether a JSON text is empty, or ends within its object.
func cutOff(b []byte) bool {
	return errors.Is(json.NewDecoder(bytes.NewReader(b)).Decode(new(json.RawMessage)), io.ErrUnexpectedEOF) || len(bytes.TrimSpace(b)) == 0
}

func readSmall(root *os.Root, name string) ([]byte, error) {
	f, err := openRetry(root, name, maxMetaFile)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(f)
}

// Current returns the name of the active release, empty when there is none.
func (l *Library) Current() (string, error) {
	root, err := tree.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	b, err := readSmall(root, currentFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if bad := (*FormatError)(nil); errors.As(err, &bad) {
		return "", err
	}
	if err != nil {
		return "", destination("reading the active release", err)
	}
	name := strings.TrimSuffix(string(b), "\n")
	if !releaseName.MatchString(name) {
		return "", &FormatError{currentFile, fmt.Sprintf("%q is not the name of a release", name)}
	}
	return name, nil
}

// Releases lists the names of the published releases, sorted. A library that
// does not exist has none.
func (l *Library) Releases() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, destination("listing the library", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && releaseName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// ReleaseDir returns the folder of a release.
func (l *Library) ReleaseDir(name string) string { return filepath.Join(l.dir, name) }

// PackageSource returns the folder of a release that ConfigMgr is given.
func (l *Library) PackageSource(name string) string { return filepath.Join(l.dir, name, dataDir) }

// At returns the library in dir, which need not exist yet: for asking what would be
// done there.
func At(dir string) *Library { return &Library{dir: dir} }
