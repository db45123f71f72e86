package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

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

func newKitSigner(tb testing.TB) *kitSigner {
	tb.Helper()
	root := petest.SelfSigned(tb, petest.ECKey(tb), petest.Certificate("Script Root", 2000, 2100, petest.CA))
	id := root.Issue(tb, petest.ECKey(tb), petest.Certificate("Script Kits Publisher", 2000, 2100, petest.CodeSigning))
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
