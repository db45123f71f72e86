// Package samba runs usmtpkg on a share of a private Samba server, with other clients on it that are
// in its way.
//
// The kernel here may have no SMB client, so the share is mounted by a small one of our own, on top
// of package go-smb2 and FUSE. It gives the errors that Linux's client gives, and keeps nothing in a
// cache.
package samba

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

// The share, the same share for reading only, and who may use them.
const (
	share    = "usmt"
	readOnly = "readonly"
	password = "usmtpkg-test"
)

// startup is how long the server may take to listen.
const startup = 20 * time.Second

// A Server is a private Samba server on loopback.
type Server struct {
	Dir  string // the folder that is shared, as it is called here
	Addr string // host and port
	user string
	port string
	conf string
	main *client // of the first mount
	log  string
	cmd  *exec.Cmd
}

// config is the server's configuration. Everything that it keeps is below one folder.
const config = `[global]
  server role = standalone server
  smb ports = %[1]s
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  disable netbios = yes
  disable spoolss = yes
  load printers = no
  printcap name = /dev/null
  printing = bsd
  server min protocol = SMB2_10
  map to guest = never
  passdb backend = tdbsam:%[2]s/passdb.tdb
  private dir = %[2]s
  lock directory = %[2]s
  state directory = %[2]s
  cache directory = %[2]s
  pid directory = %[2]s
  ncalrpc dir = %[2]s/ncalrpc
  log file = %[2]s/log
  strict sync = yes
  # A folder with an open file in it is not renamed, whoever opened it, as on Windows.
  strict rename = yes

[usmt]
  path = %[3]s
  read only = no

[readonly]
  path = %[3]s
  read only = yes
`

// Start starts a server that shares dir, until the test is over.
func Start(tb testing.TB, dir string) *Server {
	tb.Helper()
	platform.Need(tb, "smbd", "pdbedit")
	me, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	own := tb.TempDir()
	if err := os.Mkdir(filepath.Join(own, "ncalrpc"), 0o755); err != nil {
		tb.Fatal(err)
	}
	s := &Server{Dir: dir, user: me.Username, port: freePort(tb), conf: filepath.Join(own, "smb.conf"), log: filepath.Join(own, "out")}
	s.Addr = "127.0.0.1:" + s.port
	platform.Write(tb, s.conf, fmt.Appendf(nil, config, s.port, own, dir))
	add := exec.Command("pdbedit", "-s", s.conf, "-a", "-u", s.user, "-t")
	add.Stdin = strings.NewReader(password + "\n" + password + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", add, err, out)
	}
	s.Begin(tb)
	tb.Cleanup(s.Kill)
	return s
}

// freePort is a port that nobody listens on.
func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// Begin starts a server that was killed again.
func (s *Server) Begin(tb testing.TB) {
	tb.Helper()
	out, err := os.Create(s.log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	// In a group of its own, so that the processes that serve the clients can be ended with it.
	s.cmd = exec.Command("smbd", "--foreground", "--no-process-group", "-s", s.conf)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if _, err := s.cmd.StdinPipe(); err != nil { // at its end the server goes: it does not outlast a test that is killed
		tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < startup; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", s.Addr); err == nil {
			_ = conn.Close()
			return
		}
	}
	said, _ := os.ReadFile(s.log)
	tb.Fatalf("smbd does not listen on %s\n%s", s.Addr, said)
}

// Kill ends the server and all that serve its clients, without a word.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}
