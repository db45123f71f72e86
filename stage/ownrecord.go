package stage

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/winname"
	"usmtpkg/stage/bag"
)

// ownRecord checks the record of a release by its own rules, and compares it and
// the release's name with the manifest: someone who rewrites files, manifest and
// tag manifest alike is found here, unless he renames the release too. A record
// that a newer usmtpkg wrote is an error.
func ownRecord(root *os.Root, b openBag, predict Predictor) ([]FileResult, error) {
	if !b.release {
		return nil, nil
	}
	changed := func(found string) []FileResult {
		return []FileResult{{Path: releaseFile, Verdict: Changed, Found: found}}
	}
	rec, err := readRelease(root)
	var newer *newerError
	switch {
	case errors.As(err, &newer):
		return nil, err
	case err != nil:
		return changed(reasonOf(err)), nil
	}
	bad, err := recordFault(root, rec, b, predict)
	if err != nil {
		return nil, err
	}
	var results []FileResult
	if bad != "" {
		results = changed(bad)
	}
	sum, err := fileSum(root, manifestName.Name())
	if err != nil {
		return append(results, FileResult{Path: manifestName.Name(), Verdict: Missing}), nil //nolint:nilerr // that is the result
	}
	if row, found := b.tag(manifestName.Name()); found && row == rec.Digest {
		sum = row // if the manifest has another, it alone is at fault, and the comparison with the tag manifest says so
	}
	if rec.Digest != sum {
		results = append(results, FileResult{Path: releaseFile + " (digest)", About: releaseFile, Verdict: Changed, Wanted: rec.Digest, Found: sum})
	}
	if name := path.Base(strings.ReplaceAll(root.Name(), `\`, "/")); releaseName.MatchString(name) && name != NameOf(rec.USMTVersion, sum) {
		results = append(results, FileResult{Path: name + " (name of the release)", About: ".", Verdict: Changed, Wanted: name, Found: NameOf(rec.USMTVersion, sum)})
	}
	return results, nil
}

// reasonOf is what is wrong with a file, without its name.
func reasonOf(err error) string {
	if broken := (*FormatError)(nil); errors.As(err, &broken) {
		return broken.Reason
	}
	return err.Error()
}

// recordFault returns what is wrong with a record whose head could be read, or "".
func recordFault(root *os.Root, rec Release, b openBag, predict Predictor) (string, error) {
	if bad := cmp.Or(rec.badHead(), rec.badJudgement()); bad != "" {
		return bad, nil
	}
	f, err := openRetry(root, releaseFile, math.MaxInt64) // it is read piece by piece
	if err != nil {
		return "", &SourceError{Err: err}
	}
	defer f.Close() //nolint:errcheck // only read
	c := recordCheck{roots: map[string]bool{}, tails: map[string]InventoryFile{}, signatures: map[string]int{}, proofs: map[string]int{}}
	if b.faultOf(manifestName.Name()) == nil && !b.partial {
		c.manifest, c.compare = b.Payload[bag.SHA256], true
		if bad := rec.badContentHash(c.manifest, predict); bad != "" {
			return bad, nil
		}
	}
	if err := c.read(f); err != nil {
		return reasonOf(err), nil
	}
	return c.end(rec), nil
}

// libraryID is the form of a library's id.
var libraryID = regexp.MustCompile(fmt.Sprintf(`^[0-9a-f]{%d}$`, 2*idBytes))

// badHead returns what in the head of a record cannot be, or "".
func (r Release) badHead() string {
	switch {
	case !libraryID.MatchString(r.Library):
		return fmt.Sprintf("library %q, wanted %d hex digits", r.Library, 2*idBytes)
	case !usmtVersion.MatchString(r.USMTVersion):
		return fmt.Sprintf("usmt_version %q, wanted up to 32 letters, digits and dots", r.USMTVersion)
	case r.Name != NameOf(r.USMTVersion, r.Digest):
		return fmt.Sprintf("release %q, wanted %q by usmt_version and digest", r.Name, NameOf(r.USMTVersion, r.Digest))
	}
	for _, m := range []VerifyMode{r.Verify.Requested, r.Verify.Used} {
		if _, err := ParseVerifyMode(string(m)); err != nil {
			return err.Error()
		}
	}
	switch r.Durability {
	case DurableSyncFS, DurableFsync, DurableNotConfirmed:
		return ""
	}
	return fmt.Sprintf("durability %q, wanted syncfs, fsync or not-confirmed", r.Durability)
}

// badContentHash returns what is wrong with the content hash of a record whose
// manifest this is, or "".
func (r Release) badContentHash(manifest []bag.Entry, predict Predictor) string {
	if r.ContentHash == nil {
		return ""
	}
	want := predict.contentHash(contentsOf(manifest))
	if want == nil || want.Value != r.ContentHash.Value {
		return fmt.Sprintf("content_hash %s, wanted the one predicted for its files", r.ContentHash.Value)
	}
	return ""
}

// A recordCheck reads the list of files in a record, one after the other: of
// very many there is no room for all.
type recordCheck struct {
	manifest []bag.Entry // the rows not seen yet
	compare  bool        // with the manifest

	roots map[string]bool
	tails map[string]InventoryFile // what follows path, size and sum: most files have one of few
	last  string
	files int
	bytes int64

	signatures, proofs map[string]int // files by verdict and by proof
}

// maxFileRecord bounds the line of a file, in bytes, and maxTails the tails that
// are remembered.
const (
	maxFileRecord = 64 << 10
	maxTails      = 1000
)

// read reads a record from its beginning to its end. It has one form, with one
// file a line.
func (c *recordCheck) read(record io.Reader) error {
	in := bufio.NewReaderSize(record, maxFileRecord)
	if err := skipHead(in); err != nil {
		return err
	}
	more := false // a comma follows the file before
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("files[%d]: a line of more than %d bytes", c.files, maxFileRecord)
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case string(line) == "  ]\n" && !more:
			return atEnd(in)
		case c.files > 0 && !more:
			return fmt.Errorf("files[%d]: %q, wanted the end of the list", c.files, line)
		}
		object, found := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("    "))
		if !found {
			return fmt.Errorf("files[%d]: %q, wanted a file", c.files, line)
		}
		object, more = bytes.CutSuffix(object, []byte(","))
		f, err := c.parse(object)
		if err != nil {
			return fmt.Errorf("files[%d]: %w", c.files, err)
		}
		if bad := c.file(f); bad != "" {
			return fmt.Errorf("files[%d]: %s", c.files, bad)
		}
		c.count(f)
		c.files++
	}
}

// skipHead reads up to the list of files.
func skipHead(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if string(line) == filesKey[1:]+"\n" {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return errors.New("no list of files")
		}
	}
}

// atEnd makes sure that nothing comes behind the list of files.
func atEnd(in io.Reader) error {
	end, err := io.ReadAll(io.LimitReader(in, 8))
	if err == nil && string(end) != "}\n" {
		err = fmt.Errorf("%q after the list of files, wanted nothing", strings.TrimPrefix(string(end), "}\n"))
	}
	return err
}

// split cuts a file of the list, as it is written if no character of its path is
// escaped, into what is in it. ok is false for others.
func split(object []byte) (f InventoryFile, tail []byte, ok bool) {
	rest, begin := bytes.CutPrefix(object, []byte(`{"path":"`))
	p, rest, closed := bytes.Cut(rest, []byte(`","size":`))
	size, rest, sized := bytes.Cut(rest, []byte(`,"sha256":"`))
	sum, tail, summed := bytes.Cut(rest, []byte(`"`))
	n, err := strconv.ParseUint(string(size), 10, 63)
	if !begin || !closed || !sized || !summed || bytes.ContainsAny(p, `"\`) || err != nil {
		return f, nil, false
	}
	return InventoryFile{Path: string(p), Size: int64(n), SHA256: string(sum)}, tail, true
}

// parse reads a file of the list. To decode each takes as long as to hash small
// ones: where all that differs from a file before is path, size and sum, only
// these are read.
func (c *recordCheck) parse(object []byte) (f InventoryFile, err error) {
	f, tail, ok := split(object)
	if known, found := c.tails[string(tail)]; ok && found {
		known.Path, known.Size, known.SHA256 = f.Path, f.Size, f.SHA256
		return known, nil
	}
	f = InventoryFile{}
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return f, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return f, errors.New("more than one file in a line")
	}
	if ok && len(c.tails) < maxTails {
		c.tails[string(tail)] = f
	}
	return f, nil
}

// file returns what is wrong with a file of the list, or "".
func (c *recordCheck) file(f InventoryFile) string {
	switch {
	case c.compare && len(c.manifest) > 0 && c.manifest[0].Path[len(dataDir)+1:] == f.Path && c.manifest[0].Sum == f.SHA256:
		c.manifest = c.manifest[1:] // what it lists has been checked
	case winname.PathFault(f.Path) != "":
		return fmt.Sprintf("path %q, wanted a relative one", f.Path)
	case f.Path <= c.last:
		return fmt.Sprintf("path %q after %q, wanted a sorted list", f.Path, c.last)
	case !sha256Hex.MatchString(f.SHA256):
		return fmt.Sprintf("sha256 %q, wanted 64 hex digits", f.SHA256)
	case c.compare:
		return fmt.Sprintf("path %q, sha256 %s, wanted what the manifest lists", f.Path, f.SHA256)
	}
	if f.Size < 0 {
		return fmt.Sprintf("size %d, wanted a number of bytes", f.Size)
	}
	c.last, c.bytes = f.Path, c.bytes+f.Size
	if top, _, below := strings.Cut(f.Path, "/"); below && !c.roots[top] {
		c.roots[top] = true
	}
	return ""
}

// end returns what in the record does not fit its list of files, or "".
func (c *recordCheck) end(rec Release) string {
	arches := map[string]bool{}
	for _, a := range rec.Arches {
		arches[a] = true
	}
	switch roots := lower(c.roots); {
	case len(c.manifest) > 0:
		return fmt.Sprintf("%d files of the manifest are not in its list", len(c.manifest))
	case rec.FileCount != c.files || rec.Bytes != c.bytes:
		return fmt.Sprintf("file_count %d, bytes %d, wanted the %d and %d of its list", rec.FileCount, rec.Bytes, c.files, c.bytes)
	case !maps.Equal(arches, roots):
		return fmt.Sprintf("arches %q, wanted the folders of its list, %q", rec.Arches, slices.Sorted(maps.Keys(roots)))
	}
	return c.badCounts(rec)
}
