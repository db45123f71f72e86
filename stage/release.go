package stage

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"regexp"

	"usmtpkg/locate/tree"
)

// The format of release.json. Versions before 4 were never released.
const (
	releaseFormat  = "usmtpkg release"
	releaseVersion = 4
)

// maxHead bounds release.json up to its list of files, in bytes: an overlay has
// up to maxOverlay files, and the record of one may have 2 KiB.
const maxHead = 1 << 20

// filesKey begins the list of files, which write puts last.
const filesKey = "\n  \"files\": ["

// write encodes r with these files, their list last and one file a line: it can
// be read up to that list, and two inventories can be compared with diff.
func (r Release) write(w io.Writer, files iter.Seq[InventoryFile]) error {
	r.Files = []InventoryFile{}
	head, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	head = bytes.TrimSuffix(head, []byte("]\n}"))
	if len(head) > maxHead {
		return fmt.Errorf("%s: found %d bytes before its list of files, wanted at most %d", releaseFile, len(head), maxHead)
	}
	out := bufio.NewWriterSize(w, tree.BufferSize)
	_, _ = out.Write(head) // an error stays with the writer until Flush
	between := "\n    "
	for f := range files {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, _ = out.WriteString(between)
		between = ",\n    "
		_, _ = out.Write(line)
	}
	_, _ = out.WriteString("\n  ]\n}\n")
	return out.Flush()
}

// Release reads the record of a published release, without its list of files.
func (l *Library) Release(name string) (Release, error) {
	if !releaseName.MatchString(name) {
		return Release{}, fmt.Errorf("%q is not the name of a release: wanted <version>-<12 hex digits>: %w", name, fs.ErrNotExist)
	}
	root, err := tree.OpenRoot(l.ReleaseDir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Release{}, fmt.Errorf("release %s is not in the library %s: %w", name, l.dir, fs.ErrNotExist)
	}
	if err != nil {
		return Release{}, destination("opening release "+name, err)
	}
	defer root.Close() //nolint:errcheck // only read
	r, err := readRelease(root)
	file := name + "/" + releaseFile
	var broken *FormatError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = &FormatError{file, "it is missing, so the release is incomplete"}
	case errors.As(err, &broken):
		err = &FormatError{file, broken.Reason}
	case err == nil && r.Name != name:
		err = &FormatError{file, fmt.Sprintf("it is the record of release %q", r.Name)}
	}
	return r, err
}

// RecordIn reads the record of the release in dir, wherever that is, without
// its list of files.
func RecordIn(dir string) (Release, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return Release{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	return readRelease(root)
}

// readRelease reads the release.json of an opened release up to its list of
// files, which for 20,000 of them takes five megabytes and which are not needed
// who has the manifest.
func readRelease(root *os.Root) (Release, error) {
	var r Release
	f, err := openRetry(root, releaseFile, math.MaxInt64) // its end is not read
	if err != nil {
		return r, err
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, maxHead))
	if err != nil {
		return r, err
	}
	head, _, found := bytes.Cut(b, []byte(filesKey))
	if found {
		head = append(head, filesKey+"]\n}"...)
	}
	if err := decode(releaseFile, head, releaseFormat, releaseVersion, &r); err != nil {
		return r, err
	}
	if h := r.ContentHash; h != nil && (h.Algorithm != contentHashAlgorithm || !h.Predicted || !contentHashHex.MatchString(h.Value)) {
		return r, &FormatError{releaseFile, fmt.Sprintf("content_hash: found algorithm %d, value %q, predicted %t, wanted algorithm %d, a value of 64 upper-case hex digits, predicted true",
			h.Algorithm, h.Value, h.Predicted, contentHashAlgorithm)}
	}
	if bad := r.badOverlay(); bad != "" {
		return r, &FormatError{releaseFile, bad}
	}
	if !found {
		return r, &FormatError{releaseFile, fmt.Sprintf("no list of files within the first %d bytes", maxHead)}
	}
	if !sha256Hex.MatchString(r.Digest) {
		return r, &FormatError{releaseFile, fmt.Sprintf("digest %q, wanted 64 hex digits", r.Digest)}
	}
	return r, nil
}

var (
	sha256Hex      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	contentHashHex = regexp.MustCompile(`^[0-9A-F]{64}$`)
)

// NameOf returns the name of the release with this version and digest.
func NameOf(version, digest string) string { return version + "-" + digest[:12] }
