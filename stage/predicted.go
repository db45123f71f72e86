package stage

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// ContentHash is the content hash that ConfigMgr is expected to compute for a release's package
// source. It is predicted: the algorithm was reverse-engineered by others and never confirmed on
// a live site.
type ContentHash struct {
	Algorithm int      `json:"algorithm"` // 32780: SHA-256 in CryptoAPI, as ConfigMgr prints it
	Value     string   `json:"value"`     // 64 upper-case hex digits, as ConfigMgr prints them
	Predicted bool     `json:"predicted"` // always true: ConfigMgr was not asked
	Doubts    []string `json:"doubts"`    // what may make ConfigMgr's value differ even if the algorithm is right
}

// contentHashAlgorithm is the number of SHA-256 in CryptoAPI.
const contentHashAlgorithm = 32780

// A Predictor predicts the content hash of a package source that has these files and no empty
// folder. An empty hash says that it cannot be predicted.
type Predictor func(files []tree.FileSum) (hash string, doubts []string)

// contentHash returns the prediction for the record; nil if there is none.
func (p Predictor) contentHash(files []tree.FileSum) *ContentHash {
	if p == nil {
		return nil
	}
	value, doubts := p(files)
	if value == "" {
		return nil
	}
	return &ContentHash{Algorithm: contentHashAlgorithm, Value: value, Predicted: true, Doubts: append([]string{}, doubts...)}
}

// contents lists the files of the run for the prediction.
func (r *run) contents() []tree.FileSum {
	files := make([]tree.FileSum, len(r.tree.Files))
	for i, f := range r.tree.Files {
		files[i] = tree.FileSum{Path: f.Path, Size: f.Size, SHA256: r.sums[i]}
	}
	return files
}

// contentsOf lists the files of a manifest for the prediction.
func contentsOf(manifest []bag.Entry) []tree.FileSum {
	files := make([]tree.FileSum, len(manifest))
	for i, e := range manifest {
		files[i] = tree.FileSum{Path: strings.TrimPrefix(e.Path, dataDir+"/"), SHA256: e.Sum}
	}
	return files
}

// manifestSums reads the SHA-256 sums of the payload of an opened release, by their paths below
// its data folder.
func manifestSums(root *os.Root) (map[string]string, error) {
	b, err := bag.Read(tree.FS(root), bag.Rules{Strict: true})
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, e := range b.Payload[bag.SHA256] {
		sums[strings.TrimPrefix(e.Path, dataDir+"/")] = e.Sum
	}
	return sums, nil
}

// maxRecord bounds a whole release.json, in bytes: a quarter of a million files.
const maxRecord = 64 << 20

// PackageFiles lists the files of the package source of the release in dir: the sums are those
// of its manifest, the sizes those of its record. It says nothing about the files that are there now. A
// record that does not fit the manifest is a *FormatError.
func PackageFiles(dir string) ([]tree.FileSum, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read
	sums, err := manifestSums(root)
	if err != nil {
		return nil, err
	}
	rec, err := wholeRecord(root)
	if err != nil {
		return nil, err
	}
	files := make([]tree.FileSum, 0, len(sums))
	for _, f := range rec.Files {
		if sum, ok := sums[f.Path]; !ok || sum != f.SHA256 {
			return nil, &FormatError{releaseFile, fmt.Sprintf("found %q with SHA-256 %q, wanted what the manifest says", f.Path, f.SHA256)}
		}
		delete(sums, f.Path)
		files = append(files, tree.FileSum{Path: f.Path, Size: f.Size, SHA256: f.SHA256})
	}
	if len(sums) > 0 {
		return nil, &FormatError{releaseFile, fmt.Sprintf("%d files of the manifest are not in its list", len(sums))}
	}
	return files, nil
}

// wholeRecord reads the record of an opened release with its list of files.
func wholeRecord(root *os.Root) (Release, error) {
	var rec Release
	f, err := openRetry(root, releaseFile, maxRecord)
	if err != nil {
		return rec, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(f)
	if err != nil {
		return rec, err
	}
	return rec, decode(releaseFile, text, releaseFormat, releaseVersion, &rec)
}

// IsRelease reports whether a folder claims to be a release.
func IsRelease(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, releaseFile))
	return err == nil
}
