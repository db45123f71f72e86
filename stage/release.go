package stage

import (
	"bufio"
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

// releaseFormat is the format of release.json.
const releaseFormat = "usmtpkg release"

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

// filesKey begins the list of files, which write puts last.
const filesKey = "\n  \"files\": ["

// write encodes r, the list of files last and one file a line: it can be read
// up to that list, and two inventories can be compared with diff.
func (r Release) write(w io.Writer) error {
	files := r.Files
	r.Files = []InventoryFile{}
	head, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, bufferSize)
	_, _ = out.Write(bytes.TrimSuffix(head, []byte("]\n}"))) // an error stays with the writer until Flush
	for i, f := range files {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.WriteString("\n    ")
		_, _ = out.Write(line)
	}
	_, _ = out.WriteString("\n  ]\n}\n")
	return out.Flush()
}

// Release reads the record of a published release, without its list of files.
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
	file := name + "/" + releaseFile
	var broken *FormatError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = &FormatError{file, "is missing: the release is not whole"}
	case errors.As(err, &broken):
		err = &FormatError{file, broken.Reason}
	case err == nil && r.Name != name:
		err = &FormatError{file, fmt.Sprintf("it records release %q", r.Name)}
	}
	return r, err
}

// readRelease reads the release.json of an opened release up to its list of
// files, which for 20,000 of them takes five megabytes and which nobody needs
// who has the manifest.
func readRelease(root *os.Root) (Release, error) {
	var r Release
	f, err := root.Open(releaseFile)
	if err != nil {
		return r, err
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, maxMetaFile))
	if err != nil {
		return r, err
	}
	head, _, found := bytes.Cut(b, []byte(filesKey))
	if found {
		head = append(head, filesKey+"]\n}"...)
	}
	if err := decode(releaseFile, head, releaseFormat, &r); err != nil {
		return r, err
	}
	if !found {
		return r, &FormatError{releaseFile, fmt.Sprintf("no list of files within the first %d bytes", maxMetaFile)}
	}
	if !sha256Hex.MatchString(r.Digest) {
		return r, &FormatError{releaseFile, fmt.Sprintf("digest %q, want 64 hex digits", r.Digest)}
	}
	return r, nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// NameOf is the name of the release with this version and digest.
func NameOf(version, digest string) string { return version + "-" + digest[:12] }
