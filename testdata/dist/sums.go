package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"aead.dev/minisign"

	"usmtpkg/cmd/usmtpkg/sbom"
)

// bills writes the bills of materials of each program.
func (d *dist) bills(context.Context) error {
	for _, t := range d.wanted() {
		info, err := buildinfo.ReadFile(d.programs[t])
		if err != nil {
			return fmt.Errorf("reading what the program for %s was built from: %w", t, err)
		}
		for form, ending := range map[sbom.Form]string{sbom.CycloneDX: ".cdx.json", sbom.SPDX: ".spdx.json"} {
			text, err := json.MarshalIndent(sbom.Of(form, info, d.version), "", "  ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(d.file("_"+t.os+"_"+t.arch+ending), append(text, '\n'), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// sums writes SHA256SUMS, and signs it.
func (d *dist) sums(context.Context) error {
	entries, err := os.ReadDir(d.out)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		sum, err := sha256Of(filepath.Join(d.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, e.Name())
	}
	name := filepath.Join(d.out, "SHA256SUMS")
	if err := os.WriteFile(name, text.Bytes(), 0o666); err != nil {
		return err
	}
	if d.key == "" {
		return nil
	}
	key, err := d.signingKey()
	if err != nil {
		return err
	}
	signature := minisign.SignWithComments(key, text.Bytes(), "usmtpkg "+d.version, "signature of SHA256SUMS of usmtpkg "+d.version)
	return os.WriteFile(name+".minisig", signature, 0o666)
}

func (d *dist) signingKey() (minisign.PrivateKey, error) {
	if d.passwordFile == "" {
		data, err := os.ReadFile(d.key)
		if err != nil {
			return minisign.PrivateKey{}, err
		}
		var key minisign.PrivateKey
		err = key.UnmarshalText(data)
		return key, err
	}
	password, err := os.ReadFile(d.passwordFile)
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	return minisign.PrivateKeyFromFile(string(bytes.TrimRight(password, "\r\n")), d.key)
}

func sha256Of(name string) (string, error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// list says what was made.
func (d *dist) list() error {
	entries, err := os.ReadDir(d.out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stdout, "%10d  %s\n", info.Size(), e.Name())
	}
	return nil
}

func sortByName(files []packed) {
	slices.SortFunc(files, func(a, b packed) int { return cmp.Compare(a.name, b.name) })
}
