package catalog_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/pe/petest"
)

func TestSet(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(t)
	one := catalog.Read(v, "1.cat", w.sign(t, petest.CatalogList{Members: both(crypto.SHA1)}))
	two := catalog.Read(v, "2.cat", w.sign(t, petest.CatalogList{Kind: petest.OIDMembers2, Members: append(both(crypto.SHA256),
		petest.FlatMember(crypto.SHA1, "MIGAPP.XML", []byte("of another folder")))}))
	again := catalog.Read(v, "3.cat", one.Raw)
	s := catalog.NewSet(one, two, again)
	sha1, sha256 := petest.Sum(crypto.SHA1, text), petest.Sum(crypto.SHA256, text)
	digest := petest.Digest(crypto.SHA256, petest.Padded(image))

	if m, ok := s.Flat(crypto.SHA1, sha1); !ok || m.Catalog != one || m.Name != "MigApp.xml" {
		t.Errorf("Flat of SHA-1 = %+v, %v, want MigApp.xml of the first catalog", m, ok)
	}
	if m, ok := s.Flat(crypto.SHA256, sha256); !ok || m.Catalog != two {
		t.Errorf("Flat of SHA-256 = %+v, %v, want the second catalog", m, ok)
	}
	if m, ok := s.Image(crypto.SHA256, digest); !ok || m.Catalog != two || m.Name != "unbcl.dll" {
		t.Errorf("Image = %+v, %v, want unbcl.dll of the second catalog", m, ok)
	}
	// A digest counts for what it was taken of only, and by its own algorithm.
	if _, ok := s.Image(crypto.SHA256, sha256); ok {
		t.Error("Image found the hash of a text")
	}
	if _, ok := s.Flat(crypto.SHA256, digest); ok {
		t.Error("Flat found the digest of a program")
	}
	if _, ok := s.Flat(crypto.SHA512, sha256); ok {
		t.Error("Flat found a SHA-256 sum as one of SHA-512")
	}
	var from []string
	for _, m := range s.Named("migapp.XML") {
		from = append(from, m.Catalog.File)
	}
	if want := []string{"1.cat", "2.cat", "2.cat", "3.cat"}; !slices.Equal(from, want) {
		t.Errorf("Named = %q, want %q", from, want)
	}
	if got := s.Named("M\u0131gApp.xml"); len(got) != 0 {
		t.Errorf("Named of a name with a dotless i = %v, want none", got)
	}
	if got, want := s.Digests("migAPP.xml", catalog.Flat), []crypto.Hash{crypto.SHA1, crypto.SHA256}; !slices.Equal(got, want) {
		t.Errorf("Digests = %v, want %v", got, want)
	}
	if got := s.Digests("other.xml", catalog.Flat); len(got) != 0 {
		t.Errorf("Digests of a file that is not listed = %v, want none", got)
	}
	nameless := catalog.NewSet(catalog.Read(v, "4.cat", w.sign(t, petest.CatalogList{Members: [][]byte{petest.FlatMember(crypto.SHA1, "", text)}})))
	if got := nameless.Digests("other.xml", catalog.Flat); !slices.Equal(got, []crypto.Hash{crypto.SHA1}) {
		t.Errorf("Digests of a file that a member without a name may list = %v, want SHA-1", got)
	}
	if n := len(s.Refused()); n != 0 || len(s.Catalogs()) != 3 {
		t.Errorf("found %d refused of %d, want 0 of 3", n, len(s.Catalogs()))
	}
}

func TestNoSet(t *testing.T) {
	var s *catalog.Set
	_, flat := s.Flat(crypto.SHA1, nil)
	_, image := s.Image(crypto.SHA1, nil)
	if flat || image || s.Named("") != nil || s.Digests("a", catalog.Flat) != nil || s.Catalogs() != nil || s.Refused() != nil {
		t.Error("a nil Set is not empty")
	}
}

func TestReadFS(t *testing.T) {
	w := newWorld(t)
	signed := &fstest.MapFile{Data: w.sign(t, petest.CatalogList{Members: both(crypto.SHA1)})}
	fsys := fstest.MapFS{
		"b.cat": signed, "A.CAT": signed, "sub/c.cat": signed, "cat": signed, "cat.xml": signed,
		"altered.cat": {Data: signed.Data[:len(signed.Data)-1]},
		"folder.cat":  {Mode: fs.ModeDir},
		"pipe.cat":    {Mode: fs.ModeNamedPipe},
		"large.cat":   {Data: make([]byte, catalog.MaxSize+1)},
	}
	s, err := catalog.ReadFS(t.Context(), w.verifier(t), fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Catalogs() {
		reason, _, _ := strings.Cut(c.Signature.Reason, ":")
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", c.File, c.Signature.Verdict, len(c.Members), reason)))
	}
	want := []string{
		"A.CAT valid 2", "altered.cat tampered 0 signature", "b.cat valid 2", "folder.cat unsupported 0 it is not a regular file",
		"large.cat unsupported 0 it has more than 4 MiB", "pipe.cat unsupported 0 it is not a regular file",
	}
	if !slices.Equal(got, want) {
		t.Errorf("ReadFS = %q, want %q", got, want)
	}
	if m, ok := s.Flat(crypto.SHA1, petest.Sum(crypto.SHA1, text)); !ok || m.Catalog.File != "A.CAT" {
		t.Errorf("Flat = %+v, %v, want a member of A.CAT", m, ok)
	}
	if n := len(s.Refused()); n != 4 {
		t.Errorf("Refused = %d catalogs, want 4", n)
	}
}

func TestReadFSLimits(t *testing.T) {
	v := newWorld(t).verifier(t)
	many, large := fstest.MapFS{}, fstest.MapFS{}
	for i := range catalog.MaxCatalogs + 1 {
		many[fmt.Sprintf("%04d.cat", i)] = &fstest.MapFile{}
	}
	for i := range catalog.MaxTotal/catalog.MaxSize + 1 {
		large[fmt.Sprintf("%02d.cat", i)] = &fstest.MapFile{Data: make([]byte, catalog.MaxSize)}
	}
	for _, tt := range []struct {
		fsys fs.FS
		want string
	}{
		{many, "more than 4096 catalogs"},
		{large, "the catalogs up to 16.cat have 68 MiB; at most 64 MiB are read"},
	} {
		if _, err := catalog.ReadFS(t.Context(), v, tt.fsys); err == nil || err.Error() != tt.want {
			t.Errorf("ReadFS = %v, want %s", err, tt.want)
		}
	}
}

// What cannot be looked at is an error, not a missing catalog.
func TestReadFSFailures(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(t)
	fsys := fstest.MapFS{"a.cat": {Data: w.sign(t, petest.CatalogList{Members: both(crypto.SHA1)})}}
	if _, err := catalog.ReadFS(t.Context(), v, failing{fsys}); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "a.cat") {
		t.Errorf("ReadFS of a file that cannot be opened = %v, want %v", err, fs.ErrPermission)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.ReadFS(ctx, v, fsys); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadFS of a cancelled context = %v", err)
	}
	if s, err := catalog.ReadFS(t.Context(), v, fstest.MapFS{}); err != nil || len(s.Catalogs()) != 0 {
		t.Errorf("ReadFS of an empty folder = %v, %v", s, err)
	}
}

// failing opens no file.
type failing struct{ fstest.MapFS }

func (f failing) Open(name string) (fs.File, error) {
	if name == "." {
		return f.MapFS.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
