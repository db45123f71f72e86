package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Options say how to get to a registry. The zero value is ready to use.
type Options struct {
	Username  string // empty: the credentials are those of Docker's configuration
	Password  string
	CA        []byte        // PEM: certificate authorities to trust besides the system's
	PlainHTTP bool          // no TLS; only for a registry on this machine
	Agent     string        // the name and version of the program
	Patience  time.Duration // how long what the registry cannot do now is tried again; 0 means 30 s
	Workers   int           // layers sent or fetched at once; 0 means 4
	Progress  Progress      // of what is sent; nil reports nothing
}

// Progress receives the events of a transfer. Its methods are called from several goroutines.
type Progress interface {
	// Start begins a phase: "sending".
	Start(phase string, files int, bytes int64)
	// Add reports work done since the last call.
	Add(files int, bytes int64)
}

type noProgress struct{}

func (noProgress) Start(string, int, int64) {}
func (noProgress) Add(int, int64)           {}

// A Repository is one in a registry.
type Repository struct {
	Reference Reference
	remote    *remote.Repository
	o         Options
}

// Open gets ready to use the repository that ref is in. It sends nothing.
func Open(ref Reference, o Options) (*Repository, error) {
	if o.PlainHTTP && !ref.onThisMachine() {
		return nil, &ReferenceError{ref.String(), "without TLS anyone on the way could read the password and replace the files", "--plain-http is for a registry on this machine: localhost, 127.0.0.1 or [::1]"}
	}
	o.Patience = cmp.Or(o.Patience, patience)
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	credential, err := credentialsFor(ref, o)
	if err != nil {
		return nil, err
	}
	base, err := transport(o)
	if err != nil {
		return nil, err
	}
	client := &auth.Client{
		Client:     &http.Client{Transport: &patient{base, o.Patience}},
		Credential: credential, Cache: auth.NewCache(),
	}
	client.SetUserAgent(o.Agent)
	return &Repository{ref, &remote.Repository{
		Client: client, Reference: ref.parsed, PlainHTTP: o.PlainHTTP, MaxMetadataBytes: maxManifest, ReferrerListMaxPages: maxPages, SkipReferrersGC: true,
	}, o}, nil
}

// transport is that of net/http, which knows the proxies of the environment.
func transport(o Options) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = stall
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading this machine's certificate authorities: %w", err)
	}
	if !pool.AppendCertsFromPEM(o.CA) {
		return nil, ErrCA
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// ErrCA says that Options.CA has no certificate.
var ErrCA = errors.New("no certificate in PEM form (-----BEGIN CERTIFICATE-----)")

// credentialsFor are those given, or those of Docker's configuration and its credential helpers.
func credentialsFor(ref Reference, o Options) (auth.CredentialFunc, error) {
	if o.Username != "" {
		return auth.StaticCredential(ref.Host(), auth.Credential{Username: o.Username, Password: o.Password}), nil
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, &Error{Kind: Refused, Doing: "reading Docker's configuration", Err: err, hint: loginHint}
	}
	stored := credentials.Credential(store)
	return func(ctx context.Context, host string) (auth.Credential, error) {
		c, err := stored(ctx, host)
		if err != nil {
			err = &Error{Kind: Refused, Doing: "asking for the credentials for " + host, Err: err, hint: loginHint}
		}
		return c, err
	}, nil
}
