package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"time"
)

// The format of release.json.
const (
	releaseFormat  = "usmtpkg release"
	releaseVersion = 1
)

// maxReleaseFile bounds release.json, in bytes: 250 bytes for each of a
// quarter of a million files.
const maxReleaseFile = 64 << 20

// Origin tells where a release's content came from.
type Origin struct {
	Path string `json:"path"` // the USMT folder, as it was named
	How  string `json:"how"`  // how it was found
}

// A Release is what release.json records: inventory and provenance.
type Release struct {
	Format      string          `json:"format"`
	Version     int             `json:"version"`
	Library     string          `json:"library"`
	Name        string          `json:"release"`
	Digest      string          `json:"digest"` // SHA-256 of manifest-sha256.txt
	USMTVersion string          `json:"usmt_version"`
	Arches      []string        `json:"arches"`
	Source      Origin          `json:"source"`
	Tool        string          `json:"tool"`
	Created     time.Time       `json:"created"`
	Verify      VerifyRecord    `json:"verify"`
	Durability  Durability      `json:"durability"`
	FileCount   int             `json:"file_count"`
	Bytes       int64           `json:"bytes"`
	Files       []InventoryFile `json:"files"`
}

// VerifyRecord tells how the copy was compared before it was published.
type VerifyRecord struct {
	Requested VerifyMode `json:"requested"`
	Used      VerifyMode `json:"used"`
}

// Durability tells how a release was made to survive a power cut.
type Durability string

// How the content was flushed before the release was published.
const (
	DurableSyncFS       Durability = "syncfs"        // the whole file system, once
	DurableFsync        Durability = "fsync"         // every file by itself
	DurableNotConfirmed Durability = "not-confirmed" // the file system does not support flushing
)

// InventoryFile is one file of a release.
type InventoryFile struct {
	Path        string `json:"path"` // below data/
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	Machine     string `json:"machine,omitempty"`
	FileVersion string `json:"file_version,omitempty"`
	Signature   string `json:"signature,omitempty"`
}

// write encodes r one file a line, so that a release of 20,000 files needs no
// more memory than one of ten, and two inventories can be compared with diff.
func (r Release) write(w io.Writer) error {
	files := r.Files
	r.Files = nil
	head, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	head = bytes.TrimSuffix(head, []byte("null\n}"))
	if _, err := fmt.Fprintf(w, "%s[", head); err != nil {
		return err
	}
	for i, f := range files {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		sep := ",\n    "
		if i == 0 {
			sep = "\n    "
		}
		if _, err := fmt.Fprintf(w, "%s%s", sep, line); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "\n  ]\n}\n")
	return err
}

// Release reads the record of a published release.
func (l *Library) Release(name string) (Release, error) {
	if !releaseName.MatchString(name) {
		return Release{}, fmt.Errorf("release %q: not the name of a release, want <version>-<12 hex digits>: %w", name, fs.ErrNotExist)
	}
	root, err := os.OpenRoot(l.ReleaseDir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Release{}, fmt.Errorf("release %s: not in the library %s: %w", name, l.dir, fs.ErrNotExist)
	}
	if err != nil {
		return Release{}, destination("opening release "+name, err)
	}
	defer root.Close() //nolint:errcheck // only read
	r, err := readRelease(root)
	if err == nil && r.Name != name {
		err = &FormatError{name + "/" + releaseFile, fmt.Sprintf("it records release %q", r.Name)}
	}
	return r, err
}

// readRelease reads the release.json of an opened release.
func readRelease(root *os.Root) (Release, error) {
	var r Release
	b, err := readBounded(root, releaseFile, maxReleaseFile)
	if err != nil {
		return r, err
	}
	if err := decode(releaseFile, b, releaseFormat, releaseVersion, &r); err != nil {
		return r, err
	}
	if !sha256Hex.MatchString(r.Digest) {
		return r, &FormatError{releaseFile, fmt.Sprintf("digest %q, want 64 hex digits", r.Digest)}
	}
	return r, nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// NameOf is the name of the release with this version and digest.
func NameOf(version, digest string) string { return version + "-" + digest[:12] }
