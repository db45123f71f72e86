package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"usmtpkg/locate/tree"
	"usmtpkg/stage"
	"usmtpkg/stage/attest"
)

// An attestationError tells why an attestation does not vouch for a release.
type attestationError struct {
	file   string
	reason string
}

func (e *attestationError) Error() string { return "attestation " + e.file + ": " + e.reason }
func (e *attestationError) Hint() string {
	return "do not use this copy on the word of this attestation: get the attestation, and the public key, from whoever signed it"
}

// An attestation is one that verify was given: read, and if there is a public
// key, checked with it.
type attestation struct {
	file      string
	key       attest.KeyID // that vouches for it, or claims to
	signed    bool         // a signature lies beside it
	authentic bool         // and it is that of the public key
	subjects  []stage.Subject
	raw       json.RawMessage // the predicate
	about     predicate
}

type jsonAttestation struct {
	File      string          `json:"file"`
	Assurance string          `json:"assurance"`     // of the copy: "authentic", "integrity only", or "none" where it differs
	Key       string          `json:"key,omitempty"` // that signed the statement, and was checked
	Predicate json.RawMessage `json:"predicate"`
}

// readAttestation reads the attestation that --attestation names, the
// signature before anything else; nil without one.
func readAttestation(o *options, keyNamed bool) (*attestation, error) {
	if o.attest.file == "" {
		if keyNamed {
			return nil, &usageError{msg: "--public-key needs --attestation"}
		}
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	content, err := tree.ReadFile(o.attest.file, attest.MaxStatement)
	if err != nil {
		return nil, &usageError{msg: "reading the attestation: " + err.Error()}
	}
	a := &attestation{file: o.attest.file}
	if err := a.checkSignature(o, content); err != nil {
		return nil, err
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

// checkSignature checks the signature with the public key. Without one it only
// notes who claims to have signed.
func (a *attestation) checkSignature(o *options, content []byte) error {
	name := a.file + attest.SignatureSuffix
	sig, err := tree.ReadFile(name, attest.MaxSignature)
	if o.attest.publicKey == "" {
		if err == nil {
			a.key, err = attest.SignedBy(sig)
			a.signed = err == nil
		}
		return nil
	}
	k, keyErr := readPublicKey(o.attest.publicKey)
	switch {
	case keyErr != nil:
		return keyErr
	case errors.Is(err, fs.ErrNotExist):
		return &attestationError{a.file, "not signed: there is no " + name}
	case err != nil:
		return &attestationError{a.file, "reading the signature: " + err.Error()}
	}
	if err := k.Verify(content, sig); err != nil {
		return &attestationError{a.file, err.Error()}
	}
	a.key, a.signed, a.authentic = k.ID(), true, true
	return nil
}

// isOf tells an attestation of another release before all its files are read
// and found to differ.
func (a *attestation) isOf(dir string) error {
	rec, err := stage.RecordIn(dir)
	if err != nil {
		return nil //nolint:nilerr // the verification says what is wrong with the record
	}
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

// document tells what the attestation is worth; equal reports whether it is about this copy.
func (a *attestation) document(equal bool) *jsonAttestation {
	d := &jsonAttestation{File: a.file, Assurance: integrityOnly, Predicate: a.raw}
	if a.authentic {
		d.Assurance, d.Key = authentic, a.key.String()
	}
	if !equal {
		d.Assurance = noAssurance
	}
	return d
}

// print says the same in words.
func (a *attestation) print(w io.Writer, equal bool) error {
	s := integrityOnly + ": nobody vouches for it"
	switch {
	case a.authentic && equal:
		s = authentic + ": signed by key " + a.key.String()
	case a.authentic:
		s = "signed by key " + a.key.String() + ", and this copy is NOT what it attests"
	case !equal:
		s = "this copy is NOT what it attests, and nobody vouches for that either"
	case a.signed:
		s += "; a signature lies beside it, which names key " + a.key.String() + " and was not checked, since no --public-key is given"
	}
	_, err := printf(w, "attestation %s: %s\n             %s\n", a.file, s, a.about.text())
	return err
}

// text sums up what is attested. Its words come from a file: they are quoted.
func (p predicate) text() string {
	s := fmt.Sprintf("%q by %q, %s: ", p.Release, p.Tool, p.Created.UTC().Format("2006-01-02 15:04"))
	v := p.Validation
	if v == nil {
		return s + "no result of a validation is recorded"
	}
	s += fmt.Sprintf("rules %q: %s, %s", v.Rules,
		countOf(v.Findings.Error, "error", "errors"), countOf(v.Findings.Warning, "warning", "warnings"))
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
