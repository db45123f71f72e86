package main

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/locate/cab/cabtest"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// A kitSigner signs the programs of scripts' kits, as those of a genuine kit are signed.
// The same program gives the same bytes within a run of the tests.
type kitSigner struct {
	tb   testing.TB
	id   *petest.Identity
	root []byte // PEM

	mu   sync.Mutex
	done map[[sha256.Size]byte][]byte
}

func newKitSigner(tb testing.TB, publisher string) *kitSigner {
	tb.Helper()
	root := petest.SelfSigned(tb, petest.ECKey(tb), petest.Certificate("Script Root", 2000, 2100, petest.CA))
	id := root.Issue(tb, petest.ECKey(tb), petest.Certificate(publisher, 2000, 2100, petest.CodeSigning))
	return &kitSigner{tb: tb, id: id, root: petest.PEM(root.Cert), done: map[[sha256.Size]byte][]byte{}}
}

// sign signs a program.
func (s *kitSigner) sign(image []byte) []byte {
	key := sha256.Sum256(image)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done[key] == nil {
		s.done[key] = petest.Sign(s.tb, image, petest.Message{Signer: s.id})
	}
	return s.done[key]
}

// trusted makes the programs of a script trust the signer.
func (s *kitSigner) trusted(env *testscript.Env) error {
	if err := home(env); err != nil {
		return err
	}
	name := filepath.Join(env.WorkDir, ".home", "root.pem")
	env.Setenv("USMTPKG_TRUST_ROOT", name)
	return os.WriteFile(name, s.root, 0o666)
}

// cmdCatalog makes a catalog of all files below a folder, as the installer of a kit brings one.
func (s *kitSigner) cmdCatalog(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "catalog FILE DIR")
	content, err := s.catalog(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(writeFile(ts.MkAbs(args[0]), content))
}

// catalog returns a signed catalog of all files below a folder.
func (s *kitSigner) catalog(dir string) ([]byte, error) {
	list := petest.CatalogList{Made: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		member := petest.FlatMember
		if slices.Contains([]string{".exe", ".dll"}, filepath.Ext(name)) {
			member = petest.ImageMember
		}
		list.Members = append(list.Members, member(crypto.SHA1, d.Name(), content))
		return err
	})
	return petest.Catalog(s.tb, petest.Message{Signer: s.id}, list), err
}

// cmdMSI makes a Windows Installer package of the kit in a folder, as an ADK has them.
func (s *kitSigner) cmdMSI(ts *testscript.TestScript, neg bool, args []string) {
	const text = "msi FILE DIR [-only REGEXP] [-product V] [-unsigned] [-weak] [-cabinet NAME] [-catalog FILE]"
	usage(ts, !neg && len(args) >= 2, text)
	flags := flag.NewFlagSet("msi", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	only := flags.String("only", "", "")
	product := flags.String("product", "10.1.65000.1", "")
	unsigned := flags.Bool("unsigned", false, "")
	weak := flags.Bool("weak", false, "")
	cabinet := flags.String("cabinet", "", "")
	list := flags.String("catalog", "", "")
	usage(ts, flags.Parse(args[2:]) == nil && flags.NArg() == 0, text)
	wanted, err := regexp.Compile(*only)
	ts.Check(err)
	var files []msitest.File
	dir := ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel := filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))
		if err != nil || d.IsDir() || !wanted.MatchString(rel) {
			return err
		}
		f := msitest.File{Path: rel}
		if f.Data, err = os.ReadFile(name); err != nil {
			return err
		}
		if info, err := pe.Read(bytes.NewReader(f.Data), int64(len(f.Data))); err == nil {
			f.Version = info.FileVersion.String()
		}
		files = append(files, f)
		return nil
	}))
	if *list != "" {
		b, err := os.ReadFile(ts.MkAbs(*list))
		ts.Check(err)
		files = append(files, msitest.File{Path: "../../Catalogs/" + filepath.Base(*list), Data: b})
	}
	kit := msitest.Kit(*product, files...)
	if *cabinet != "" {
		ts.Check(writeFile(filepath.Join(filepath.Dir(ts.MkAbs(args[0])), *cabinet), s.packed(&kit, files, *cabinet, *unsigned)))
	}
	root := kit.Root()
	if !*unsigned {
		root = msitest.Sign(s.tb, root, petest.Message{Signer: s.id}, !*weak)
	}
	ts.Check(writeFile(ts.MkAbs(args[0]), msitest.Compound(root, 4)))
}

// packed returns the cabinet that a package has its files in.
func (s *kitSigner) packed(kit *msitest.Database, files []msitest.File, name string, unsigned bool) []byte {
	for _, t := range kit.Tables {
		if t.Name == "Media" {
			t.Rows[1][3] = name
		}
	}
	var all []byte
	var c cabtest.Cabinet
	for i, f := range files {
		c.Files = append(c.Files, cabtest.File{Name: fmt.Sprintf("fil%d", i+1), Size: len(f.Data), Start: len(all)})
		all = append(all, f.Data...)
	}
	c.Folders = []cabtest.Folder{cabtest.MSZIP(all)}
	if unsigned {
		return c.Bytes()
	}
	return cabtest.Sign(s.tb, c, petest.Message{Signer: s.id})
}

// cmdHive gives the hive that the tests of package locate write.
func cmdHive(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "hive FILE")
	b, err := os.ReadFile(hiveFile)
	ts.Check(err)
	ts.Check(writeFile(ts.MkAbs(args[0]), b))
}

var hiveFile = filepath.Join("..", "..", "locate", "testdata", "installed.hive")
