package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
	"usmtpkg/stage/attest"
)

// An attestationError says why an attestation does not vouch for a release.
type attestationError struct {
	file   string
	reason string
}

func (e *attestationError) Error() string { return "attestation " + e.file + ": " + e.reason }
func (e *attestationError) Hint() string {
	return "do not use this copy on the word of this attestation: get the attestation, and the public key, from whoever signed it"
}

// attestedFlags name the attestation that a release is compared with.
type attestedFlags struct {
	file      string
	publicKey string
}

func (o *attestedFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.file, "attestation", "", "`FILE` compare with this statement, which usmtpkg attest wrote")
	f.StringVar(&o.publicKey, "public-key", "", "`FILE|KEY` the minisign public key that must have signed it: a file, or the key itself")
	heading(f, "Attestation")
}

// An attestation is one that verify was given: read, and if there is a public
// key, checked with it.
type attestation struct {
	file      string
	key       attest.KeyID // that vouches for it, or claims to
	signed    bool         // a signature is beside it
	authentic bool         // and it is that of the public key
	subjects  []stage.Subject
	raw       json.RawMessage // the predicate
	about     predicate
}

// read reads the attestation, the signature before anything else; nil without one.
func (o attestedFlags) read(keyNamed bool) (*attestation, error) {
	if o.file == "" {
		if keyNamed {
			return nil, &usageError{msg: "--public-key needs --attestation"}
		}
		return nil, nil //nolint:nilnil // there is none, which is not an error
	}
	content, err := tree.ReadFile(o.file, attest.MaxStatement)
	if err != nil {
		return nil, &usageError{msg: "reading the attestation: " + err.Error()}
	}
	name := o.file + attest.SignatureSuffix
	sig, err := tree.ReadFile(name, attest.MaxSignature)
	if o.publicKey == "" {
		return parseAttestation(o.file, content, sig, nil) // a signature that cannot be read counts as missing
	}
	k, keyErr := readPublicKey(o.publicKey)
	switch {
	case keyErr != nil:
		return nil, keyErr
	case errors.Is(err, fs.ErrNotExist):
		return nil, &attestationError{o.file, "not signed: there is no " + name}
	case err != nil:
		return nil, &attestationError{o.file, "reading the signature: " + err.Error()}
	}
	return parseAttestation(o.file, content, sig, &k)
}

// parseAttestation reads an attestation of that name. With a key it must have signed it; without one it is only
// noted who claims to have signed.
func parseAttestation(name string, content, sig []byte, k *attest.PublicKey) (*attestation, error) {
	a := &attestation{file: name}
	if k == nil {
		var err error
		a.key, err = attest.SignedBy(sig)
		a.signed = err == nil
	} else {
		if err := k.Verify(content, sig); err != nil {
			return nil, &attestationError{name, err.Error()}
		}
		a.key, a.signed, a.authentic = k.ID(), true, true
	}
	st, err := attest.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("reading the attestation %s: %w", a.file, err)
	}
	for _, s := range st.Subjects {
		a.subjects = append(a.subjects, stage.Subject{Path: s.Name, SHA256: s.SHA256})
	}
	a.raw = st.Predicate
	if err := json.Unmarshal(st.Predicate, &a.about); err != nil {
		err = fmt.Errorf("reading the attestation %s: %w", a.file, &attest.SyntaxError{Where: "predicate", Found: err.Error(), Wanted: "what usmtpkg attest writes"})
		return nil, err
	}
	return a, nil
}

// isOf refuses an attestation of another release before all its files are read
// and found to differ.
func (a *attestation) isOf(dir string) error {
	rec, err := stage.RecordIn(dir)
	if err != nil {
		return nil //nolint:nilerr // the verification says what is wrong with the record
	}
	return a.fits(rec)
}

// fits does the same with the record of the release.
func (a *attestation) fits(rec stage.Release) error {
	said := stage.Sums{}
	for _, s := range a.subjects {
		said[s.Path] = s.SHA256
	}
	if digest := said.Manifest(); digest != "" && digest != rec.Digest {
		return &attestationError{a.file, fmt.Sprintf("it is of another release: digest %s, %s has %s", digest, rec.Name, rec.Digest)}
	}
	return nil
}

// compare compares a verified release with what the attestation says of it.
func (a *attestation) compare(rep stage.Report) stage.Report {
	return stage.Report{Files: rep.Sums.CompareSubjects(a.subjects), Used: rep.Used}
}

// document says what the attestation is worth for a copy that is what it attests.
func (a *attestation) document() report.Attestation {
	d := report.Attestation{File: a.file, Assurance: report.IntegrityOnly, Predicate: a.raw, About: a.about.text()}
	if a.signed {
		d.Signer = a.key.String()
	}
	if a.authentic {
		d.Assurance, d.Key = report.Authentic, d.Signer
	}
	return d
}

// text sums up what is attested. Its words come from a file: they are quoted.
func (p predicate) text() string {
	s := fmt.Sprintf("%q by %q, %s: ", p.Release, p.Tool, p.Created.UTC().Format("2006-01-02 15:04"))
	v := p.Validation
	if v == nil {
		return s + "no result of a validation is recorded"
	}
	s += fmt.Sprintf("rules %q: %s, %s", v.Rules,
		report.CountOf(v.Findings.Error, "error", "errors"), report.CountOf(v.Findings.Warning, "warning", "warnings"))
	for i, what := range v.NotChecked {
		if i == 0 {
			s += "; not checked: "
		} else {
			s += ", "
		}
		s += strconv.Quote(what)
	}
	return s
}
