package samba

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cloudsoda/go-smb2"
)

// Hold has another client open a file of the share and share it with nobody, and returns how to end
// that.
func (s *Server) Hold(tb testing.TB, name string) (release func()) {
	tb.Helper()
	session, err := s.dial(shareNone)
	if err != nil {
		tb.Fatal(err)
	}
	mounted, err := session.Mount(share)
	if err != nil {
		tb.Fatal(err)
	}
	f, err := mounted.OpenFile(name, os.O_RDWR, 0o666)
	if err != nil {
		tb.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		_ = f.Close()
		_ = session.Logoff()
	})
	tb.Cleanup(release)
	return release
}

// dial begins a session in which every file is opened with that share mode.
func (s *Server) dial(mode uint32) (*smb2.Session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	dialer := smb2.Dialer{
		Negotiator: smb2.Negotiator{SpecifiedDialect: smb21}, // in which messages that are not signed may be altered on their way
		Initiator:  &smb2.NTLMInitiator{User: s.user, Password: password},
	}
	session, err := dialer.DialConn(ctx, &sharingConn{conn, mode}, s.Addr)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return session, nil
}

const (
	smb21 = 0x0210 // the dialect SMB 2.1

	shareNone = 0
	shareAll  = 7 // for reading, writing and deleting, as Linux's client does it
)

// A sharingConn gives every request to open a file a share mode, for which package go-smb2 has no
// option.
type sharingConn struct {
	net.Conn
	mode uint32
}

// Where the request has what. Source: MS-SMB2 2.2.1.2, 2.2.13.
const (
	commandAt     = 12
	commandCreate = 5
	headerSize    = 64
	shareAt       = headerSize + 32
)

func (c *sharingConn) Write(p []byte) (int, error) {
	if len(p) > shareAt+4 && bytes.HasPrefix(p, []byte("\xfeSMB")) && binary.LittleEndian.Uint16(p[commandAt:]) == commandCreate {
		binary.LittleEndian.PutUint32(p[shareAt:], c.mode)
	}
	return c.Conn.Write(p)
}
