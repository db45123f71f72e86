package locate

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// signedCatalog is a catalog that lists a file with the content "text", and a Verifier that trusts its signer.
func signedCatalog(t *testing.T) (string, *pe.Verifier) {
	t.Helper()
	key := petest.ECKey(t)
	id := petest.SelfSigned(t, key, petest.Certificate("Test", 2020, 2040, petest.CodeSigning))
	v, err := pe.NewVerifier(func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, []*x509.Certificate{id.Cert})
	if err != nil {
		t.Fatal(err)
	}
	list := petest.CatalogList{Members: [][]byte{petest.FlatMember(crypto.SHA1, "MigApp.xml", []byte("text"))}}
	return string(petest.Catalog(t, petest.Message{Signer: id}, list)), v
}

// found is where catalogs were found, and how many.
func foundCatalogs(t *testing.T, root string, c Catalogs) []string {
	t.Helper()
	list := []string{"none"}
	if c.Path != "" {
		list[0] = filepath.ToSlash(relative(t, root, c.Path))
	}
	for _, one := range c.Catalogs() {
		list = append(list, one.File+" "+string(one.Signature.Verdict))
	}
	return list
}

func TestReadCatalogs(t *testing.T) {
	cat, v := signedCatalog(t)
	const usmt = "/amd64/scanstate.exe"
	tests := []struct {
		name   string
		files  map[string]string
		find   FindOptions // below the root
		want   []string
		looked []string
	}{
		{"installed kit", map[string]string{kit10 + "amd64/scanstate.exe": new10, "Windows Kits/10/Catalogs/a.cat": cat, "Windows Kits/10/catalogs.txt": ""},
			FindOptions{Source: "Windows Kits/10"}, []string{"Windows Kits/10/Catalogs", "a.cat valid"},
			[]string{"Windows Kits/10/Assessment and Deployment Kit/Catalogs: no such folder", "Windows Kits/10/Catalogs: 1 catalogs"}},
		{"USMT folder of an installed kit", map[string]string{kit10 + "amd64/scanstate.exe": new10, "Windows Kits/10/CATALOGS/a.CAT": cat, "Windows Kits/10/CATALOGS/b.cat": "x"},
			FindOptions{Source: strings.TrimSuffix(kit10, "/")}, []string{"Windows Kits/10/CATALOGS", "a.CAT valid", "b.cat tampered"}, nil},
		{"mounted volume", map[string]string{"Program Files (x86)/" + kit10 + "amd64/scanstate.exe": new10, "Program Files (x86)/Windows Kits/10/Catalogs/a.cat": cat},
			FindOptions{Volume: "."}, []string{"Program Files (x86)/Windows Kits/10/Catalogs", "a.cat valid"}, nil},
		{"USMT copied with its catalogs", map[string]string{"copy/USMT" + usmt: new10, "copy/Catalogs/a.cat": cat},
			FindOptions{Source: "copy/USMT"}, []string{"copy/Catalogs", "a.cat valid"}, nil},
		{"USMT copied, catalogs of somebody further up", map[string]string{"copies/copy/USMT" + usmt: new10, "copies/Catalogs/a.cat": cat},
			FindOptions{Source: "copies/copy/USMT"}, []string{"none"}, []string{"copies/copy/Catalogs: no such folder"}},
		{"file with the name of the folder", map[string]string{"copy/USMT" + usmt: new10, "copy/Catalogs": cat},
			FindOptions{Source: "copy/USMT"}, []string{"none"}, []string{"copy/Catalogs: not a folder"}},
		{"empty folder", map[string]string{"copy/USMT" + usmt: new10, "copy/Catalogs/a.txt": cat},
			FindOptions{Source: "copy/USMT"}, []string{"copy/Catalogs"}, []string{"copy/Catalogs: 0 catalogs"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := plant(t, tt.files)
			if tt.find.Source != "" {
				tt.find.Source = filepath.Join(root, tt.find.Source)
			} else {
				tt.find.Volume = root
			}
			r, err := Find(t.Context(), tt.find)
			if err != nil {
				t.Fatal(err)
			}
			best, _ := r.Best()
			got, err := ReadCatalogs(t.Context(), v, best, "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, foundCatalogs(t, root, got)); diff != "" {
				t.Errorf("catalogs (-want +got):\n%s", diff)
			}
			if tt.looked == nil {
				return
			}
			var looked []string
			for _, p := range got.Looked {
				looked = append(looked, filepath.ToSlash(relative(t, root, p.Path))+": "+p.Outcome)
			}
			if diff := cmp.Diff(tt.looked, looked); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing above a mounted volume is looked at.
func TestReadCatalogsStaysOnVolume(t *testing.T) {
	cat, v := signedCatalog(t)
	root := plant(t, map[string]string{
		"Catalogs/a.cat": cat, "disk/amd64/scanstate.exe": new10,
		"disk/" + hivePath: string(hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `C:\`)}, nil, `C:\WINDOWS`))),
	})
	disk := filepath.Join(root, "disk")
	for path, o := range map[string]FindOptions{"": {Volume: disk}, filepath.Join(root, "Catalogs"): {Source: disk}} {
		r, err := Find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		best, _ := r.Best()
		if got, err := ReadCatalogs(t.Context(), v, best, ""); err != nil || best.Path != disk || got.Path != path {
			t.Errorf("%+v: USMT in %q, catalogs in %q, %v, want %q", o, best.Path, got.Path, err, path)
		}
	}
}

func TestReadCatalogsGiven(t *testing.T) {
	cat, v := signedCatalog(t)
	root := plant(t, map[string]string{"some/a.cat": cat, "none/a.txt": cat, "file.cat": cat, "kit/USMT/amd64/scanstate.exe": new10, "kit/Catalogs/b.cat": cat})
	c := Candidate{Path: filepath.Join(root, "kit/USMT"), base: filepath.Join(root, "kit/USMT"), dir: "."}
	got, err := ReadCatalogs(t.Context(), v, c, filepath.Join(root, "some"))
	if diff := cmp.Diff([]string{"some", "a.cat valid"}, foundCatalogs(t, root, got)); diff != "" || err != nil {
		t.Errorf("catalogs (-want +got), %v:\n%s", err, diff)
	}
	if m, ok := got.Flat(crypto.SHA1, petest.Sum(crypto.SHA1, []byte("text"))); !ok || m.Catalog.File != "a.cat" {
		t.Errorf("Flat = %+v, %v, want the member of a.cat", m, ok)
	}
	for given, want := range map[string]string{
		"none": "the folder has no *.cat file", "missing": "no such folder", "file.cat": "not a folder",
	} {
		given = filepath.Join(root, given)
		_, err := ReadCatalogs(t.Context(), v, c, given)
		if e, ok := errors.AsType[*CatalogsError](err); !ok || e.Path != given || err.Error() != "reading the catalogs in "+given+": "+want {
			t.Errorf("ReadCatalogs of %s = %v, want %q", given, err, want)
		}
	}
	// Root can open every file, so that no test of a folder fails like this for all users.
	denied := &fs.PathError{Op: "openat", Path: "a\x1b.cat", Err: fs.ErrPermission}
	if got, want := failureIn(denied), finding.Printable("a\x1b.cat")+": permission denied"; got != want {
		t.Errorf("failureIn = %q, want %q", got, want)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := ReadCatalogs(ctx, v, c, ""); err == nil || err.Error() != "enough" {
		t.Errorf("ReadCatalogs of a cancelled context = %v, want its cause", err)
	}
	// The sample kit is in no folder.
	if got, err := ReadCatalogs(t.Context(), v, Candidate{Path: "sample kit"}, ""); err != nil || got.Path != "" || got.Looked != nil {
		t.Errorf("ReadCatalogs of no folder = %+v, %v, want none", got, err)
	}
}

// The catalogs of a real kit: one that is installed, or as much of one as there is.
func TestGenuineCatalogs(t *testing.T) {
	kits := os.Getenv("USMTPKG_KITS_ROOT")
	if kits == "" {
		t.Skip("NO GENUINE CATALOG WAS VERIFIED: USMTPKG_KITS_ROOT does not name a kits root, such as C:\\Program Files (x86)\\Windows Kits\\10")
	}
	v, err := pe.NewVerifier(time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(kits, adkDir, usmtDir)
	got, err := ReadCatalogs(t.Context(), v, Candidate{Path: dir, base: kits, dir: adkDir + "/" + usmtDir}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Path != filepath.Join(kits, catalogsDir) || len(got.Catalogs()) == 0 {
		t.Fatalf("found %d catalogs in %q: %+v", len(got.Catalogs()), got.Path, got.Looked)
	}
	for _, c := range got.Refused() {
		t.Errorf("%s is %s: %s", c.File, c.Signature.Verdict, c.Signature.Reason)
	}
	kinds, members, total := map[catalog.Kind]int{}, map[string]bool{}, 0
	for name, m := range lookUp(t, os.DirFS(dir), v, got) {
		total++
		if m == nil {
			t.Errorf("%s is not listed by a catalog", name)
			continue
		}
		kinds[m.Kind]++
		members[m.Catalog.File] = true
		if !strings.EqualFold(m.Name, filepath.Base(name)) {
			t.Logf("%s is listed as %s", name, m.Name)
		}
	}
	t.Logf("listed: %v of %d files, by %d of %d catalogs", kinds, total, len(members), len(got.Catalogs()))
}

// lookUp gives the member that lists each file of a folder, or nil.
func lookUp(t *testing.T, fsys fs.FS, v *pe.Verifier, set Catalogs) map[string]*catalog.Member {
	t.Helper()
	found := make(map[string]*catalog.Member)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		found[name] = nil
		for _, h := range set.Digests(path.Base(name), catalog.Flat) {
			if m, ok := set.Flat(h, petest.Sum(h, data)); ok {
				found[name] = &m
			}
		}
		c, err := v.Begin(bytes.NewReader(data), int64(len(data)))
		if errors.As(err, new(*pe.FormatError)) {
			return nil
		}
		if err != nil {
			return err
		}
		c.AlsoDigest(set.Digests(path.Base(name), catalog.Image)...)
		_, _ = c.Write(data)
		for _, h := range set.Digests(path.Base(name), catalog.Image) {
			digest, err := c.Digest(h)
			if err != nil {
				return err
			}
			if m, ok := set.Image(h, digest); ok {
				found[name] = &m
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
