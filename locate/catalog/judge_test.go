package catalog_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/cms/der"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// judge runs a program that knows better, or skips the test where it is not installed.
func judge(t *testing.T, program string, args ...string) (string, bool) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skip(program + ", the judge of this test, is not installed: NOT TESTED")
	}
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...).CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// OpenSSL agrees on who signed a catalog, and that it was not altered.
func TestOpenSSL(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(t)
	roots := write(t, "root.pem", petest.PEM(w.root.Cert))
	good := w.sign(t, petest.CatalogList{Members: both(crypto.SHA1)})
	stranger := newWorld(t).sign(t, petest.CatalogList{Members: both(crypto.SHA1)})
	altered := bytes.Replace(good, petest.Sum(crypto.SHA1, text), petest.Sum(crypto.SHA1, nil), 1)
	for _, tt := range []struct {
		name string
		data []byte
		want bool
	}{{"good", good, true}, {"signed by a stranger", stranger, false}, {"altered", altered, false}} {
		t.Run(tt.name, func(t *testing.T) {
			// The content is hashed without its tag and length.
			r := der.NewReader(tt.data).Inside(der.Sequence, "").Rest()
			body := der.NewReader(r)
			body.Any("type")
			signed := body.Inside(der.Context(0), "").Inside(der.Sequence, "")
			signed.Any("version")
			signed.Any("digest algorithms")
			content := signed.Inside(der.Sequence, "")
			content.Any("type")
			list := content.Inside(der.Context(0), "").Any("list")
			if err := signed.Err(); err != nil || list.Content == nil {
				t.Fatalf("content of the catalog: %v", err)
			}
			out, ok := judge(t, "openssl", "smime", "-verify", "-binary", "-inform", "DER", "-purpose", "any",
				"-attime", strconv.FormatInt(then.Unix(), 10), "-CAfile", roots, "-in", write(t, "c.cat", tt.data),
				"-content", write(t, "content", list.Content), "-out", filepath.Join(t.TempDir(), "out"))
			ours := catalog.Read(v, "c.cat", tt.data).Signature
			if ok != tt.want || (ours.Verdict == pe.Valid) != tt.want {
				t.Errorf("openssl says %v, want %v; our verdict is %s, %s\n%s", ok, tt.want, ours.Verdict, ours.Reason, out)
			}
		})
	}
}

// osslsigncode finds the programs in a catalog that we find, and no others.
func TestOsslsigncode(t *testing.T) {
	w := newWorld(t)
	roots := write(t, "root.pem", petest.PEM(w.root.Cert))
	other := samplekit.PE(pe.AMD64, pe.Version{10, 0, 26100, 2}, 1000)
	signed := petest.Sign(t, image, petest.Message{Signer: w.leaf})
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		kind := map[crypto.Hash]string{crypto.SHA256: petest.OIDMembers2}[h]
		data := w.sign(t, petest.CatalogList{Kind: kind, Members: both(h)})
		set := catalog.NewSet(catalog.Read(w.verifier(t), "c.cat", data))
		file := write(t, "c.cat", data)
		for name, tt := range map[string]struct {
			image []byte
			want  bool
		}{"listed": {petest.Padded(image), true}, "listed, and signed since": {signed, true}, "not listed": {petest.Padded(other), false}} {
			t.Run(h.String()+" "+name, func(t *testing.T) {
				out, _ := judge(t, "osslsigncode", "verify", "-ignore-crl", "-time", strconv.FormatInt(now.Unix(), 10),
					"-CAfile", roots, "-TSA-CAfile", roots, "-catalog", file, "-in", write(t, "x.dll", tt.image))
				theirs := strings.Contains(out, "Succeeded") && !strings.Contains(out, "Failed")
				c, err := w.verifier(t).Begin(bytes.NewReader(tt.image), int64(len(tt.image)))
				if err != nil {
					t.Fatal(err)
				}
				c.AlsoDigest(h)
				_, _ = c.Write(tt.image)
				digest, err := c.Digest(h)
				if err != nil {
					t.Fatal(err)
				}
				if _, ours := set.Image(h, digest); theirs != tt.want || ours != tt.want {
					t.Errorf("osslsigncode finds it: %v, we do: %v, want %v\n%s", theirs, ours, tt.want, out)
				}
			})
		}
	}
}
