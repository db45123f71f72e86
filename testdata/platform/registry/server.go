// Package registry tries push and pull against real registries on this machine, with TLS and a
// login: distribution 3, and Debian's docker-registry. Neither has the referrers API.
package registry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"usmtpkg/testdata/platform"
)

const user, password = "ci", "a password"

// A server is a registry, and a wire to it that counts what passes and can be cut.
type server struct {
	dir, config string
	Host        string // of the wire
	CA          string // the file of its certificate
	Storage     string

	program []string
	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	onKill  func()
	target  string
	wire    net.Listener
	toward  atomic.Int64 // bytes to the registry
	back    atomic.Int64 // bytes from it
	killAt  atomic.Int64 // bytes after which the registry is killed; 0: never
}

// start starts a registry, whose program takes the name of a configuration file.
func start(t *testing.T, program ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{dir: dir, program: program, config: filepath.Join(dir, "config.yml"), CA: filepath.Join(dir, "cert.pem"), Storage: filepath.Join(dir, "storage")}
	var err error
	if s.wire, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.wire.Close() })
	s.Host = s.wire.Addr().String()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.target = free.Addr().String()
	_ = free.Close()
	s.certify(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	platform.Write(t, filepath.Join(dir, "passwords"), fmt.Appendf(nil, "%s:%s\n", user, hash))
	platform.Write(t, filepath.Join(dir, "password"), []byte(password+"\n"))
	platform.Write(t, s.config, fmt.Appendf(nil, `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q, host: %q, secret: of a test, tls: {certificate: %q, key: %q}}
auth: {htpasswd: {realm: test, path: %q}}
`, s.Storage, s.target, "https://"+s.Host, s.CA, filepath.Join(dir, "key.pem"), filepath.Join(dir, "passwords")))
	s.Run(t)
	go s.serve()
	return s
}

// certify makes the certificate of this machine.
func (s *server) certify(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	platform.Write(t, s.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	platform.Write(t, filepath.Join(s.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// Run runs the registry until the end of the test, or until it is killed.
func (s *server) Run(t *testing.T) {
	t.Helper()
	s.killAt.Store(0)
	ctx, cancel := context.WithCancel(context.Background())
	p := exec.CommandContext(ctx, s.program[0], append(s.program[1:], s.config)...)
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	s.mu.Lock()
	s.process, s.ended = p, ended
	s.mu.Unlock()
	go func() { _ = p.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended; _ = log.Close() })
	for {
		c, err := tls.Dial("tcp", s.target, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is only asked whether it is there
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-ended:
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("%v ended: %s", s.program, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// KillAfter kills the registry when so many more bytes have passed, in both directions together.
func (s *server) KillAfter(bytes int64) { s.killAt.Store(s.toward.Load() + s.back.Load() + bytes) }

// OnKill has something done when the registry was killed.
func (s *server) OnKill(do func()) { s.onKill = do }

func (s *server) kill() {
	s.mu.Lock()
	_ = s.process.Process.Kill()
	ended := s.ended
	s.mu.Unlock()
	if s.onKill != nil {
		go func() {
			<-ended // its port is free
			s.onKill()
		}()
	}
}

// Passed returns how many bytes passed since the last call.
func (s *server) Passed() (toward, back int64) { return s.toward.Swap(0), s.back.Swap(0) }

// serve is the wire.
func (s *server) serve() {
	for {
		c, err := s.wire.Accept()
		if err != nil {
			return
		}
		go s.connect(c)
	}
}

func (s *server) connect(client net.Conn) {
	defer client.Close() //nolint:errcheck // it ends
	registry, err := net.Dial("tcp", s.target)
	if err != nil {
		return
	}
	defer registry.Close() //nolint:errcheck // it ends
	var both sync.WaitGroup
	pass := func(to, from net.Conn, count *atomic.Int64) {
		_, _ = io.Copy(to, counting{from, func(n int) {
			count.Add(int64(n))
			if at := s.killAt.Load(); at > 0 && s.toward.Load()+s.back.Load() >= at && s.killAt.CompareAndSwap(at, 0) {
				s.kill()
			}
		}})
		_ = to.(*net.TCPConn).CloseWrite()
	}
	both.Go(func() { pass(registry, client, &s.toward) })
	both.Go(func() { pass(client, registry, &s.back) })
	both.Wait()
}

type counting struct {
	r     io.Reader
	count func(n int)
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.count(n)
	return n, err
}
