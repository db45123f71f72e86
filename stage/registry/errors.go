package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// A Kind says what is wrong.
type Kind int

// The kinds.
const (
	Refused Kind = iota + 1 // the registry does not accept the credentials, or the request, or is not one
	Absent                  // it does not have what was named
	Away                    // it, or the network before it, failed; trying again may help
	Invalid                 // what it has is not a release
	Damaged                 // what it sent is not what its digest says
)

// An Error is a failure to use a registry.
type Error struct {
	Kind  Kind
	Doing string
	Err   error
	hint  string
}

func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to do next.
func (e *Error) Hint() string { return e.hint }

// A ReferenceError is a reference that cannot be used.
type ReferenceError struct {
	Reference, Reason, hint string
}

func (e *ReferenceError) Error() string { return e.Reference + ": " + e.Reason }

// Hint is what to do next.
func (e *ReferenceError) Hint() string { return e.hint }

// fault makes an *Error of what went wrong with a registry; nil stays nil, and what is one stays it.
func fault(doing string, err error) error { return faultOr(Refused, doing, err) }

// damage does the same where what is not understood is what was read.
func damage(doing string, err error) error { return faultOr(Damaged, doing, err) }

func faultOr(other Kind, doing string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &Error{Kind: cmp.Or(kindOf(err), other), Doing: doing, Err: err}
	var answer *errcode.ErrorResponse
	var cert *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &answer) && answer.StatusCode == http.StatusUnauthorized:
		e.Err, e.hint = errors.New("the registry does not accept the user name and password"), loginHint
	case errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden:
		e.hint = "this account needs permission to read the repository, and for push to write to it"
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		e.Err, e.hint = errors.New("the registry wants a user name and password, and there is none for it"), loginHint
	case errors.As(err, &cert):
		e.Err, e.hint = cert, "if its certificate is from your own authority, name that authority's certificate with --ca-file"
	case errors.Is(err, http.ErrSchemeMismatch):
		e.Err, e.hint = errors.New("it does not use TLS"), "for a registry on this machine: --plain-http"
	case errors.As(err, &name) && name.IsNotFound:
		e.Err, e.hint = name, "check the name of the registry"
	case e.Kind == Away:
		e.hint = "run again, which goes on where this ended; if it fails again, look at the registry and the network before it"
		if request := (*url.Error)(nil); errors.As(err, &request) {
			err = request.Err
		}
		e.Err = errors.New(err.Error()) // it may be io.EOF, which to whoever reads is a proper end
	case e.Kind == Absent:
		e.Err = errors.New("the registry does not have it")
		e.hint = "check the name of the repository and the tag or digest"
	case e.Kind == Damaged:
		e.hint = "the registry's storage, or something between, is damaged: have its administrator check it, or push the release again elsewhere"
	}
	return e
}

const loginHint = "log in with docker login or oras login, or give --username and --password-file"

// invalid is the error about something in a registry that is not what it should be.
func invalid(doing, reason string) error {
	return &Error{Kind: Invalid, Doing: doing, Err: errors.New(reason), hint: "name a release that usmtpkg push put there"}
}

// kindOf is the kind of an error, as far as that can be told; else 0.
func kindOf(err error) Kind {
	var answer *errcode.ErrorResponse
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer):
		switch code := answer.StatusCode; {
		case code == http.StatusNotFound:
			return Absent
		case passes(code):
			return Away
		}
		return Refused
	case errors.Is(err, errdef.ErrNotFound):
		return Absent
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData):
		return Damaged
	case errors.As(err, &cert), errors.Is(err, http.ErrSchemeMismatch), errors.Is(err, auth.ErrBasicCredentialNotFound):
		return Refused
	case isAway(err):
		return Away
	}
	return 0
}

// passes reports whether a status is one of a server that cannot do it now.
func passes(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// isAway reports whether err is one of the network.
func isAway(err error) bool {
	var network net.Error
	var operation *net.OpError
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return false
	}
	return errors.As(err, &operation) || errors.As(err, &network) && network.Timeout() ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errStalled)
}
